"""Works side by side: who moves when, and what networks see at once."""

import threading

import pytest
import torch

from backend.core.work import Progress
from backend.meeting import MOST_TOGETHER, Member, SeatedEncoder, answer


class Halves:
    """An encoder that writes down how many pictures it saw at once, and of how many gradients it was asked."""

    name, layers = "halves", ("half",)

    def __init__(self):
        self.seen, self.gradients = [], []

    def __call__(self, images):
        self.seen.append(len(images))
        half = images * 0.5
        if half.requires_grad:
            half.register_hook(lambda gradient: self.gradients.append(len(gradient)))
        return {"half": half}

    def saliency(self, images, inside=None):
        return images[:, :1]


def driven(members):
    """Every member driven to its end; their results."""
    while not all(member.ended for member in members):
        free = [member for member in members if not member.ended and member.request is None]
        for member in free:
            member.step()
        if not free:
            answer([member for member in members if not member.ended])
    return [member.result for member in members]


def descents(encoder, values, steps):
    """A work for each value: so many steps of its gradient; it brings the gradients."""

    def work(value, seat):
        seated, found = SeatedEncoder(encoder, seat), []
        for number in range(steps):
            image = torch.full((1, 1, 2, 2), float(value), requires_grad=True)
            seat.descend((seated(image)["half"] ** 2).sum())
            found.append(float(image.grad[0, 0, 0, 0]))
            yield Progress("drawing", number / steps)
        return found

    return [Member(lambda seat, value=value: work(value, seat)) for value in values]


def test_one_look_and_one_gradient_for_all_at_every_step():
    encoder = Halves()
    assert driven(descents(encoder, [1, 2, 3], 4)) == [[0.5] * 4, [1.0] * 4, [1.5] * 4]
    assert encoder.seen == [3] * 4 and encoder.gradients == [3] * 4


def test_who_has_less_to_do_leaves_earlier():
    encoder = Halves()
    driven([*descents(encoder, [1, 2], 2), *descents(encoder, [3], 3)])
    assert encoder.seen == [3, 3, 1]


def test_nobody_descends_while_another_still_looks():
    encoder, order = Halves(), []

    def looking(seat):
        for _ in range(3):
            SeatedEncoder(encoder, seat)(torch.ones(1, 1, 2, 2))
            order.append("look")
        yield Progress("drawing", 1.0)
        return True

    def descending(seat):
        image = torch.ones(1, 1, 2, 2, requires_grad=True)
        seat.descend(image.sum())
        order.append("descent")
        yield Progress("drawing", 1.0)
        return True

    driven([Member(descending), Member(looking)])
    assert order == ["look"] * 3 + ["descent"]


def looks(encoder, pictures):
    """A work for each picture, which looks at it without a gradient."""

    def work(picture, seat):
        yield Progress("looking", 0.0)
        return SeatedEncoder(encoder, seat)(picture)["half"]

    return [Member(lambda seat, picture=picture: work(picture, seat)) for picture in pictures]


def test_a_picture_that_several_ask_for_is_seen_once():
    encoder, same = Halves(), torch.rand(2, 3, 4, 4)
    found = driven(looks(encoder, [same, same.clone(), torch.rand(1, 3, 4, 4)]))
    assert encoder.seen == [3]
    assert torch.equal(found[0], same * 0.5) and torch.equal(found[1], found[0]) and len(found[2]) == 1


def test_pictures_of_other_sizes_are_seen_apart_and_too_many_in_several_looks():
    encoder = Halves()
    driven(looks(encoder, [torch.rand(1, 1, 4, 4), torch.rand(1, 1, 4, 5), torch.rand(1, 1, 4, 4)]))
    assert sorted(encoder.seen) == [1, 2]
    encoder = Halves()
    driven(looks(encoder, [torch.rand(MOST_TOGETHER - 1, 1, 2, 2), torch.rand(2, 1, 2, 2), torch.rand(1, 1, 2, 2)]))
    assert encoder.seen == [MOST_TOGETHER - 1, 3]


def test_gray_pictures_stay_gray():
    encoder, gray = Halves(), torch.rand(1, 1, 4, 4).expand(1, 3, 4, 4)
    [found] = driven(looks(encoder, [gray]))
    assert found.shape[1] == 1


def test_a_work_is_closed_where_it_waits_and_where_it_yields():
    closed, before = [], threading.active_count()

    def work(name, seat):
        try:
            yield Progress("drawing", 0.1)
            SeatedEncoder(Halves(), seat)(torch.ones(1, 1, 2, 2))
        finally:
            closed.append(name)

    waits, yields, never = (Member(lambda seat, name=name: work(name, seat)) for name in ("waits", "yields", "never"))
    waits.step(), waits.step(), yields.step()
    assert waits.request is not None
    for member in (waits, yields, never):
        member.close()
        member.close()
    assert closed == ["waits", "yields"]
    for thread in (waits._thread, yields._thread):
        thread.join(5)
    assert threading.active_count() <= before


def test_what_a_work_raises_is_raised_where_it_is_driven():
    def work(seat):
        yield Progress("drawing", 0.1)
        raise ValueError("no lines")

    member = Member(work)
    member.step()
    with pytest.raises(ValueError, match="no lines"):
        member.step()
    assert member.ended
    member.close()


@pytest.mark.parametrize("looks", [False, True])
def test_a_work_that_fails_while_it_is_closed_keeps_nobody_waiting(looks, caplog):
    def work(seat):
        try:
            if looks:
                SeatedEncoder(Halves(), seat)(torch.ones(1, 1, 2, 2))
            yield Progress("drawing", 0.1)
        finally:
            raise OSError("the pipe is broken")

    member = Member(work)
    member.step()
    closing = threading.Thread(target=member.close, daemon=True)
    closing.start()
    closing.join(20)
    assert not closing.is_alive() and member.ended and member.request is None
    assert "the pipe is broken" in caplog.text
