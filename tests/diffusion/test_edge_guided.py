"""Redrawing: nothing of the schedule is lost, shares and strength do what they say, inversion finds its noise again."""

from dataclasses import replace

import pytest
import torch

from backend.core.errors import BadRequest
from backend.core.work import completed
from backend.diffusion import edge_guided as module
from backend.diffusion.conditions import text_condition
from backend.diffusion.denoising import Predictor, denoised
from backend.diffusion.edge_guided import INVERSIONS, EdgeGuided, Shares, covering, edge_guided
from backend.diffusion.latents import decode, encode, size_for
from tests.pictures import disc, face, photograph


@pytest.fixture(scope="module")
def pictures():
    content = photograph(face()).pixels[..., :120, :]
    edges = photograph(disc(200, 60)).pixels[..., :120, :].mean(1, keepdim=True)
    return content, edges, photograph(face()).pixels.flip(2)


def redrawn(networks, pictures, report=lambda progress: None, **settings):
    chosen = EdgeGuided(**{"steps": 10, **settings})
    return completed(edge_guided(*pictures, text_condition(networks, "a horse"), networks, chosen), report)


def test_the_picture_keeps_its_size_and_aspect_ratio(networks_of, pictures):
    networks = networks_of()
    assert size_for(networks, (120, 200)) == (16, 32) and size_for(networks, (200, 200)) == (32, 32)
    assert size_for(networks, (10, 2000)) == (16, 32)
    found = redrawn(networks, pictures)
    assert found.image.shape == pictures[0].shape and found.steps == 4 and torch.isfinite(found.image).all()


def test_a_seed_gives_one_picture(networks_of, pictures):
    networks = networks_of()
    assert torch.equal(redrawn(networks, pictures).image, redrawn(networks, pictures).image)
    assert not torch.equal(redrawn(networks, pictures).image, redrawn(networks, pictures, seed=1).image)


@pytest.mark.parametrize("inversion", INVERSIONS)
def test_more_strength_takes_more_steps(networks_of, pictures, inversion):
    networks, seen = networks_of(), []
    for strength, steps in ((0.1, 1), (0.4, 4), (1.0, 10)):
        found = redrawn(networks, pictures, seen.append, strength=strength, inversion=inversion)
        assert found.steps == steps and torch.isfinite(found.image).all()
    assert sum(progress.stage == "redrawing" for progress in seen) == 15


@pytest.mark.parametrize("part", ["edges", "style"])
def test_edge_map_and_style_image_take_part(networks_of, pictures, part):
    networks, (content, edges, style) = networks_of(), pictures
    other = (content, 1 - edges, style) if part == "edges" else (content, edges, style.flip(3))
    assert not torch.equal(redrawn(networks, pictures).image, redrawn(networks, other).image)


def test_a_network_that_sees_no_noise_leaves_the_mixed_latents(networks_of, pictures, monkeypatch):
    """With ε = 0 both inversions give z_t = √ᾱ_t z₀ and DDIM leads back to z₀, exactly."""
    networks = networks_of()
    monkeypatch.setattr(Predictor, "__call__", lambda self, latents, time: torch.zeros_like(latents))
    content = [encode(networks, p) for p in (module.resized(pictures[0], (16, 32)), covering(pictures[2], (16, 32)))]
    wanted = decode(networks, 0.7 * content[0] + 0.3 * content[1])
    found = redrawn(networks, pictures, strength=0.4)
    assert torch.allclose(found.image, module.resized(wanted, (120, 200)), atol=1e-3)
    weaker = redrawn(networks, pictures, strength=0.2)
    mixed = decode(networks, 0.85 * content[0] + 0.15 * content[1])
    assert torch.allclose(weaker.image, module.resized(mixed, (120, 200)), atol=1e-3)


def test_ddim_inversion_leads_back_to_its_source(networks_of):
    """Taken backwards and forwards, the steps come back to where they began, the nearer the smaller they are."""
    networks = networks_of()
    predictor = Predictor(networks, text_condition(networks, "a horse"), 1.0)
    source = torch.rand(1, 4, 8, 16, generator=torch.Generator().manual_seed(0))

    def apart(steps):
        scheduler = module._ddim(networks)
        scheduler.set_timesteps(steps)
        begin = steps - steps * 4 // 10
        found = module.ddim_inversion(module._Noise(predictor, scheduler), source, begin, torch.zeros(()))
        start = module._mixed(source, found, scheduler, scheduler.timesteps[begin])
        steps_back = list(denoised(predictor, start, scheduler, torch.Generator(), begin))
        return float((steps_back[-1].latents - source).abs().mean())

    few, many = apart(10), apart(100)
    assert many < 0.02 and many < 0.25 * few


def test_the_noise_has_the_variance_that_networks_expect(networks_of, pictures, monkeypatch):
    networks, asked = networks_of(), []
    monkeypatch.setattr(Predictor, "__call__", lambda self, latents, time: asked.append((latents, int(time))) or latents * 0)
    zero = Shares(0.0, 0.0, 0.0)
    redrawn(networks, pictures, strength=1.0, inverted=zero)
    latents, time = asked[0]
    kept = float(networks.scheduler.alphas_cumprod[time])
    assert time > 850 and float(latents.std()) == pytest.approx((1 - kept) ** 0.5, rel=0.1)


def test_networks_that_predict_velocity_are_asked_for_noise(networks_of):
    networks = networks_of()
    scheduler = module._ddim(networks)
    scheduler.register_to_config(prediction_type="v_prediction")
    noisy = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    clean, drawn = 2 * noisy, None
    kept = float(scheduler.alphas_cumprod[500])
    drawn = (noisy - kept**0.5 * clean) / (1 - kept) ** 0.5
    velocity = kept**0.5 * drawn - (1 - kept) ** 0.5 * clean
    asked = module._Noise(lambda latents, time: velocity, scheduler)
    assert torch.allclose(asked(noisy, torch.tensor(500)), drawn, atol=1e-4)


def test_a_style_image_is_cut_not_squashed():
    stripes = torch.zeros(1, 3, 40, 100)
    stripes[..., ::2] = 1
    assert torch.equal(covering(stripes, (40, 40)), stripes[..., 30:70])
    assert covering(stripes, (10, 50)).shape == (1, 3, 10, 50)


@pytest.mark.parametrize(
    ("settings", "word"),
    [({"strength": 0.0}, "strength"), ({"steps": 0}, "steps"), ({"cfg_scale": 101}, "CFG"), ({"inversion": "none"}, "ddim")],
)
def test_what_cannot_be_is_said(settings, word):
    with pytest.raises(BadRequest, match=word):
        replace(EdgeGuided(), **settings)
