"""A picture of patches of an exemplar that have its tones and directions (texture transfer, Efros and Freeman 2001)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from backend.perception.flow import Flow, flow_of
from backend.perception.quilting import cut_mask

Map = npt.NDArray[np.float32]


@dataclass(frozen=True)
class TransferSettings:
    """How patches are chosen."""

    patch: int = 24  # px
    overlap: float = 0.4  # share of a patch
    turns: int = 8  # directions in which the exemplar is offered, evenly over half a turn
    offered: int = 16_000  # patches of the exemplar at most
    compared: int = 120  # those nearest in tone and direction, among which the joints decide
    direction: float = 30.0  # what a wrong direction weighs beside a wrong tone, L
    color: float = 0.6  # what a wrong color weighs
    unrest: float = 4.0  # what coarse structure weighs where the target has none (or the reverse), beside a wrong tone
    joint: float = 0.5  # what a bad joint weighs beside what a patch shows
    reuse: float = 6.0  # what each earlier use of a patch, or of one beside it, weighs, L²
    feather: float = 0.8  # px, softness of cuts


@dataclass(frozen=True)
class _Offer:
    """Patches that may be laid."""

    patches: Map  # [N, P, P, 3] Lab
    features: Map  # [N, F]
    origins: npt.NDArray[np.intp]  # [N], equal where patches come from about the same place


def transfer(
    target: Map, flow: Flow, exemplar: Map, settings: TransferSettings, chance: np.random.Generator
) -> Iterator[tuple[float, Map]]:
    """A picture like the target [H, W, 3] of patches of the exemplar, both Lab, as the share done and the picture so far.

    flow: of the target. Differs from the paper: directions count, and the exemplar is offered turned; the choice falls among
    those patches of a sample that show the right thing, so that it takes seconds.
    """
    patch, (height, width) = settings.patch, target.shape[:2]
    step = patch - round(patch * settings.overlap)
    offer = _offered(exemplar, settings, chance)
    room = (patch + step * max(0, -(-(height - patch) // step)), patch + step * max(0, -(-(width - patch) // step)))
    border = (0, room[0] - height, 0, room[1] - width, cv2.BORDER_REFLECT_101)
    wanted = _features(
        cv2.copyMakeBorder(target, *border),
        Flow(*(cv2.copyMakeBorder(f, *border) for f in (flow.double_cos, flow.double_sin))),
        settings,
    )
    count = min(settings.compared, len(offer.features))
    used = np.zeros(int(offer.origins.max()) + 1, np.float32)
    canvas, known = np.zeros((*room, 3), np.float32), np.zeros(room, np.float32)
    rows, columns = (range(0, side - patch + 1, step) for side in room)
    for i, top in enumerate(rows):
        row = wanted[top, columns.start : columns.stop : columns.step]
        apart = (row**2).sum(1)[:, None] + (offer.features**2).sum(1)[None] - 2 * row @ offer.features.T
        for number, left in enumerate(columns):
            place = np.s_[top : top + patch, left : left + patch]
            nearest = np.argpartition(apart[number], count - 1)[:count]
            costs = apart[number][nearest] + settings.reuse * used[offer.origins[nearest]]
            best = nearest[_best(offer.patches[nearest], costs, canvas[place], known[place], settings)]
            chosen = offer.patches[best]
            used[offer.origins[best]] += 1
            error = ((chosen - canvas[place]) ** 2).sum(2)
            share = cut_mask(error, known[place], patch // 2, settings.feather)[..., None]
            canvas[place] = share * chosen + (1 - share) * canvas[place]
            known[place] = 1
        yield (i + 1) / len(rows), canvas[:height, :width]


def _best(patches: Map, apart: Map, before: Map, known: Map, settings: TransferSettings) -> int:
    """Which patch shows the right thing and fits its neighbors."""
    if not known.any():
        return int(apart.argmin())
    joint = np.einsum("nijc,ij->n", (patches - before) ** 2, known) / known.sum()
    return int((apart + settings.joint * joint).argmin())


def _offered(exemplar: Map, settings: TransferSettings, chance: np.random.Generator) -> _Offer:
    """Patches of the exemplar in several directions."""
    each = settings.offered // settings.turns
    patches, features, origins = [], [], []
    cell = max(1, settings.patch // 2)
    for turn in range(settings.turns):
        picture, inside = _turned(exemplar, 180.0 * turn / settings.turns)
        flow = flow_of(picture[..., 0], settings.patch / 6)
        y, x = _places(inside, settings.patch, each, chance).T
        windows = np.lib.stride_tricks.sliding_window_view(picture, (settings.patch, settings.patch), (0, 1))
        patches.append(windows[y, x].transpose(0, 2, 3, 1))
        features.append(_features(picture, flow, settings)[y, x])
        origins.append((turn * 10_000 + y // cell) * 10_000 + x // cell)
    return _Offer(
        np.ascontiguousarray(np.concatenate(patches)),
        np.concatenate(features),
        np.unique(np.concatenate(origins), return_inverse=True)[1],
    )


def _turned(exemplar: Map, angle: float) -> tuple[Map, Map]:
    """The exemplar turned on a canvas that holds it, and where it lies there (1 inside)."""
    height, width = exemplar.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = (round(height * sin + width * cos), round(height * cos + width * sin))
    matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    picture = cv2.warpAffine(exemplar, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    inside = cv2.warpAffine(np.ones((height, width), np.float32), matrix, size, flags=cv2.INTER_LINEAR)
    return picture, inside


def _places(inside: Map, patch: int, count: int, chance: np.random.Generator) -> npt.NDArray[np.intp]:
    """Corners [N, 2] (y, x) of patches that lie inside, a sample of `count` at most."""
    whole = cv2.erode((inside > 0.99).astype(np.uint8), np.ones((patch, patch), np.uint8), anchor=(0, 0), borderValue=0)
    whole[-patch + 1 :], whole[:, -patch + 1 :] = 0, 0
    found = np.argwhere(whole > 0)
    if len(found) > count:
        found = found[np.sort(chance.choice(len(found), count, replace=False))]
    return found


def _features(picture: Map, flow: Flow, settings: TransferSettings) -> Map:
    """What the patch that begins at each place shows [H, W, 14]: its lightness in nine parts, color, direction, and unrest.

    Unrest is the deviation of lightness as seen without fine lines: hatching has little of it, letters have much.
    """
    patch, third = settings.patch, settings.patch / 3
    box, part = (patch, patch), (round(third), round(third))
    tones = cv2.blur(picture[..., 0], part, borderType=cv2.BORDER_REFLECT_101)
    middles = [int(third * (i + 0.5)) for i in range(3)]
    nine = [_ahead(tones, y, x) / 3 for y in middles for x in middles]
    color = [settings.color * _ahead(cv2.blur(picture[..., c], box), patch // 2, patch // 2) for c in (1, 2)]
    double = (flow.double_cos, flow.double_sin)
    direction = [settings.direction * _ahead(cv2.blur(d, box), patch // 2, patch // 2) for d in double]
    seen = cv2.GaussianBlur(picture[..., 0], (0, 0), patch / 6)
    varied = cv2.blur(seen**2, box) - cv2.blur(seen, box) ** 2
    unrest = settings.unrest * _ahead(np.sqrt(np.maximum(varied, 0)), patch // 2, patch // 2)
    return np.stack([*nine, *color, *direction, unrest], 2).astype(np.float32)


def _ahead(layer: Map, down: int, right: int) -> Map:
    """The layer as seen from `down` and `right` px before each place; it ends as it is at the border."""
    return np.pad(layer, ((0, down), (0, right)), mode="edge")[down:, right:]
