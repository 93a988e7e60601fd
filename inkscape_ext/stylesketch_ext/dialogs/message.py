"""One sentence in a dialog of our own."""

from gi.repository import Gtk


def show_failure(text: str, log: str, log_helps: bool) -> None:
    """Show why there is no sketch; returns when the user has closed it."""
    dialog = Gtk.MessageDialog(
        message_type=Gtk.MessageType.WARNING, buttons=Gtk.ButtonsType.CLOSE, text="StyleSketch could not make the sketch"
    )
    dialog.set_title("StyleSketch")
    dialog.get_accessible().set_name("StyleSketch")
    dialog.format_secondary_text(text + ("\n\nDetails are in %s" % log if log_helps else ""))
    dialog.set_position(Gtk.WindowPosition.CENTER)
    dialog.set_keep_above(True)
    for label in dialog.get_message_area().get_children():
        label.set_selectable(True)
        label.set_can_focus(False)
    dialog.run()
    dialog.destroy()
    while Gtk.events_pending():
        Gtk.main_iteration()
