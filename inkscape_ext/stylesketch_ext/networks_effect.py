"""Extensions ▸ StyleSketch ▸ Networks…: the window of the networks' weights. The document stays as it is."""

import os

import inkex

from stylesketch_ext import launcher, reports
from stylesketch_ext.dialogs import toolkit
from stylesketch_ext.errands import Errands
from stylesketch_ext.failures import Failure
from stylesketch_ext.installation import find_installation
from stylesketch_ext.requirements import gtk_cure
from stylesketch_ext.words import _

HERE = os.path.dirname(os.path.abspath(__file__))  # inkscape_ext/stylesketch_ext


class NetworksEffect(inkex.EffectExtension):
    """The menu entry. `effect` returns False: nothing is written."""

    def effect(self):
        if not toolkit.can_show_windows():
            raise Failure(
                _("The networks' window needs GTK, which Inkscape's Python lacks: %s, or use 'stylesketch models list', "
                  "'pull', 'add' and 'remove' in a terminal.") % gtk_cure(), "modules"
            )  # fmt: skip
        try:
            self._manage()
        except Failure as failure:
            reports.logged(failure)
            reports.tell(failure, windows=True, about=_("The networks cannot be shown"))
        return False

    def _manage(self) -> None:
        from stylesketch_ext.dialogs.networks_panel import NetworksPanel
        from stylesketch_ext.dialogs.packs_window import PacksWindow

        installation = find_installation(HERE)
        errands = Errands(lambda tell, stopped: launcher.connect(installation, tell, stopped))
        PacksWindow(lambda leave: NetworksPanel(errands, reports.logged, leave), _("Networks – StyleSketch")).run()
