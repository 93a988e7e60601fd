"""Synthetic pictures and lines for the tests of the drawing engine."""

import io
import itertools

import cv2
import numpy as np
import torch
from PIL import Image

from backend.perception.photograph import Photograph


def tensor(pixels):
    """Pixels [H, W] or [H, W, 3] of 0 … 255 as an image [1, 3, H, W]."""
    rgb = pixels if pixels.ndim == 3 else np.dstack([pixels] * 3)
    return torch.from_numpy(rgb.astype(np.float32) / 255).permute(2, 0, 1)[None].contiguous()


def photograph(pixels):
    return Photograph(tensor(pixels))


def blank(height, width, value=255):
    return np.full((height, width, 3), value, np.uint8)


def disc(size=160, radius=50, color=(40, 50, 60)):
    """A dark disc in the middle of a white square."""
    return cv2.circle(blank(size, size), (size // 2, size // 2), radius, color, -1, cv2.LINE_AA)


def square(size=160, side=90):
    """A black square in the middle of a white one."""
    start = (size - side) // 2
    pixels = blank(size, size)
    pixels[start : start + side, start : start + side] = 0
    return pixels


def two_squares():
    """Black squares of 80 px at x 30 … 110 and x 190 … 270, y 60 … 140, on white."""
    pixels = blank(200, 300)
    pixels[60:140, 30:110] = pixels[60:140, 190:270] = 0
    return pixels


def face():
    """A round face with eyes, brows, nose and mouth on a flat backdrop."""
    pixels = blank(200, 200, 235)
    cv2.ellipse(pixels, (100, 100), (62, 78), 0, 0, 360, (215, 170, 140), -1, cv2.LINE_AA)
    for x in (76, 124):
        cv2.circle(pixels, (x, 85), 7, (40, 40, 40), -1, cv2.LINE_AA)
        cv2.line(pixels, (x - 14, 66), (x + 14, 66), (70, 45, 30), 4, cv2.LINE_AA)
    cv2.line(pixels, (100, 90), (96, 118), (150, 100, 80), 3, cv2.LINE_AA)
    cv2.ellipse(pixels, (100, 138), (26, 10), 0, 0, 180, (150, 40, 50), 4, cv2.LINE_AA)
    return pixels


def noise(height, width, low=0, high=256, seed=0):
    return np.random.default_rng(seed).integers(low, high, (height, width, 3)).astype(np.uint8)


def file_of(image, form, **options):
    """The bytes of a Pillow image (or of pixels) as a file."""
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    data = io.BytesIO()
    image.save(data, form, **options)
    return data.getvalue()


def along(*corners, step=1.0):
    """Points [M, 2] about `step` px apart along a polyline."""
    rows = []
    for start, end in itertools.pairwise(corners):
        start, end = np.array(start, float), np.array(end, float)
        count = max(1, round(float(np.linalg.norm(end - start)) / step))
        rows.append(start + (end - start) * np.arange(count)[:, None] / count)
    return np.concatenate([*rows, np.array(corners[-1:], float)])


def around(center, radius, start=0.0, end=2 * np.pi, step=1.0):
    """Points [M, 2] about `step` px apart along an arc."""
    angle = np.linspace(start, end, max(4, round(radius * abs(end - start) / step) + 1))
    return np.array(center, float) + radius * np.stack([np.cos(angle), np.sin(angle)], 1)


def ridge_field(size, *rows, sigma=1.5):
    """A line field (strength, tangent x, tangent y, each [H, W]) whose ridges are these rows of points."""
    height, width = size
    nearest = np.full(size, np.inf)
    tangent_x, tangent_y = np.ones(size), np.zeros(size)
    y, x = np.mgrid[0:height, 0:width].astype(float)
    for row in rows:
        for start, way in zip(row[:-1], np.diff(row, axis=0), strict=True):
            left, top = (max(0, int(c) - 6) for c in start)
            near = np.s_[top : max(0, int(start[1]) + 7), left : max(0, int(start[0]) + 7)]
            dx, dy = x[near] - start[0], y[near] - start[1]
            part = ((dx * way[0] + dy * way[1]) / (way @ way)).clip(0, 1)
            distance = np.hypot(dx - part * way[0], dy - part * way[1])
            closer = distance < nearest[near]
            nearest[near][closer] = distance[closer]
            tangent_x[near][closer], tangent_y[near][closer] = way / np.linalg.norm(way)
    strength = np.exp(-0.5 * (nearest / sigma) ** 2)
    return tuple(layer.astype(np.float32) for layer in (strength, tangent_x, tangent_y))


def distances(points, others):
    """How far each of the points [M, 2] is from the nearest of the others [K, 2]."""
    points, others = np.asarray(points, float), np.asarray(others, float)
    return np.linalg.norm(points[:, None] - others[None], axis=2).min(1)
