"""The client against an engine that behaves and misbehaves, by both ways to speak HTTP."""

import socket
from dataclasses import replace

import pytest
from fake_engine import FakeEngine, png
from stylesketch_ext import client as client_module
from stylesketch_ext import words
from stylesketch_ext.client import BackendClient, told
from stylesketch_ext.failures import Garbled, Refusal, Unreachable
from stylesketch_ext.transport import RequestsTransport, UrllibTransport, requests
from stylesketch_ext.wire.messages import Phrase, SketchRequest, SketchSettings, StyleInfo, StyleResult

PICTURE = png(40, 30, lambda x, y: 255)
TRANSPORTS = [
    UrllibTransport,
    pytest.param(RequestsTransport, marks=pytest.mark.skipif(requests is None, reason="no requests")),
]


@pytest.fixture(params=TRANSPORTS, ids=lambda t: t.name)
def transport(request, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # must never be asked
    return request.param


def open_client(engine, transport, token="secret"):
    return BackendClient("127.0.0.1", engine.port, token, transport)


def submit(client, key="k"):
    image = client.upload(PICTURE)
    return client.submit(SketchRequest(image.sha256, SketchSettings(strokes=5)), key).id


def test_a_sketch_from_upload_to_result(transport):
    with FakeEngine() as engine:
        client = open_client(engine, transport)
        assert (client.health().queue, client.health().guidance) == (0, ["classical"])
        assert (client.upload(PICTURE).width, client.upload(PICTURE).height) == (40, 30)
        job = submit(client)
        events = list(client.events(job))
        assert [e.kind for e in events] == ["progress"] * 10 + ["finished"]
        assert events[0].progress.stage == "drawing the lines"
        assert events[0].progress.preview
        assert len(client.result(job).drawing.layers[0].paths) == 5


def test_the_same_key_is_the_same_job(transport):
    with FakeEngine() as engine:
        client = open_client(engine, transport)
        assert submit(client, "a") == submit(client, "a") != submit(client, "b")


def test_a_dropped_stream_is_taken_up_where_it_broke(transport):
    with FakeEngine("drops") as engine:
        client = open_client(engine, transport)
        events = list(client.events(submit(client)))
        assert [e.id for e in events] == [str(n) for n in range(1, 12)]
        assert engine.seen_last_ids == [None, "3", "3"]


def test_cancel_ends_the_stream_and_the_job(transport):
    with FakeEngine("slow") as engine:
        client = open_client(engine, transport)
        job = submit(client)
        stream = client.events(job)
        client.cancel(job)
        assert [e.kind for e in stream] == ["cancelled"]
        assert client.job(job).state == "cancelled"


def test_a_failed_job_tells_its_problem(transport):
    with FakeEngine("fails") as engine:
        client = open_client(engine, transport)
        last = list(client.events(submit(client)))[-1]
        assert (last.kind, last.problem.code) == ("failed", "out-of-memory")


def test_a_problem_is_a_refusal_with_the_engine_s_sentence(transport):
    with FakeEngine("error500") as engine, pytest.raises(Refusal, match="The engine broke") as caught:
        submit(open_client(engine, transport))
    assert caught.value.is_ours


def test_a_wrong_token_is_refused(transport):
    with FakeEngine() as engine, pytest.raises(Refusal, match="token"):
        open_client(engine, transport, "wrong").health()


def test_without_a_token_only_the_version_is_told(transport):
    with FakeEngine() as engine:
        assert open_client(engine, transport, None).health().queue is None


def test_bad_json_is_garbled(transport):
    with FakeEngine("garbled") as engine:
        client = open_client(engine, transport)
        with pytest.raises(Garbled, match="does not understand"):
            client.result(submit(client))


def test_a_stream_of_an_unknown_route_is_refused(transport):
    with FakeEngine() as engine, pytest.raises(Refusal):
        list(open_client(engine, transport, "wrong").events("job1"))


def test_a_dead_port_is_unreachable(transport, monkeypatch):
    monkeypatch.setattr(client_module, "RECONNECTS", 1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        client = BackendClient("127.0.0.1", free.getsockname()[1], "t", transport)
        with pytest.raises(Unreachable, match="try again"):
            client.health()
        with pytest.raises(Unreachable):
            list(client.events("job1"))


def test_silence_without_heartbeat_is_a_broken_stream(transport, monkeypatch):
    monkeypatch.setattr(client_module, "SILENCE", 0.2)
    monkeypatch.setattr(client_module, "RECONNECTS", 1)
    with FakeEngine("silent") as engine:
        client = open_client(engine, transport)
        with pytest.raises(Unreachable):
            list(client.events(submit(client)))
        assert engine.streams == 2


def test_notes_are_said_in_the_user_s_language_where_their_pattern_is_known(monkeypatch):
    catalog = {"Nothing {here}.": "Nichts {here}."}
    monkeypatch.setattr(words, "_", lambda text: catalog.get(text, text))
    notes = ["Nothing there.", "Of an older engine.", "Of a newer one."]
    phrases = [Phrase("Nothing {here}.", {"here": "da"}), Phrase(""), Phrase("Of a {newer} one.", {"newer": "newer"})]
    style = StyleInfo("ink", "Ink")
    assert told(StyleResult(style, notes, phrases=phrases)).notes == ["Nichts da.", *notes[1:]]
    assert told(StyleResult(style, notes)).notes == notes
    assert told(style) is style
    broken = replace(style, problem="It is broken.", problem_phrase=Phrase("Nothing {here}.", {"here": "da"}))
    assert told(broken).problem == "Nichts da."
    assert told(replace(broken, problem_phrase=None)).problem == "It is broken."
