"""The Inkscape that started us."""

import select


def inkscape_is_gone(output: int = 1) -> bool:
    """Has the reader of our standard output ended? Inkscape forks twice, so that our parent process tells nothing.

    Always False where there is no poll (Windows).
    """
    if not hasattr(select, "poll"):
        return False
    poll = select.poll()
    poll.register(output, select.POLLERR)
    return any(events & select.POLLERR for _, events in poll.poll(0))
