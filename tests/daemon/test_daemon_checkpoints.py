"""The daemon's models list diffusion checkpoints, tell how they are brought, and bring them as jobs."""

import pytest

from backend.core.errors import NotFound
from backend.daemon.models import Models, pull_model
from backend.places import Places
from backend.weights import checkpoints
from backend.weights.checkpoints import CHECKPOINTS, Found, Offer
from backend.weights.hub_files import HubFile


@pytest.fixture
def models(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    return Models(Places.find(tmp_path / "home").create(), {}, CHECKPOINTS)


def test_checkpoints_are_listed_with_their_licence_and_command(models):
    found = {info.name: info for info in models.all()}
    assert set(found) == set(CHECKPOINTS) and not any(info.here for info in found.values())
    assert "OpenRAIL" in found["sd15"].license and found["sd15"].size is None and "unverified" in found["sd15"].about
    assert found["ip_adapter"].cure == "`stylesketch models pull ip_adapter`" and found["sd15"].pullable


def test_a_checkpoint_that_is_here_is_told_and_removed(models):
    folder = models.places.weights / "checkpoints" / "sd15"
    folder.mkdir(parents=True)
    (folder / "model_index.json").write_text("{}")
    info = models.info("sd15")
    assert info.here and info.size == 2 and info.source == str(folder)
    models.remove("sd15")
    assert not models.info("sd15").here
    with pytest.raises(NotFound):
        models.remove("sd15")


def test_a_pull_tells_size_and_licence_first(models, monkeypatch):
    wanted = Offer("sd15", "Stable Diffusion 1.5", "some/one", "abc", "openrail", (HubFile("model_index.json", 3_000_000_000),))
    begun = []

    def fetched(offered, places):
        begun.append(offered)
        yield checkpoints_progress(offered)
        return Found("sd15", places.weights)

    monkeypatch.setattr(checkpoints, "offer", lambda name: wanted)
    monkeypatch.setattr(checkpoints, "fetch", fetched)
    work, told = pull_model("sd15", models.places, {}), []
    while True:
        try:
            told.append(next(work).stage)
        except StopIteration as end:
            brought = end.value
            break
    assert told == ["asking the hub", wanted.sentence] and begun == [wanted]
    assert "3.00 GB" in brought.notes[0] and "openrail" in brought.notes[0]


def checkpoints_progress(offered):
    from backend.core.work import Progress

    return Progress(offered.sentence, 0.0)
