"""A style pack is made from pictures: handed over, measured, told about; refused, broken off and canceled."""

import threading
import time

import pytest
from fake_engine import FakeEngine, png
from stylesketch_ext import pack_making
from stylesketch_ext.client import BackendClient
from stylesketch_ext.failures import Cancelled, Refusal
from stylesketch_ext.pack_making import PackMaking, Plan

PICTURE = png(40, 30, lambda x, y: 255)
OTHER = png(8, 8, lambda x, y: 9)


def client_of(engine):
    return BackendClient("127.0.0.1", engine.port, engine.token)


def plan(**changes):
    return Plan(**{"pictures": [("a.png", PICTURE), ("b.png", OTHER)], "name": "etching", "title": "Etching", **changes})


def test_pictures_become_a_pack():
    with FakeEngine() as engine:
        making = PackMaking(plan())
        result = making(client_of(engine))
        assert (result.style.name, result.style.title, result.style.exemplars) == ("etching", "Etching", 2)
        assert result.notes == ["Nothing is hatched in the pictures."]
        assert making.stage.text == "Measuring the lines" and 0.9 < making.stage.done <= 1


def test_the_same_picture_twice_is_measured_once():
    with FakeEngine() as engine:
        PackMaking(plan(pictures=[("a.png", PICTURE), ("copy.png", PICTURE)]))(client_of(engine))
        assert len(engine.jobs["job1"].images) == 1


def test_an_existing_name_is_refused_unless_it_may_be_replaced():
    with FakeEngine() as engine:
        PackMaking(plan())(client_of(engine))
        with pytest.raises(Refusal) as caught:
            PackMaking(plan(title="Again"))(client_of(engine))
        assert caught.value.problem.code == "exists"
        assert PackMaking(plan(title="Again", replace=True))(client_of(engine)).style.title == "Again"


@pytest.mark.parametrize(("mode", "words"), [("bad-image", "choose a PNG"), ("fails", "not enough memory")])
def test_a_failure_is_the_engine_s_sentence(mode, words):
    with FakeEngine(mode) as engine, pytest.raises(Refusal, match=words):
        PackMaking(plan())(client_of(engine))


def test_canceling_ends_it_in_the_engine_too():
    with FakeEngine("slow") as engine:
        making, ends = PackMaking(plan()), []

        def work():
            try:
                ends.append(making(client_of(engine)))
            except Cancelled as end:
                ends.append(end)

        thread = threading.Thread(target=work)
        thread.start()
        limit = time.monotonic() + 10
        while making.stage.done <= pack_making.HANDING_OVER and time.monotonic() < limit:
            time.sleep(0.02)
        making.stop()
        thread.join(10)
        assert isinstance(ends[0], Cancelled) and engine.cancelled == {"job1"}
        assert "etching" not in engine.styles.packs


def test_canceled_before_it_began_nothing_is_handed_over():
    with FakeEngine() as engine:
        making = PackMaking(plan())
        making.stop()
        with pytest.raises(Cancelled):
            making(client_of(engine))
        assert (engine.images, engine.jobs) == ({}, {})


def test_too_many_pictures_are_told_before():
    assert pack_making.too_many(32) == ""
    assert "at most 32 pictures" in pack_making.too_many(33)
