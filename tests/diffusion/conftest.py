import pytest
import torch

from backend.diffusion.checkpoint import load
from backend.places import Places
from tests.diffusion.tiny import save_checkpoint

CPU = torch.device("cpu")


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """Tiny checkpoints by their kind, saved when they are first asked for."""
    made = {}

    def folder(kind):
        if kind not in made:
            made[kind] = save_checkpoint(tmp_path_factory.mktemp(kind), kind=kind)
        return made[kind]

    return folder


@pytest.fixture(scope="session")
def networks_of(folders):
    found = {}

    def networks(kind="ddim"):
        if kind not in found:
            found[kind] = load(folders(kind), f"tiny {kind}", CPU)
        return found[kind]

    return networks


@pytest.fixture
def places(tmp_path):
    return Places.find(tmp_path / "home").create()
