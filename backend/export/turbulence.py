"""The noise of SVG's feTurbulence: the same in every program that keeps to the standard.

Perlin's gradient noise with the lattice and the random numbers that SVG 1.1, section 15.24, prescribes.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

Field = npt.NDArray[np.float64]
Table = npt.NDArray[np.int64]

SIZE = 256  # of the lattice
ORIGIN = 4096  # added to coordinates, which may be negative


def fractal_noise(x: Field, y: Field, frequency: float, octaves: int, seed: int, channel: int) -> Field:
    """feTurbulence of type fractalNoise, 0 … 1, at places in user units; channel 0 … 3: red, green, blue, alpha."""
    total = np.zeros(np.broadcast_shapes(x.shape, y.shape))
    for octave in range(octaves):
        scale = frequency * 2**octave
        total += _noise(x * scale, y * scale, seed, channel) / 2**octave
    noise: Field = ((total + 1) / 2).clip(0, 1)
    return noise


def _noise(x: Field, y: Field, seed: int, channel: int) -> Field:
    """Gradient noise about -1 … 1 at places in cells of the lattice."""
    order, gradients = _tables(seed)
    x, y = x + ORIGIN, y + ORIGIN
    left, top = x.astype(np.int64), y.astype(np.int64)
    fx, fy = x - left, y - top
    columns, rows = (left % SIZE, (left + 1) % SIZE), (top % SIZE, (top + 1) % SIZE)

    def corner(i: int, j: int) -> Field:
        cell = order[(order[columns[i]] + rows[j]) % SIZE]
        product: Field = (fx - i) * gradients[channel, 0][cell] + (fy - j) * gradients[channel, 1][cell]
        return product

    sx, sy = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy)
    upper = corner(0, 0) + sx * (corner(1, 0) - corner(0, 0))
    lower = corner(0, 1) + sx * (corner(1, 1) - corner(0, 1))
    noise: Field = upper + sy * (lower - upper)
    return noise


@cache
def _tables(seed: int) -> tuple[Table, Field]:
    """The shuffled lattice [256] and its unit gradients [4, 2, 256] of each channel."""
    state = seed if seed > 0 else -(seed % (2**31 - 2)) + 1

    def random() -> int:
        nonlocal state
        state = 16807 * state % (2**31 - 1)
        return state

    draws = [((random() % (2 * SIZE)) - SIZE, (random() % (2 * SIZE)) - SIZE) for _ in range(4 * SIZE)]
    gradients = np.array(draws, np.float64).reshape(4, SIZE, 2) / SIZE
    gradients /= np.hypot(gradients[..., 0], gradients[..., 1])[..., None]
    order = list(range(SIZE))
    for i in range(SIZE - 1, 0, -1):
        j = random() % SIZE
        order[i], order[j] = order[j], order[i]
    return np.array(order, np.int64), np.ascontiguousarray(gradients.swapaxes(1, 2))
