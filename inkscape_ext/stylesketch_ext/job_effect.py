"""What menu items have in common that let the engine do something with fields from the user.

    class Texture(JobEffect):
        name = "texture"                       # of the file that remembers the choices
        fields = (Number("width", marked("_Width"), 512, 32, 4096), Pack("style", "engraving"))

        def words(self): return Words(…)                   # what the window says
        def look(self): return [(name, bytes), …]          # what the window shows at first; Failure where it needs a selection
        def task(self, values): return lambda client, thread: …    # see EngineThread.give; Failure for what cannot be done
        def insert(self, result, picked, values): …        # into self.svg

Without GTK, or with --gui=false, the task is done with the parameters as they are, and what fails is one sentence. The
document stays as it is unless there is a result; where that is a part only, it is inserted before the sentence. The .inx file
has a parameter of the same name, type and default for each field, and a hidden one `gui`.
"""

import logging
import os
from typing import Any, Callable, List, Optional, Sequence, Tuple

import inkex

from stylesketch_ext import hrefs, launcher, reports, user_files
from stylesketch_ext.choices import once
from stylesketch_ext.dialogs import toolkit
from stylesketch_ext.engine_thread import Connect, EngineThread
from stylesketch_ext.errands import Errands
from stylesketch_ext.failures import Cancelled, Failure
from stylesketch_ext.fields import Field, Pack, Values, checked, remember_values, remembered_values
from stylesketch_ext.host import inkscape_is_gone
from stylesketch_ext.installation import Installation, find_installation
from stylesketch_ext.requirements import inkex_version, no_window_sentence
from stylesketch_ext.words import _, marked

LOG = logging.getLogger(__name__)
HERE = os.path.dirname(os.path.abspath(__file__))  # inkscape_ext/stylesketch_ext

Task = Callable[[Any, Any], Any]  # (client, thread) → result, which may have notes


class JobEffect(inkex.EffectExtension):
    """A menu item. `effect` returns False, so that nothing is written, unless there is something new."""

    name = ""
    fields: Sequence[Field] = ()

    _window: Any = None  # ours, once it is on the screen
    _inserted = False  # has the document changed?

    def words(self) -> Any:
        """What the window says: a dialogs.job_terms.Words."""
        raise NotImplementedError

    def look(self) -> List[Tuple[str, bytes]]:
        """(name, bytes of the file) of the pictures that it is about."""
        return []

    def task(self, values: Values) -> Task:
        """What the engine is to do."""
        raise NotImplementedError

    def insert(self, result: Any, picked: int, values: Values) -> None:
        """Put the result into the document; `picked` is which of `picks`."""
        raise NotImplementedError

    def picks(self, result: Any) -> Sequence[Tuple[bytes, str]]:
        """(picture, title) of each part of a result that the user may pick one of."""
        return ()

    def offered(self, values: Values) -> Values:
        """The values that the window begins with, of the remembered ones."""
        return values

    def add_arguments(self, pars):
        pars.add_argument("--gui", type=inkex.Boolean, default=True)
        for field in self.fields:
            pars.add_argument("--" + field.key, type=inkex.Boolean if field.kind is bool else field.kind, default=field.value)

    def has_changed(self, ret):
        """Is there something to write? The text alone, which inkex compares, changes already where a transform is read."""
        return ret is not False and super().has_changed(ret)

    def effect(self):
        """Returns None when the document has changed, False when it stays as it is."""
        windows = bool(self.options.gui and toolkit.can_show_windows())
        try:
            self._do(windows)
        except Cancelled:
            LOG.info("canceled")
            return False
        except Failure as failure:
            reports.logged(failure)
            about = _("StyleSketch could not do all of this") if self._inserted else _("StyleSketch could not do this")
            reports.tell(failure, windows, over=self._window, about=about)
            return None if self._inserted else False
        finally:
            if self._window:
                self._window.close_now()
        return None

    @property
    def in_window(self) -> bool:
        """Is there a window, in which the user can pick?"""
        return self._window is not None

    @property
    def folders(self) -> List[str]:
        """Where relative links may start: Inkscape's temporary folder, the document's."""
        return hrefs.link_folders(getattr(self.file_io, "name", ""), self.document_path())

    def _do(self, windows: bool) -> None:
        installation = find_installation(HERE)
        given = {field.key: getattr(self.options, field.key) for field in self.fields}
        checked(self.fields, given)
        job, values = (self._in_window if windows else self._without_window)(installation, given)
        if job.has_result and not job.cancelled:
            self.insert(job.result, job.picked, values)
            self._inserted = True
            if inkex_version(inkex) >= (1, 3):
                hrefs.repair_links(self.svg, self.folders[0], self.document_path())
        elif not job.failure:
            raise Cancelled()
        if job.failure:
            raise job.failure

    def _without_window(self, installation: Installation, values: Values) -> Tuple[EngineThread, Values]:
        """Do it with the options as they are; the ended job."""
        if self.options.gui and once(installation.data, "told-no-window"):
            reports.say(no_window_sentence())
        self.look()
        job = EngineThread(_connect(installation))
        job.give(self.task(values))
        job.start()
        while job.is_alive():
            job.join(0.5)
            if inkscape_is_gone():
                job.cancel()
        return job, values

    def _in_window(self, installation: Installation, given: Values) -> Tuple[EngineThread, Values]:
        """Let the user choose and watch; the last job. Choices that led to a result are kept."""
        from stylesketch_ext.dialogs.fields_form import FieldsForm
        from stylesketch_ext.dialogs.job_terms import Leads
        from stylesketch_ext.dialogs.job_window import JobWindow
        from stylesketch_ext.dialogs.packs_panel import PacksPanel

        values = self.offered(remembered_values(installation.data, self.name, self.fields, given))
        pack = next((field for field in self.fields if isinstance(field, Pack)), None)
        pictures = self.look()

        def begun(job: EngineThread, read: Values, style: str) -> None:
            nonlocal values
            values = checked(self.fields, {**read, pack.key: style} if pack else read)
            job.give(self.task(values))

        def new_panel(leave: Callable[[], None]) -> PacksPanel:
            errands, folder = Errands(_connect(installation)), user_files.first_folder(self.document_path())
            return PacksPanel(errands, lambda: pictures, reports.logged, folder, leave, marked("_Done"))

        leads = Leads(lambda: EngineThread(_connect(installation), bool(pack)), begun, reports.logged, new_panel, self.picks)
        wanted: Optional[str] = values[pack.key] if pack else None
        self._window = JobWindow(self.words(), FieldsForm(self.fields, values), pictures, leads, wanted)
        job = self._window.run()
        if job.has_result:
            remember_values(installation.data, self.name, values)
        return job, values


def _connect(installation: Installation) -> Connect:
    return lambda tell, stopped: launcher.connect(installation, tell, stopped)
