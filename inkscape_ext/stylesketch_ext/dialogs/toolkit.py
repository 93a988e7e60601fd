"""GTK 3, if this Python has it."""

import logging

LOG = logging.getLogger(__name__)


def version() -> str:
    """GTK's version, an empty text if this Python lacks it. (A lacking typelib is a ValueError, not an ImportError.)"""
    try:
        import gi

        gi.require_version("Gtk", "3.0")
        gi.require_version("Gdk", "3.0")
        from gi.repository import Gtk
    except (ImportError, ValueError) as error:
        LOG.info("no GTK: %s", error)
        return ""
    return "%d.%d" % (Gtk.get_major_version(), Gtk.get_minor_version())


def can_show_windows() -> bool:
    """Is there GTK and a screen?"""
    if not version():
        return False
    from gi.repository import Gtk

    return bool(Gtk.init_check([])[0])
