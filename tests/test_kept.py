"""What is heavy stays for the next use, but not beside another, and not for ever."""

import gc
import weakref

import pytest

from backend.kept import IDLE, Kept, KeptFew, timer


class Thing:
    """Something that can be seen to be gone."""


class Clocks:
    """Timers that are rung by hand."""

    def __init__(self):
        self.running = []

    def __call__(self, seconds, act):
        clocks = self

        class Clock:
            def start(self):
                clocks.running.append(self)

            def cancel(self):
                if self in clocks.running:  # a timer that has rung can be canceled, too
                    clocks.running.remove(self)

            def ring(self):
                clocks.running.remove(self)
                act()

        self.seconds = seconds
        return Clock()


@pytest.fixture
def clocks():
    return Clocks()


def made(kept, key, seen):
    """Holds the thing of a key for a moment; its weak reference."""

    def make():
        seen.append(key)
        return Thing()

    with kept.holding(key, make) as thing:
        return weakref.ref(thing)


def test_the_same_is_made_once(clocks):
    kept, seen = Kept(60.0, clocks), []
    assert made(kept, "a", seen)() is made(kept, "a", seen)() and seen == ["a"]
    assert clocks.seconds == 60.0


def test_another_takes_its_place_before_it_is_made(clocks):
    kept, there = Kept(60.0, clocks), []
    first = made(kept, "a", [])

    def make():
        gc.collect()
        there.append(first())
        return Thing()

    with kept.holding("b", make):
        pass
    assert there == [None] and made(kept, "a", seen := [])() is not None and seen == ["a"]


def test_it_goes_when_it_was_idle_but_not_while_it_is_held(clocks):
    kept = Kept(60.0, clocks)
    first = made(kept, "a", [])
    assert len(clocks.running) == 1
    with kept.holding("a", Thing):
        assert clocks.running == []  # nobody waits while it is used
        kept._idled()
        assert not kept.empty
    [clock] = clocks.running
    clock.ring()
    gc.collect()
    assert kept.empty and first() is None and clocks.running == []


def test_what_cannot_be_made_leaves_nothing(clocks):
    kept = Kept(60.0, clocks)

    def broken():
        raise MemoryError

    with pytest.raises(MemoryError), kept.holding("a", broken):
        pass
    assert kept.empty and clocks.running == []
    assert made(kept, "a", seen := [])() is not None and seen == ["a"]


def test_to_forget_makes_room_at_once(clocks):
    kept = Kept(60.0, clocks)
    thing = made(kept, "a", [])
    kept.forget()
    gc.collect()
    assert kept.empty and thing() is None and clocks.running == []


def test_the_real_timer_keeps_no_process_alive_and_is_some_minutes():
    clock = timer(1000.0, lambda: None)
    clock.start()
    assert clock.daemon and 60 <= IDLE <= 1200
    clock.cancel()


def test_a_few_are_kept_and_the_one_unused_for_longest_goes_before_another_is_made(clocks):
    few, seen = KeptFew(2, 60.0, clocks), []

    def get(key):
        def make():
            gc.collect()
            seen.append((key, [name for name, thing in things.items() if thing() is not None]))
            return Thing()

        things[key] = weakref.ref(few.get(key, make))

    things = {}
    for key in ("a", "b", "a", "c", "a", "b"):
        get(key)
    assert seen == [("a", []), ("b", ["a"]), ("c", ["a"]), ("b", ["a"])]
    assert len(clocks.running) == 1 and clocks.seconds == 60.0


def test_all_go_when_none_was_asked_for_lately(clocks):
    few = KeptFew(4, 60.0, clocks)
    things = [weakref.ref(few.get(key, Thing)) for key in "ab"]
    held = few.get("b", Thing)
    [clock] = clocks.running
    clock.ring()
    gc.collect()
    assert things[0]() is None and things[1]() is held and clocks.running == []
    assert few.get("b", Thing) is held, "it is still used, so there is no second one"
    few.forget()
    del held
    gc.collect()
    assert things[1]() is None and clocks.running == []
