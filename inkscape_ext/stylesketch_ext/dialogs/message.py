"""One sentence in a dialog of our own."""

from typing import List, Optional

from gi.repository import GLib, Gtk

from stylesketch_ext.host import inkscape_is_gone


def show_failure(text: str, more: List[str], over: Optional[Gtk.Window], about: str) -> None:
    """Show why there is none of what it is `about`, and where `more` is to be found, over our window if there is one.

    Returns when the user has closed it.
    """
    dialog = Gtk.MessageDialog(
        message_type=Gtk.MessageType.WARNING, buttons=Gtk.ButtonsType.CLOSE, text=about,
        transient_for=over, modal=True,
    )  # fmt: skip
    dialog.set_title("StyleSketch")
    dialog.get_accessible().set_name("StyleSketch")
    dialog.format_secondary_text("\n\n".join([text, "\n".join(more)]))
    dialog.set_position(Gtk.WindowPosition.CENTER_ON_PARENT if over else Gtk.WindowPosition.CENTER)
    dialog.set_keep_above(True)
    for label in dialog.get_message_area().get_children():
        label.set_selectable(True)
        label.set_can_focus(False)
    watch = GLib.timeout_add(500, _close_without_inkscape, dialog)
    dialog.run()
    GLib.source_remove(watch)
    dialog.destroy()
    while Gtk.events_pending():
        Gtk.main_iteration()


def _close_without_inkscape(dialog: Gtk.MessageDialog) -> bool:
    if inkscape_is_gone():
        dialog.response(Gtk.ResponseType.CLOSE)
    return True
