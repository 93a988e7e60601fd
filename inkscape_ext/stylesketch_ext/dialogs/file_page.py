"""A page on which the user chooses files.

Not a dialog of its own: Inkscape, blocked behind our window, would not repaint what that leaves uncovered.
"""

import logging
import os
from typing import Callable, List, Sequence

from gi.repository import Gtk

from stylesketch_ext import user_files
from stylesketch_ext.dialogs.look import button, styled
from stylesketch_ext.dialogs.pictures import pixbuf
from stylesketch_ext.failures import Failure
from stylesketch_ext.words import _

LOG = logging.getLogger(__name__)

SIDE = 180  # px, of the square that shows a picture

Then = Callable[[List[str]], None]


class FilePage(Gtk.Box):
    """`leave()` is called when the page is to go, before what follows on the choice."""

    def __init__(self, folder: str, leave: Callable[[], None]) -> None:
        super().__init__(orientation=Gtk.Orientation.VERTICAL, spacing=12)
        self._folder, self._leave = folder, leave
        self._then: Then = lambda paths: None
        self._heading = styled(Gtk.Label(xalign=0.0), "ss-title")
        self._place = Gtk.Box()
        self._take = styled(button("", self._answer), "suggested-action")
        self._take.set_can_default(True)
        buttons = Gtk.ButtonBox(layout_style=Gtk.ButtonBoxStyle.END, spacing=8)
        buttons.add(button(_("_Back"), leave))
        buttons.add(self._take)
        self.pack_start(self._heading, False, False, 0)
        self.pack_start(self._place, True, True, 0)
        self.pack_start(buttons, False, False, 0)

    def open(self, heading: str, verb: str, patterns: Sequence[str], kind: str, then: Then, seen: bool = False) -> None:
        """Let the user choose files that are there; `then` gets their paths. `seen`: they are pictures, to be looked at."""
        self._begin(Gtk.FileChooserAction.OPEN, heading, verb, then)
        if seen:
            self._files.set_preview_widget(Gtk.Image(visible=True, valign=Gtk.Align.START, margin=8))
            self._files.connect("update-preview", _look)
        self._files.set_select_multiple(True)
        self._files.add_filter(_filter(kind, patterns))

    def save(self, heading: str, verb: str, name: str, then: Then) -> None:
        """Let the user choose where a file goes; `then` gets the one path."""
        self._begin(Gtk.FileChooserAction.SAVE, heading, verb, then)
        self._files.set_current_name(name)

    def _begin(self, action: Gtk.FileChooserAction, heading: str, verb: str, then: Then) -> None:
        for child in self._place.get_children():
            child.destroy()
        self._then = then
        self._files = Gtk.FileChooserWidget(action=action)
        self._files.get_accessible().set_name(heading)
        self._files.set_current_folder(self._folder)
        self._files.connect("file-activated", lambda files: self._answer())
        self._place.pack_start(styled(self._files, "ss-shelf"), True, True, 0)
        self._heading.set_text(heading)
        self._take.set_label(verb)
        self._take.set_use_underline(True)
        self.show_all()
        self._take.grab_default()
        self._files.child_focus(Gtk.DirectionType.TAB_FORWARD)

    def _answer(self) -> None:
        """Go into a folder; else it is decided."""
        paths = [path for path in self._files.get_filenames() if path]
        if len(paths) == 1 and os.path.isdir(paths[0]):
            self._files.set_current_folder(paths[0])
        elif paths:
            self._folder = os.path.dirname(paths[0])
            self._leave()
            self._then(paths)


def _look(files: Gtk.FileChooserWidget) -> None:
    """Show the picture that the user has come to, if it is one."""
    path, picture = files.get_preview_filename(), None
    if path and os.path.isfile(path):
        try:
            picture = pixbuf(user_files.read(path), SIDE, SIDE)
        except Failure as failure:
            LOG.info("no preview: %s", failure)
    files.get_preview_widget().set_from_pixbuf(picture)
    files.set_preview_widget_active(picture is not None)


def _filter(kind: str, patterns: Sequence[str]) -> Gtk.FileFilter:
    found = Gtk.FileFilter()
    found.set_name(kind)
    for pattern in patterns:
        found.add_pattern(pattern)
        found.add_pattern(pattern.upper())
    return found
