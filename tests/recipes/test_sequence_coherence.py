"""A clip drawn as one against each of its frames drawn alone: steadier, as near to the lines, and strokes stay themselves.

`pytest -m slow -s tests/recipes/test_sequence_coherence.py` prints what was measured.
"""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from backend.core.work import completed
from backend.perception.frames import find_clip
from backend.perception.photograph import Photograph
from backend.recipes import RECIPES, Inputs, SketchChoices
from backend.recipes.sequence_ahead import SequenceInputs
from backend.recipes.sequence_sketch import SEQUENCE_SKETCH
from backend.style_library import load_pack
from tests.pools import bare_pool
from tests.recipes.coherence import FrameLines, acceleration, chains, rows, warp_error, ways
from tests.recipes.made_clips import MADE, SIZE

MALLARD = Path(__file__).parents[2].parent / "shared" / "data" / "sequences" / "mallard-water"
POOL = bare_pool()
PACK = load_pack("technical-pen", Path("no-packs-of-its-own"))
FRAMES = 16


def drawn_alone(frame):
    pixels = torch.from_numpy(frame.astype(np.float32) / 255).permute(2, 0, 1)[None].contiguous()
    [layer] = completed(RECIPES["object"].run(Inputs(Photograph(pixels)), SketchChoices(), PACK, POOL)).layers
    return [layer.framing.to_source(layer.strokes.curve(i).double()).numpy() for i in range(len(layer.strokes))]


def measured(clip, step=None, inside=lambda stroke: True):
    """What the bounds are about; step: the known motion; inside: is what this stroke shows still in the picture at the end?"""
    frames = list(clip.frames())
    moving = completed(SEQUENCE_SKETCH.run(SequenceInputs(clip), SketchChoices(), PACK, POOL))
    alone, lines = [drawn_alone(frame) for frame in frames], [FrameLines.of(frame) for frame in frames]
    shown = [[stroke.points_at(k) for stroke in moving.seen_at(k) if stroke.opacity_at(k) > 0.5] for k in range(moving.frames)]
    beginning = [stroke for stroke in moving.strokes if stroke.first == 0 and inside(stroke)]
    kept = [stroke for stroke in beginning if stroke.end == moving.frames and stroke.opacities[-1] > 0.5]
    one, other = chains(alone), ways(moving)

    def distance(drawings):
        return np.mean([line.mean_distance(curves) for line, curves in zip(lines, drawings, strict=True)])

    figures = {
        "pixels": distance(shown),
        "steadier": acceleration(one) / acceleration(other),
        "distance": distance(shown) / distance(alone),
        "frozen": distance([shown[0]] * len(frames)) / distance(alone),
        "identity": len(kept) / len(beginning),
    }
    if step:
        figures["warp"] = warp_error(one, step) / warp_error(other, step)
    return figures


def told(name, figures):
    print(f"\n{name}: " + ", ".join(f"{key} {value:.3g}" for key, value in figures.items()))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_real_clip():
    if not MALLARD.is_dir():
        pytest.skip(f"no real clip: {MALLARD} is not there")
    figures = measured(find_clip(str(MALLARD)))
    told("mallard", figures)
    assert figures["steadier"] >= 5 and figures["identity"] >= 0.9
    assert figures["distance"] <= 1.2 < figures["frozen"] and figures["pixels"] <= 1.0


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", ["pan", "zoom", "rotate"])
def test_a_clip_of_known_motion(tmp_path, name):
    made = MADE[name](FRAMES)

    def inside(stroke):
        end = made.way(0, FRAMES - 1, rows([stroke.points[0]])[0])
        return ((end > 4) & (end < (SIZE[1] - 4, SIZE[0] - 4))).all(1).mean() > 0.5

    figures = measured(saved(made, tmp_path), made.step, inside)
    told(name, figures)
    assert figures["steadier"] >= 5 and figures["warp"] >= 5
    assert figures["distance"] <= 1.2 < figures["frozen"] and figures["identity"] >= 0.9


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_what_walks_behind_a_post_comes_out_as_itself(tmp_path):
    made = MADE["post"](FRAMES)
    moving = completed(SEQUENCE_SKETCH.run(SequenceInputs(saved(made, tmp_path)), SketchChoices(), PACK, POOL))
    walking = [stroke for stroke in moving.strokes if stroke.first == 0 and np.ptp(stroke.points[:4].mean(1), axis=0)[0] > 20]
    hidden, wrong = 0, 0
    for stroke in walking:
        for k in range(FRAMES):
            places = made.way(0, k, rows([stroke.points[0]])[0]).round().astype(int)
            behind = made.hidden[k][places[:, 1].clip(0, SIZE[0] - 1), places[:, 0].clip(0, SIZE[1] - 1)].mean() == 1
            long_hidden = behind and k > 1 and made.hidden[k - 1][places[:, 1].clip(0, SIZE[0] - 1), places[:, 0] - 17].all()
            hidden, wrong = hidden + long_hidden, wrong + (long_hidden and stroke.opacity_at(k) > 0.5)
    back = [stroke for stroke in walking if stroke.end == FRAMES and stroke.opacities[-1] > 0.5]
    ends = [made.way(0, FRAMES - 1, rows([stroke.points[0]])[0]) for stroke in back]
    errors = [np.linalg.norm(rows([b.points[-1]])[0] - end, axis=1).mean() for b, end in zip(back, ends, strict=True)]
    told("post", {"back": len(back) / len(walking), "px beside": np.median(errors), "drawn though hidden": wrong / hidden})
    assert len(back) >= 0.75 * len(walking) and np.median(errors) < 8 and wrong < 0.6 * hidden


def saved(made, folder):
    for number, frame in enumerate(made.frames):
        Image.fromarray(frame).save(folder / f"{number:03d}.png")
    return find_clip(str(folder))
