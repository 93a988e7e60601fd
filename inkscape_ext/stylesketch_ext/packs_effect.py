"""Extensions ▸ StyleSketch ▸ Style Packs…: the window of the style packs. The document stays as it is."""

import logging
import os
from typing import List, Tuple

import inkex

from stylesketch_ext import hrefs, launcher, reports, user_files
from stylesketch_ext.dialogs import toolkit
from stylesketch_ext.errands import Errands
from stylesketch_ext.failures import Failure
from stylesketch_ext.installation import find_installation
from stylesketch_ext.requirements import gtk_cure
from stylesketch_ext.subjects import subjects
from stylesketch_ext.words import _

LOG = logging.getLogger("style_packs")
HERE = os.path.dirname(os.path.abspath(__file__))  # inkscape_ext/stylesketch_ext


class PacksEffect(inkex.EffectExtension):
    """The menu entry. `effect` returns False: nothing is written."""

    def effect(self):
        if not toolkit.can_show_windows():
            raise Failure(
                _("The style packs' window needs GTK, which Inkscape's Python lacks: %s, or use 'stylesketch style list', "
                  "'import', 'extract', 'export', 'rename' and 'remove' in a terminal.") % gtk_cure(), "modules"
            )  # fmt: skip
        try:
            self._manage()
        except Failure as failure:
            reports.logged(failure)
            reports.tell(failure, windows=True, about=_("The style packs cannot be shown"))
        return False

    def _manage(self) -> None:
        from stylesketch_ext.dialogs.packs_panel import PacksPanel
        from stylesketch_ext.dialogs.packs_window import PacksWindow

        installation = find_installation(HERE)
        errands = Errands(lambda tell, stopped: launcher.connect(installation, tell, stopped))
        folder = user_files.first_folder(self.document_path())
        PacksWindow(lambda leave: PacksPanel(errands, self._selected, reports.logged, folder, leave)).run()

    def _selected(self) -> List[Tuple[str, bytes]]:
        """The (name, bytes) of what is selected, none where nothing is."""
        if not self.svg.selection:
            return []
        folders = hrefs.link_folders(getattr(self.file_io, "name", ""), self.document_path())
        return [(subject.name, subject.data) for subject in subjects(self.svg, folders)]
