"""Clips made of one photograph each, so that the motion of everything in them is known."""

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
import skimage.data
import torch

from backend.perception.foreground import find_foreground

SIZE = (400, 540)  # height, width of all frames


@dataclass(frozen=True)
class MadeClip:
    """Frames [H, W, 3] and, for each, the affine map [2, 3] from the photograph to it."""

    frames: list
    maps: list
    hidden: list = field(default_factory=list)  # for each frame [H, W]: what is in front of the subject

    def step(self, number, points):
        """Where points [M, 2] of a frame are in the next one."""
        return self.way(number, number + 1, points)

    def way(self, start, end, points):
        """Where points [M, 2] of one frame are in another."""
        before, after = (np.vstack([self.maps[k], [0, 0, 1]]) for k in (start, end))
        motion = after @ np.linalg.inv(before)
        return points @ motion[:2, :2].T + motion[:2, 2]


def camera(pixels, count, zoom=0.0, turn=0.0, pan=(0.0, 0.0), start=0.75):
    """A photograph filmed: zoom (share), turn (degrees) and pan (px of the frames) over the whole clip, at constant speed."""
    height, width = pixels.shape[:2]
    middle = np.array([width / 2, height / 2])
    maps = []
    for share in np.linspace(0, 1, count):
        scale, angle = start * (1 + zoom * share), np.deg2rad(turn * share)
        rotation = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        there = np.array([SIZE[1] / 2, SIZE[0] / 2]) + np.array(pan) * (share - 0.5)
        maps.append(np.column_stack([rotation, there - rotation @ middle]))
    return MadeClip([_seen(pixels, at, cv2.BORDER_REFLECT) for at in maps], maps)


def behind_a_post(pixels, mask, backdrop, count):
    """A subject that walks behind a post, over a soft backdrop that stands still."""
    post = np.zeros(SIZE, bool)
    post[:, 250:310] = True
    board = cv2.resize(backdrop, SIZE[::-1], interpolation=cv2.INTER_AREA)
    calm = cv2.GaussianBlur(board, (0, 0), 3).astype(np.float32) * 0.4 + 130
    scale = 300 / max(pixels.shape[:2])
    maps, frames = [], []
    for share in np.linspace(0, 1, count):
        x, y = -10 + 270 * share, 70 + 20 * np.sin(2 * np.pi * share)
        maps.append(np.array([[scale, 0, x], [0, scale, y]]))
        cover = _seen(mask, maps[-1], cv2.BORDER_CONSTANT)[..., None]
        frame = calm * (1 - cover) + _seen(pixels.astype(np.float32), maps[-1], cv2.BORDER_REPLICATE) * cover
        frame[post] = (90, 70, 60)
        frame[:, 250:253] = frame[:, 307:310] = 30
        frames.append(frame.clip(0, 255).astype(np.uint8))
    return MadeClip(frames, maps, [post] * count)


def _seen(pixels, at, border):
    return cv2.warpAffine(pixels, at, SIZE[::-1], flags=cv2.INTER_AREA, borderMode=border)


def astronaut_behind_a_post(count):
    """The astronaut, cut out, walks behind a post."""
    pixels = skimage.data.astronaut()
    tensor = torch.from_numpy(pixels.astype(np.float32) / 255).permute(2, 0, 1)[None]
    mask = cv2.GaussianBlur(find_foreground(tensor).mask[0, 0].numpy(), (0, 0), 0.8)
    return behind_a_post(pixels, mask, skimage.data.coffee(), count)


MADE: dict[str, Callable[[int], MadeClip]] = {
    "pan": lambda count: camera(skimage.data.astronaut(), count, pan=(60, 20), start=1.1),
    "zoom": lambda count: camera(skimage.data.chelsea(), count, zoom=0.4, start=1.2),
    "rotate": lambda count: camera(skimage.data.coffee(), count, turn=25, start=0.8),
    "post": astronaut_behind_a_post,
}
