"""Networks look at a style pack: seen, refused, canceled."""

import pytest
from fake_engine import FakeEngine, png
from stylesketch_ext.client import BackendClient
from stylesketch_ext.failures import Cancelled, Refusal
from stylesketch_ext.pack_making import PackMaking, Plan
from stylesketch_ext.pack_seeing import PackSeeing


def client_of(engine):
    return BackendClient("127.0.0.1", engine.port, engine.token)


def made(engine):
    PackMaking(Plan([("a.png", png(8, 8, lambda x, y: 9))], "etching", "Etching"))(client_of(engine))


def test_a_pack_is_seen():
    with FakeEngine() as engine:
        made(engine)
        seeing = PackSeeing("etching")
        assert seeing(client_of(engine)).style.features == ["squeezenet/fire5"]
        assert seeing.stage == "Seeing the style"
        assert engine.styles.packs["etching"].features == ["squeezenet/fire5"]


@pytest.mark.parametrize(("name", "words"), [("charcoal", "comes with StyleSketch"), ("none", "no style pack named")])
def test_what_cannot_be_seen_is_the_engine_s_sentence(name, words):
    with FakeEngine() as engine, pytest.raises(Refusal, match=words):
        PackSeeing(name)(client_of(engine))


def test_a_failure_leaves_the_pack_as_it_is():
    with FakeEngine() as engine:
        made(engine)
        engine.mode = "fails"
        with pytest.raises(Refusal, match="not enough memory"):
            PackSeeing("etching")(client_of(engine))
        assert engine.styles.packs["etching"].features == []


def test_canceled_before_it_began_nothing_is_asked():
    with FakeEngine() as engine:
        seeing = PackSeeing("etching")
        seeing.stop()
        with pytest.raises(Cancelled):
            seeing(client_of(engine))
        assert engine.jobs == {}
