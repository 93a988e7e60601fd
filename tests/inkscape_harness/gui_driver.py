"""Finds widgets by name over the accessibility bus and clicks them with real X events.

A program of its own, for the tests' Python has no GTK: one JSON list [function, argument, …] per line in, one JSON object
{"value": …} or {"error": text} per line out.
"""

import json
import re
import subprocess
import sys
import time
from functools import partial

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi  # noqa: E402

BUTTONS = ("push button", "toggle button", "button", "check box")
CARDS = ("list item", "flow box child", "table cell")


def children(node):
    """The children that still exist."""
    try:
        found = [node.get_child_at_index(i) for i in range(min(node.get_child_count(), 300))]
    except Exception:  # the bus raises several kinds when a window goes away meanwhile
        return []
    return [child for child in found if child is not None]


def told(method, default=""):
    try:
        return method() or default
    except Exception:
        return default


def walk(node, depth=30):
    yield node
    for child in children(node) if depth else []:
        yield from walk(child, depth - 1)


def is_showing(node):
    states = told(node.get_state_set, None)
    return bool(states and states.contains(Atspi.StateType.SHOWING))


def windows(programs="."):
    """[(program, role, title, node)] of all top-level windows of programs whose name matches, the newest program first."""
    Atspi.set_timeout(1500 if programs == "." or "!" not in programs else 250, 3000)  # ms; for a program that does not answer
    return [
        (told(program.get_name), told(window.get_role_name), told(window.get_name), window)
        for program in reversed(children(Atspi.get_desktop(0)))
        if re.search(programs, told(program.get_name))
        for window in children(program)
    ]


def owners(title):
    """Which programs can have such a window. Inkscape is not asked in vain: while an extension runs it does not answer."""
    return "(?i)inkscape" if "Inkscape" in title else "(?i)^(?!.*inkscape)"


def until(find, seconds, what):
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        found = find()
        if found:
            return found
        time.sleep(0.15)
    raise LookupError(f"no {what} within {seconds} s; there are {[window[:3] for window in windows()]}")


def titled(pattern, seconds=15):
    """The newest window whose title matches."""
    return until(
        lambda: next((w for _, _, title, w in windows(owners(pattern)) if re.search(pattern, title)), None),
        seconds,
        "window " + pattern,
    )


def named(title, pattern, roles, seconds=10):
    """The first widget of such a name in any window of such a title."""

    def find():
        for window in [w for _, _, t, w in windows(owners(title)) if re.search(title, t)]:
            told(window.clear_cache)  # names that changed meanwhile
            for node in walk(window):
                if told(node.get_role_name) in roles and re.fullmatch(pattern, told(node.get_name)) and is_showing(node):
                    return node
        return None

    return until(find, seconds, f"{roles[0]} {pattern}")


def child_named(node, names):
    """The first child with one of the names."""
    return next((child for child in children(node) if told(child.get_name) in names), None)


def xdotool(*words):
    subprocess.run(["xdotool", *map(str, words)], check=False, stdout=subprocess.DEVNULL)


def box(node):
    e = told(lambda: Atspi.Component.get_extents(node, Atspi.CoordType.SCREEN), None)
    return (e.x, e.y, e.width, e.height) if e and e.width > 0 and e.height > 0 and e.x >= 0 else None


def click(node):
    x, y, width, height = until(lambda: box(node), 8, "place of " + told(node.get_name))
    xdotool("mousemove", x + width // 2, y + height // 2)
    time.sleep(0.15)
    xdotool("click", 1)
    time.sleep(0.3)


# ---- what the tests may call


def wait_for(pattern, seconds=30):
    """The title of a window, once it is there."""
    return told(titled(pattern, seconds).get_name)


def wait_gone(pattern, seconds=60):
    until(
        lambda: not any(re.search(pattern, title) for _, _, title, _ in windows(owners(pattern))),
        seconds,
        "end of window " + pattern,
    )


def wait_text(pattern, text, seconds=30):
    """A label in a window, once it is there."""
    return told(named(pattern, text, ("label",), seconds).get_name)


def focus(pattern):
    xdotool("search", "--onlyvisible", "--name", pattern, "windowactivate", "--sync")
    time.sleep(0.3)


def key(*names):
    xdotool("key", "--clearmodifiers", *names)
    time.sleep(0.3)


def menu(*path):
    """Click through Inkscape's menus; `one|other` means either name."""
    bar = until(
        lambda: next((n for n in walk(titled("- Inkscape$"), 6) if told(n.get_role_name) == "menu bar"), None), 20, "menu bar"
    )
    node, y = bar, None
    for depth, name in enumerate(path):
        parent = node
        node = until(partial(child_named, parent, name.split("|")), 10, "menu entry " + name)
        place = box(node)
        if depth > 1 and place and y:  # sideways first, lest the open submenu be left
            xdotool("mousemove", place[0] + 20, y)
            time.sleep(0.2)
        click(node)
        place = box(node) or place
        y = place[1] + place[3] // 2 if place else None
        time.sleep(0.3)


def press(pattern, button):
    """Click a button of a window."""
    click(named(pattern, button, BUTTONS))


def place(pattern, button):
    """[x, y, width, height] of a button of a window, px of the screen."""
    return list(until(lambda: box(named(pattern, button, BUTTONS)), 8, "place of " + button))


def pick(pattern, item):
    """Click a card of a gallery."""
    click(named(pattern, item, CARDS))


def write(pattern, entry, text):
    """Replace the text in an entry."""
    click(named(pattern, entry, ("text", "entry")))
    key("ctrl+a")
    xdotool("type", "--delay", "15", text)
    time.sleep(0.3)


def choose_file(pattern, path, verb):
    """Write a path into the page of a window on which files are chosen, and take it."""
    named(pattern, verb, BUTTONS)
    time.sleep(0.7)
    key("ctrl+l")
    time.sleep(0.3)
    key("ctrl+a")
    xdotool("type", "--delay", "15", path)
    time.sleep(0.5)
    key("Return")


def titles():
    """[[role, title]] of all windows that show, for telling what is unexpected."""
    return [[role, title] for _, role, title, window in windows() if is_showing(window)]


CALLED = (wait_for, wait_gone, wait_text, focus, key, menu, press, place, pick, write, choose_file, titles)
CALLS = {f.__name__: f for f in CALLED}


def main():
    Atspi.init()
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        try:
            answer = {"value": CALLS[name](*arguments)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
