"""How our windows look beyond the user's theme, and the smallest parts they are made of."""

from typing import Callable

from gi.repository import Gdk, Gtk, Pango

CSS = b"""
.ss-paper { background-color: #ffffff; border: 1px solid rgba(0,0,0,0.22); border-radius: 6px; }
.ss-title { font-weight: bold; font-size: 120%; }
.ss-small { font-size: 92%; }
.ss-shelf { border: 1px solid rgba(0,0,0,0.18); border-radius: 6px; }
.ss-paper image:disabled { -gtk-icon-effect: none; opacity: 0.5; }
.ss-card { padding: 6px; border-radius: 6px; }
progressbar.ss-bar trough, progressbar.ss-bar progress { min-height: 8px; border-radius: 4px; }
"""


TITLE_BAR = 44  # px, and the frame


def use_css() -> None:
    """For all windows of this process."""
    provider = Gtk.CssProvider()
    provider.load_from_data(CSS)
    Gtk.StyleContext.add_provider_for_screen(Gdk.Screen.get_default(), provider, Gtk.STYLE_PROVIDER_PRIORITY_APPLICATION)


def styled(widget: Gtk.Widget, *classes: str) -> Gtk.Widget:
    """The same widget, with CSS classes."""
    for name in classes:
        widget.get_style_context().add_class(name)
    return widget


def text(words: str = "", width: int = 36, *classes: str) -> Gtk.Label:
    """Words that go on in the next line after about `width` letters, or within a word where it is long, as paths are."""
    label = styled(Gtk.Label(label=words, xalign=0.0, wrap=True, max_width_chars=width), *classes)
    label.set_line_wrap_mode(Pango.WrapMode.WORD_CHAR)
    return label


def room() -> int:
    """How high a window's content can be on this screen, px."""
    display = Gdk.Display.get_default()
    monitor = display.get_primary_monitor() or display.get_monitor(0)
    return int(monitor.get_workarea().height) - TITLE_BAR


def scrolled(content: Gtk.Widget, most: int) -> Gtk.ScrolledWindow:
    """As high as its content, but at most `most` px."""
    made = Gtk.ScrolledWindow(hscrollbar_policy=Gtk.PolicyType.NEVER, propagate_natural_height=True)
    made.set_overlay_scrolling(False)
    made.set_max_content_height(max(80, most))
    made.add(content)
    return made


def button(label: str, clicked: Callable[[], object]) -> Gtk.Button:
    """A button whose label has a mnemonic."""
    made = Gtk.Button.new_with_mnemonic(label)
    made.connect("clicked", lambda button: clicked())
    return made
