"""A photograph's subject as strokes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import torch

from backend.core.drawing import Drawing
from backend.core.errors import BadRequest
from backend.core.image import interleaved
from backend.core.notes import Note
from backend.core.work import Progress, Work, mapped
from backend.model_pool import ModelPool
from backend.perception.faces import Face, find_others, find_people
from backend.perception.foreground import Foreground, find_foreground
from backend.perception.line_drawing import inked, is_line_drawing
from backend.perception.marked_foreground import marked_foreground
from backend.perception.salient_subject import cut_by
from backend.recipes.guided import GUIDANCES, for_one_subject
from backend.recipes.person_features import LookAhead
from backend.recipes.recipe import FEWEST, Inputs, SketchChoices
from backend.recipes.region import Region, RegionSettings, draw_region
from backend.style_pack import StylePack


@dataclass(frozen=True)
class ObjectSketch:
    """The recipe."""

    settings: RegionSettings = RegionSettings()
    guidances: tuple[str, ...] = GUIDANCES
    fewest: int = FEWEST
    background: bool = False

    def run(self, inputs: Inputs, choices: SketchChoices, pack: StylePack, pool: ModelPool) -> Work[Drawing]:
        """The drawing of one subject; strokes most important first.

        Raises BadRequest for a picture without a single line, or a guidance that is not there.
        """
        choices.check_guidance(self.guidances)
        choices = replace(choices, guidance=for_one_subject(choices.guidance, pool))
        settings = self.settings.at_fidelity(choices.fidelity).varied(choices.seed)
        yield Progress("finding the subject", 0.02)
        inputs = inputs.unframed
        pixels = inputs.photograph.pixels
        faces, foreground, notes, looks = faces_and_subject(inputs, choices, pool)
        name = "object" if float(foreground.mask.min()) < 0.5 else "picture"
        region = Region.of(name, pixels, foreground, settings, faces, looks)
        drawn = draw_region(region, choices.strokes or pack.strokes, choices, settings, pack, pool)
        sketch = yield from mapped(drawn, lambda progress: _shown(progress, choices).within(0.12, 0.98))
        found = sketch.found
        if not found:
            raise BadRequest("No lines were found in this picture. Choose one with clearer shapes.")
        if found < (choices.strokes or 0):
            notes = (*notes, too_few(found, choices.strokes or 0))
        account = replace(sketch.account, notes=(*notes, *sketch.account.notes))
        texture = pack.texture.at(choices.style_strength)
        drawing = Drawing(inputs.photograph.size, (sketch.layer,), pack.paper, account, texture)
        return drawing.first(choices.kept(len(sketch.layer.strokes)))


def faces_and_subject(
    inputs: Inputs, choices: SketchChoices, pool: ModelPool | None
) -> tuple[list[Face], Foreground, tuple[str, ...], LookAhead]:
    """The faces, the subject as `choose_subject` says, what to tell, and what is seen of people's faces.

    Faces are looked for beside the subject, on another core, which waits for them only where people's may tell of it.
    """
    pixels = interleaved(inputs.photograph.pixels)
    if not (pool and pool.cutter):  # a network sees the picture as it is, so as not to compute otherwise
        inputs = replace(inputs, photograph=replace(inputs.photograph, pixels=pixels))
    thread = ThreadPoolExecutor(1)
    people = thread.submit(find_people, pixels)
    faces = thread.submit(lambda: people.result() or find_others(pixels))
    looks = LookAhead.begun(people, pixels, thread)
    thread.shutdown(wait=False)
    try:
        foreground, notes = choose_subject(inputs, choices, _once_found(people), pool, _once_found(faces))
        return faces.result(), foreground, notes, looks
    finally:
        looks.enough.set()


def _once_found(people: Future[list[Face]]) -> Iterator[Face]:
    yield from people.result()


def choose_subject(
    inputs: Inputs,
    choices: SketchChoices,
    faces: Iterable[Face] = (),
    pool: ModelPool | None = None,
    others: Iterable[Face] = (),
) -> tuple[Foreground, tuple[str, ...]]:
    """As `choose_foreground`; but of a line drawing, whose lines are its subject, all that is inked if nothing else is told."""
    pixels = inputs.photograph.pixels
    if inputs.found is not None or not is_line_drawing(pixels):
        return choose_foreground(inputs, choices, faces, pool, others)
    if inputs.marks or inputs.mask is not None or choices.whole_picture:
        foreground, notes = choose_foreground(inputs, choices, faces, pool, others)
        return replace(foreground, drawn=True), notes
    return Foreground(inked(pixels), True, drawn=True), ()


def choose_foreground(
    inputs: Inputs,
    choices: SketchChoices,
    faces: Iterable[Face] = (),
    pool: ModelPool | None = None,
    others: Iterable[Face] = (),
) -> tuple[Foreground, tuple[str, ...]]:
    """What the user marked, else the user's mask, else the file's own transparency, else the one found; and what to tell.

    pool: whose network finds it, if it has one that does.
    """
    if inputs.found is not None:
        return inputs.found
    photograph = inputs.photograph
    everything = torch.ones_like(photograph.pixels[:, :1])
    given = inputs.mask if inputs.mask is not None else photograph.alpha
    if inputs.marks:
        return marked_foreground(photograph.pixels, inputs.marks), ()
    if choices.whole_picture:
        return Foreground(everything, True, silhouette=photograph.alpha), ()
    if given is not None:
        if float(given.max()) < 0.5:
            return Foreground(everything, False), (Note("The mask is empty, so the whole picture is drawn."),)
        return Foreground(given.gt(0.5).float(), True, certainty=1.0), ()
    cutter = pool.cutter if pool else None
    if cutter:
        cut = cut_by(cutter, photograph.pixels)
        if cut.trusted:
            return cut, (Note("The subject was found by {network}.", network=cutter.name),)
    found = find_foreground(photograph.pixels, faces, others)
    return (found, ()) if found.trusted else (Foreground(everything, False, interest=found.interest), (found.reason,))


def too_few(found: int, wanted: int) -> Note:
    """What to tell where a picture has fewer lines than strokes were wanted."""
    if found == 1:
        return Note("The picture has lines for 1 stroke only, not {wanted}.", wanted=wanted)
    return Note("The picture has lines for {found} strokes only, not {wanted}.", found=found, wanted=wanted)


def _shown(progress: Progress, choices: SketchChoices) -> Progress:
    """Progress whose preview is as simple as the drawing will be."""
    if progress.preview is None:
        return progress
    [layer] = progress.preview.layers
    return replace(progress, preview=progress.preview.first(choices.kept(len(layer.strokes))))


OBJECT_SKETCH = ObjectSketch()
