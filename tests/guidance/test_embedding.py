import pytest
import torch

from backend.encoders import ENCODERS
from backend.guidance.embedding import EmbeddingMatch, embedding, mean_embedding
from backend.guidance.late import Late
from backend.guidance.view import View
from tests.encoders.networks import WEIGHTS


@pytest.fixture(params=["clip_vit_b32", "clip_rn101"])
def encoder(request):
    return ENCODERS[request.param](WEIGHTS[request.param](), torch.device("cpu"))


def picture(seed=0, size=(48, 64)):
    return torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(seed))


def test_embeddings_and_their_mean_are_units():
    found = embedding({"pooled": torch.tensor([[3.0, 4.0], [0.0, 2.0]])[:, :, None, None]})
    assert torch.allclose(found, torch.tensor([[0.6, 0.8], [0.0, 1.0]]))
    assert torch.allclose(mean_embedding(found), torch.tensor([0.6, 1.8]) / torch.tensor([0.6, 1.8]).norm())


def test_a_picture_is_at_no_distance_from_itself(encoder):
    with torch.no_grad():
        match = EmbeddingMatch(embedding(encoder(picture()))[0], encoder)
        assert float(match(picture())) == pytest.approx(0, abs=1e-3)
        assert float(match(picture(1) ** 3)) > float(match(picture())) + 1e-3


def test_gradients_lead_to_the_exemplar(encoder):
    with torch.no_grad():
        match = EmbeddingMatch(embedding(encoder(picture()))[0], encoder)
    image = (0.3 * picture(2)).requires_grad_()
    before = match(image)
    before.backward()
    step = 0.05 * image.grad / image.grad.abs().max()
    assert float(match((image - step).detach())) < float(before.detach())


def test_a_late_term_is_not_asked_before_its_step():
    asked = []
    late = Late(lambda view: asked.append(view.number) or view.image.sum(), 3)
    values = [float(late(View(torch.ones(1, 3, 2, 2), None, number))) for number in (1, 2, 3, 4)]
    assert (asked, values) == ([3, 4], [0, 0, 12, 12])
