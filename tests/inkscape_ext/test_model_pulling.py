"""Weights are downloaded by the engine, followed and stopped from here; the window's effect tells what it lacks."""

import io
import threading
import time

import pytest
from documents import IMAGE, svg_text
from fake_engine import FakeEngine
from stylesketch_ext.client import BackendClient
from stylesketch_ext.failures import Cancelled, Failure, Refusal
from stylesketch_ext.model_pulling import ModelPulling
from stylesketch_ext.wire.messages import PullRequest


def client_of(engine):
    return BackendClient("127.0.0.1", engine.port, engine.token)


def test_weights_come_with_the_engine_s_notes():
    with FakeEngine() as engine:
        pulling = ModelPulling("clip_rn101")
        result = pulling(client_of(engine))
        assert engine.jobs == {"job1": PullRequest("clip_rn101")}
        assert result.model.here and result.notes == ["Its sha256 was noted."]
        assert pulling.stage == "Drawing the lines" and 0.9 < pulling.done <= 1
        assert [model.name for model in client_of(engine).models() if not model.here] == ["own"]


def test_a_download_can_be_stopped():
    with FakeEngine("slow") as engine:
        pulling = ModelPulling("clip_rn101")
        threading.Timer(0.4, pulling.stop).start()
        with pytest.raises(Cancelled):
            pulling(client_of(engine))
        limit = time.monotonic() + 5
        while not engine.cancelled and time.monotonic() < limit:
            time.sleep(0.02)
        assert engine.cancelled == {"job1"}


def test_a_failure_is_the_engine_s_sentence():
    with FakeEngine("fails") as engine, pytest.raises(Refusal, match="not enough memory"):
        ModelPulling("clip_rn101")(client_of(engine))


def test_weights_can_be_removed():
    with FakeEngine() as engine:
        client_of(engine).remove_model("squeezenet")
        assert not engine.models.known["squeezenet"].here


def test_without_gtk_the_commands_are_named(tmp_path, monkeypatch):
    from stylesketch_ext import networks_effect

    monkeypatch.setattr(networks_effect.toolkit, "can_show_windows", lambda: False)
    (tmp_path / "d.svg").write_text(svg_text(IMAGE))
    with pytest.raises(Failure, match="use 'stylesketch models list', 'pull'") as caught:
        networks_effect.NetworksEffect().run([str(tmp_path / "d.svg")], output=io.BytesIO())
    assert caught.value.help == "modules"
