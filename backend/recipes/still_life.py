"""A photograph of nothing that exists: a cup, a pear and an apple on a white table, computed by sphere tracing."""

from __future__ import annotations

import numpy as np

LIGHT = np.array([-0.55, 0.75, 0.45]) / np.linalg.norm([-0.55, 0.75, 0.45])
EYE, AIM = np.array([0.0, 2.5, 4.6]), np.array([-0.2, 0.52, 0.0])
WHITE, BLUE, GREEN, RED, BROWN, TEA = np.array(
    [(0.96, 0.96, 0.95), (0.22, 0.38, 0.68), (0.66, 0.72, 0.22), (0.78, 0.16, 0.14), (0.3, 0.2, 0.12), (0.35, 0.16, 0.06)]
)


def still_life(height: int, width: int) -> np.ndarray:
    """Pixels [height, width, 3] of 0 … 255."""
    forward = (AIM - EYE) / np.linalg.norm(AIM - EYE)
    right = np.cross(forward, [0, 1, 0])
    right /= np.linalg.norm(right)
    up = np.cross(right, forward)
    y, x = np.mgrid[0:height, 0:width]
    u, v = (x + 0.5 - width / 2) / height * 0.49, (height / 2 - y - 0.5) / height * 0.49
    rays = forward + u[..., None] * right + v[..., None] * up
    rays = (rays / np.linalg.norm(rays, axis=-1, keepdims=True)).reshape(-1, 3)
    at, hit = _march(np.tile(EYE, (len(rays), 1)), rays, 9.0)
    colors = np.tile(WHITE, (len(rays), 1))
    points = at[hit]
    kind = _scene(points).argmin(0)
    normal = _normal(points)
    light = np.clip(normal @ LIGHT, 0, 1)
    _end, blocked = _march(points + 0.02 * normal, np.tile(LIGHT, (len(points), 1)), 3.0)
    light = np.where(blocked, 0.08, light)
    sky = 0.5 + 0.5 * normal[:, 1]
    shine = np.clip((normal * _halfway(points)).sum(1), 0, 1) ** 50 * ~blocked
    table = kind == 0
    lit = np.where(table, np.where(blocked, 0.62, 1.0), 0.2 + 0.25 * sky + 0.75 * light)
    albedo = np.stack([WHITE, BLUE, TEA, GREEN, RED, BROWN])[kind]
    colors[hit] = np.clip(albedo * lit[:, None] + 0.35 * (shine * ~table)[:, None], 0, 1)
    return (255 * colors.reshape(height, width, 3) ** (1 / 1.25)).round().astype(np.uint8)


def _halfway(points: np.ndarray) -> np.ndarray:
    half = LIGHT + (EYE - points) / np.linalg.norm(EYE - points, axis=1, keepdims=True)
    return half / np.linalg.norm(half, axis=1, keepdims=True)


def _march(start: np.ndarray, rays: np.ndarray, far: float) -> tuple[np.ndarray, np.ndarray]:
    """Where rays meet the scene [N, 3], and which do."""
    way, going = np.zeros(len(rays)), np.ones(len(rays), bool)
    hit = np.zeros(len(rays), bool)
    for _ in range(110):
        which = np.flatnonzero(going)
        if not len(which):
            break
        distance = _scene(start[which] + way[which, None] * rays[which]).min(0)
        way[which] += 0.85 * distance
        hit[which] = distance < 0.0015
        going[which] = (distance >= 0.0015) & (way[which] < far)
    return start + way[:, None] * rays, hit


def _normal(points: np.ndarray) -> np.ndarray:
    step = 0.002
    slope = np.stack([_scene(points + d).min(0) - _scene(points - d).min(0) for d in step * np.eye(3)], 1)
    return slope / np.linalg.norm(slope, axis=1, keepdims=True)


def _scene(p: np.ndarray) -> np.ndarray:
    """Distances [6, N] to table, cup, tea, pear, apple and stems."""
    table = p[:, 1]
    cup = np.minimum(_cup(p - [-0.85, 0.0, -0.1]), _handle(p - [-1.42, 0.52, -0.02]))
    tea = np.maximum(_disc(p - [-0.85, 0.72, -0.1], 0.46), -1.0)
    pear = _union(_ball(p - [0.12, 0.42, -0.55], 0.42), _ball(p - [0.19, 1.02, -0.55], 0.2), 0.3)
    apple = -_union(-_ball((p - [0.72, 0.36, 0.3]) * [1, 1.08, 1], 0.38), _ball(p - [0.72, 0.83, 0.3], 0.1), 0.12)
    stems = np.minimum(_stick(p, [0.21, 1.18, -0.55], [0.31, 1.42, -0.52]), _stick(p, [0.72, 0.66, 0.3], [0.8, 0.9, 0.28]))
    return np.stack([table, cup, tea, pear, apple, stems])


def _ball(p: np.ndarray, radius: float) -> np.ndarray:
    return np.linalg.norm(p, axis=1) - radius


def _union(a: np.ndarray, b: np.ndarray, soft: float) -> np.ndarray:
    h = np.clip(0.5 + 0.5 * (b - a) / soft, 0, 1)
    return b * (1 - h) + a * h - soft * h * (1 - h)


def _cup(p: np.ndarray) -> np.ndarray:
    around = np.hypot(p[:, 0], p[:, 2])
    outer = np.maximum(around - (0.42 + 0.14 * np.clip(p[:, 1], 0, 1)), np.abs(p[:, 1] - 0.45) - 0.45)
    inner = np.maximum(around - (0.36 + 0.14 * np.clip(p[:, 1], 0, 1)), np.abs(p[:, 1] - 0.6) - 0.52)
    return np.maximum(outer, -inner) * 0.9


def _handle(p: np.ndarray) -> np.ndarray:
    ring = np.hypot(p[:, 0] - 0.05, p[:, 1]) - 0.22
    return np.hypot(ring, p[:, 2]) - 0.05


def _disc(p: np.ndarray, radius: float) -> np.ndarray:
    return np.maximum(np.hypot(p[:, 0], p[:, 2]) - radius, np.abs(p[:, 1]) - 0.02) * 0.9


def _stick(p: np.ndarray, start: list[float], end: list[float]) -> np.ndarray:
    way = np.subtract(end, start)
    along = np.clip(((p - start) @ way) / (way @ way), 0, 1)
    return np.linalg.norm(p - start - along[:, None] * way, axis=1) - 0.025
