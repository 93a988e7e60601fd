"""Sketches being made: one after the other, by the engine."""

import dataclasses
from dataclasses import dataclass
from typing import Callable, Dict, List, Sequence, Tuple

from stylesketch_ext.client import BackendClient
from stylesketch_ext.engine_thread import Connect, EngineThread
from stylesketch_ext.one_by_one import each
from stylesketch_ext.wire.messages import ImageInfo, Mark, SketchRequest, SketchResult, SketchSettings
from stylesketch_ext.words import _

Place = Tuple[float, float]  # fidelity, simplicity
MarksOn = Callable[[int, int], List[Mark]]  # width and height of a picture, px


@dataclass(frozen=True)
class Sketched:
    """One finished sketch, and its picture as the engine decoded it."""

    image: ImageInfo
    result: SketchResult
    number: int = 0  # of the picture, from 0, among those of the job


class SketchJob(EngineThread):
    """Connects at once, waits for `begin`, then for each picture uploads, submits and follows the job to its end.

    Once the thread has ended, `results` holds the finished sketches in the order of the pictures; fewer than pictures
    if there is a `failure`, which then says of which and why, none if it was `cancelled`.
    """

    def __init__(self, connect: Connect, with_styles: bool = False) -> None:
        """`with_styles`: look for the style packs too, for a window that offers them."""
        super().__init__(connect, with_styles)
        self._settings, self._recipe = SketchSettings(), "object"
        self._marks: Sequence[MarksOn] = ()
        self.results: List[Sketched] = []
        self.planes: List[List[SketchResult]] = []  # of each picture all sketches of its plane, if the user wants them all
        self.chosen: Place = (1.0, 0.0)  # of a plane, what is to be seen

    def begin(
        self,
        pictures: Sequence[Tuple[str, bytes]],
        settings: SketchSettings,
        recipe: str = "object",
        marks: Sequence[MarksOn] = (),
    ) -> None:
        """Go: sketch these pictures, given as (title, bytes of the file), by a recipe of the engine with these settings.

        marks: for each picture, what gives the user's marks in px of it; none: there are no marks.
        """
        self.pictures, self._settings, self._recipe, self._marks = pictures, settings, recipe, marks
        self.give(lambda client, thread: self._sketch_all(client))

    def discard(self) -> None:
        """Do without the finished sketches."""
        super().discard()
        self.results = []

    def choose(self, sketches: Sequence[SketchResult]) -> None:
        """These are to be inserted instead of the full ones."""
        self.results = [dataclasses.replace(done, result=sketch) for done, sketch in zip(self.results, sketches)]

    def choose_all(self, planes: Sequence[Sequence[SketchResult]], fidelity: float, simplicity: float) -> None:
        """All these are to be inserted for each picture; what is nearest to this place is to be seen."""
        self.planes, self.chosen = [list(plane) for plane in planes], (fidelity, simplicity)

    @property
    def has_result(self) -> bool:
        return bool(self.results)

    @property
    def notes(self) -> List[str]:
        """What the engine has to say about the finished sketches, each thing once.

        Of several pictures, with the names of those that it is about.
        """
        about: Dict[str, Dict[str, None]] = {}  # note: names
        for done in self.results:
            for note in done.result.notes:
                about.setdefault(note, {})[self.pictures[done.number][0]] = None
        if len(self.pictures) == 1:
            return list(about)
        return ["%s: %s" % (", ".join(names), note) for note, names in about.items()]

    def _sketch_all(self, client: BackendClient) -> None:
        self.results = each(self, self.pictures, lambda number, data: self._sketch(client, number, data))
        self.go_on()

    def _sketch(self, client: BackendClient, number: int, data: bytes) -> Sketched:
        self.tell(_("Handing over the picture …"))
        image = client.upload(data)
        settings = self._settings
        if self._marks:
            marks = self._marks[number](image.width, image.height)
            settings = dataclasses.replace(settings, marks=marks)
        request = SketchRequest(image=image.sha256, settings=settings, recipe=self._recipe, title=self.pictures[number][0])
        job = self.done_by(client, request)
        self.tell(_("Placing the strokes …"), 1.0)
        return Sketched(image, client.result(job), number)
