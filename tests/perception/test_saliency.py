import torch

from backend.perception.saliency import saliency_map


class Dark:
    """Evidence wherever the picture is dark."""

    name, layers = "dark", ()

    def __call__(self, images):
        return {}

    def saliency(self, images, inside=None):
        return torch.nn.functional.avg_pool2d(1 - images.mean(1, keepdim=True), 8)


def test_saliency_lies_where_the_evidence_is_and_only_on_the_subject():
    image, mask = torch.ones(1, 3, 120, 160), torch.zeros(1, 1, 120, 160)
    mask[..., :80] = 1
    image[..., 40:70, 20:50] = image[..., 40:70, 110:140] = 0
    found = saliency_map(Dark(), image, mask)
    assert found.shape == mask.shape
    assert float(found.max()) == 1
    assert float(found[..., 50:60, 30:40].min()) > 0.8
    assert float(found[..., 80:].max()) == 0
    assert float(found[..., :20, :10].max()) < 0.1


def test_a_picture_without_evidence_has_no_saliency():
    found = saliency_map(Dark(), torch.ones(1, 3, 64, 64), torch.ones(1, 1, 64, 64))
    assert bool(torch.isfinite(found).all())
    assert float(found.max()) == 0
