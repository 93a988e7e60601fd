"""What the user does with finished sketches before they are inserted: which attempt, how simple and, of scenes, how loose."""

from typing import Callable, List, Sequence

from gi.repository import Gtk

from stylesketch_ext.dialogs.inputs import add_row, slider
from stylesketch_ext.dialogs.look import button, text
from stylesketch_ext.dialogs.painting import sketch_png
from stylesketch_ext.dialogs.plane_pad import PlanePad
from stylesketch_ext.dialogs.sketches_view import SketchesView
from stylesketch_ext.dialogs.tries import CARD, Tries
from stylesketch_ext.plane import Plane, stroke_count
from stylesketch_ext.rows_job import NewRows, RowsJob
from stylesketch_ext.sketch_job import SketchJob
from stylesketch_ext.wire.messages import SketchResult
from stylesketch_ext.words import _

WIDTH = 350  # px, of the pad
SHELF = 278  # px, the height of a shelf of attempts: two rows
NEAR = 0.02  # a fidelity that is not farther from one that is there is the same


class SketchDesk(Gtk.Box):
    """Sliders, for scenes a pad too, and where there were several attempts a shelf of them, the best one chosen; `view` shows
    the sketches as they will be inserted.

    Every move is shown at once: the simpler sketch is a part of the full one, and of fidelities the nearest that was drawn is
    shown. Further rows are drawn meanwhile. `all_taken` is called when the user wants the whole plane.
    """

    def __init__(self, job: SketchJob, sentence: str, new_rows: NewRows, all_taken: Callable[[], None]) -> None:
        super().__init__(orientation=Gtk.Orientation.VERTICAL, spacing=10)
        self._job, self._new_rows, self._all_taken = job, new_rows, all_taken
        self._full = [done.result for done in job.results]
        self._picked = [_best(result) for result in self._full]  # numbers of attempts
        self._plane = Plane(self._attempts)
        self._scene = all(result.recipe == "scene" for result in self._full)
        self._rows: List[RowsJob] = []
        self._given_up: List[RowsJob] = []  # of attempts that were picked before
        self._there: List[float] = self._plane.fidelities
        self.view = SketchesView()
        self._build(sentence)
        if self._scene:
            self._draw_rows(self._plane.missing)
        self._show()
        self.tick()

    def tick(self) -> None:
        """Call this often: rows arrive."""
        if not self._scene:
            return
        if self._plane.fidelities != self._there:
            self._there = self._plane.fidelities
            self._show()
        busy, failed = [job for job in self._rows if job.is_alive()], [job for job in self._rows if job.failure]
        self._count.set_text(" ".join(filter(None, (self._counted, self._told(busy, failed)))))
        self._all.set_sensitive(not busy)
        coming = [fidelity for job in busy for fidelity in job.fidelities]
        self._anew.set_sensitive(all(abs(value - self._fidelity.get_value()) > NEAR for value in [*self._there, *coming]))

    def take(self) -> None:
        """These, as they are shown, are to be inserted."""
        self.stop()
        self._job.choose(self._shown())

    def stop(self) -> None:
        """No more rows; returns at once."""
        for job in self._rows:
            job.cancel()

    @property
    def stopped(self) -> bool:
        """Is nothing being drawn any more?"""
        return not any(job.is_alive() for job in (*self._rows, *self._given_up))

    @property
    def _attempts(self) -> List[SketchResult]:
        """Of each picture the attempt that is picked."""
        return [result.attempt(at) if result.candidates else result for result, at in zip(self._full, self._picked)]

    def _build(self, sentence: str) -> None:
        self.pack_start(text(sentence, 42), False, False, 0)
        if self._job.notes:
            self.pack_start(text("\n".join(self._job.notes), 42), False, False, 0)
        self._shelves = [self._shelf(title, number) for number, (title, _data) in enumerate(self._job.pictures)]
        self._pad = PlanePad(self._plane, WIDTH, self._put) if self._scene else None
        if self._pad:
            self.pack_start(self._pad, False, False, 0)
        grid = Gtk.Grid(row_spacing=6, column_spacing=12)
        self._simplicity = slider(0.0, _("detailed"), _("sparse"), _("Simplicity"))
        self._simplicity.set_tooltip_text(_("How many strokes are left out; the most important ones stay"))
        self._fidelity = slider(self._plane.first, _("loose"), _("precise"), _("Fidelity"))
        self._fidelity.set_tooltip_text(_("How closely the strokes follow the picture"))
        add_row(grid, _("Simp_licity"), self._simplicity)
        self._anew = button(_("_Redraw"), self._draw_anew)
        self._anew.set_tooltip_text(_("Draw at exactly this fidelity; until then the nearest one that is there is shown"))
        self._anew.set_valign(Gtk.Align.START)
        self._all = button(_("Insert _all"), self._take_all)
        self._all.set_tooltip_text(_("All sketches of the pad, each in a layer of its own; only this one is visible"))
        self.buttons = [self._all] if self._scene else []
        if self._scene:
            add_row(grid, _("_Fidelity"), self._fidelity, self._anew)
        for scale in (self._simplicity, self._fidelity):
            scale.connect("value-changed", lambda scale: self._show())
        self.pack_start(grid, False, False, 0)
        self._count = text("", 42, "dim-label", "ss-small")
        self.pack_start(self._count, False, False, 0)

    def _shelf(self, title: str, number: int) -> Tries:
        """The attempts at a picture; hidden where there was only one."""
        shelf, result = Tries(lambda picture: self._pick(number), SHELF), self._full[number]
        if result.candidates:
            if len(self._full) > 1:
                self.pack_start(text(title, 42, "dim-label", "ss-small"), False, False, 0)
            pictures = [sketch_png(each.drawing, max(CARD), 0.6) for each in result.candidates]
            titles = [_("Best: %.3f") % each.score if each.kept else "%.3f" % each.score for each in result.candidates]
            tips = [_("Seed %d: likeness to the picture %.3f, judged by %s") % (each.seed, each.score, _judge(result))
                    for each in result.candidates]  # fmt: skip
            shelf.fill(pictures, titles, tips, self._picked[number])
            self.pack_start(shelf, False, False, 0)
        return shelf

    def _pick(self, number: int) -> None:
        """Another attempt at a picture was chosen: all else is about that one now."""
        shelves = getattr(self, "_shelves", [])
        if not shelves or self._picked[number] == shelves[number].chosen:
            return
        self._picked[number] = shelves[number].chosen
        self.stop()
        self._given_up, self._rows = [*self._given_up, *self._rows], []
        self._plane = Plane(self._attempts)
        self._there = self._plane.fidelities
        if self._pad:
            self._pad.show_plane(self._plane)
            self._draw_rows(self._plane.missing)
        self._show()
        self.tick()

    def _put(self, fidelity: float, simplicity: float) -> None:
        """A place was chosen on the pad."""
        self._fidelity.set_value(fidelity)
        self._simplicity.set_value(simplicity)

    def _shown(self) -> list:
        return self._plane.shown(self._fidelity.get_value(), self._simplicity.get_value())

    def _show(self) -> None:
        sketches = self._shown()
        self.view.show_drawings([sketch.drawing for sketch in sketches])
        full = self._plane.shown(self._fidelity.get_value(), 0.0)
        self._counted = _("%d of %d strokes.") % (sum(map(stroke_count, sketches)), sum(map(stroke_count, full)))
        self._count.set_text(self._counted)
        if self._pad:
            self._pad.put(self._fidelity.get_value(), self._simplicity.get_value())

    def _draw_rows(self, fidelities: Sequence[float]) -> None:
        job = self._new_rows(self._plane, fidelities)
        self._rows.append(job)
        job.start()

    def _draw_anew(self) -> None:
        self._draw_rows([round(self._fidelity.get_value(), 2)])
        self.tick()

    def _take_all(self) -> None:
        chosen = self._plane.nearest(self._fidelity.get_value()), self._simplicity.get_value()
        self._job.choose_all([self._plane.whole(number) for number in range(len(self._plane.sketches))], *chosen)
        self._all_taken()

    def _told(self, busy: Sequence[RowsJob], failed: Sequence[RowsJob]) -> str:
        """How the rows come on."""
        if busy:
            wanted = sum(len(job.fidelities) for job in self._rows) + 1
            return _("%d of %d fidelities are drawn …") % (len(self._there), wanted)
        return str(failed[-1].failure) if failed else ""


def _best(result: SketchResult) -> int:
    """The number of the attempt that the engine kept."""
    return next((number for number, each in enumerate(result.candidates) if each.kept), 0)


def _judge(result: SketchResult) -> str:
    return _("lines") if result.judge == "lines" else result.judge
