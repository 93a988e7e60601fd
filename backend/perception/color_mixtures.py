"""Two mixtures of Gaussians, of the colors of a background and of a foreground, as GrabCut learns them (Rother et al. 2004)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch

Bits = npt.NDArray[np.uint8]  # [H, W], 1 = foreground
Values = npt.NDArray[np.float64]

COUNT = 5  # Gaussians of each mixture; the background's come first
ROUNDS = 10  # of k-means, by which they begin
FLAT, NOISE = 1e-6, 0.01  # a covariance of a smaller determinant gets some noise
SQUARES, PRODUCTS = ((0, 0), (1, 1), (2, 2)), ((0, 1), (0, 2), (1, 2))


@dataclass(frozen=True)
class ColorMixtures:
    """Both mixtures, 2 COUNT Gaussians in all, whose number is K."""

    exponents: Values  # [K, 10] each Gaussian's exponent, by the powers of a color
    heights: Values  # [K]
    shares: Values  # [2, K] of the Gaussians in the background and in the foreground

    def densities(self, powers: Values) -> Values:
        """Of each Gaussian [K, N] at colors given by their powers [10, N]."""
        found = _product(self.exponents, powers)
        np.exp(found, out=found)
        found *= self.heights[:, None]
        return found

    def surplus(self, densities: Values) -> Values:
        """How much likelier colors are in the foreground than in the background [N], as a difference of logarithms."""
        with np.errstate(divide="ignore", invalid="ignore"):
            background, foreground = np.log(_product(self.shares, densities))
            return np.nan_to_num(foreground - background, nan=0.0, posinf=np.inf, neginf=-np.inf)


def powers_of(image: npt.NDArray[np.uint8]) -> Values:
    """The powers [10, N] of the colors of a picture [H, W, 3]: squares, products, the channels, 1."""
    channels = image.reshape(-1, 3).T.astype(np.float64)
    pairs = [channels[i] * channels[j] for i, j in (*SQUARES, *PRODUCTS)]
    return np.stack([*pairs, *channels, np.ones(channels.shape[1])])


def first_mixtures(image: npt.NDArray[np.uint8], bits: Bits, powers: Values) -> ColorMixtures:
    """Of what bits say about a picture [H, W, 3], both sides divided by k-means, by OpenCV's generator of random numbers."""
    colors, kept = image.reshape(-1, 3), bits.ravel() > 0
    members = np.empty(kept.size, np.intp)
    for first, side in ((0, ~kept), (COUNT, kept)):
        samples = colors[side].astype(np.float32)
        ending = (cv2.TERM_CRITERIA_MAX_ITER, ROUNDS, 0.0)
        count = min(COUNT, len(samples))
        _score, labels, _centers = cv2.kmeans(samples, count, None, ending, 0, cv2.KMEANS_PP_CENTERS)  # type: ignore[call-overload]
        members[side] = first + np.asarray(labels).ravel()
    return mixtures_of(members, powers)


def next_mixtures(bits: Bits, densities: Values, powers: Values) -> ColorMixtures:
    """Of what bits say, each pixel belonging to the Gaussian of its side that is densest there [K, N]."""
    background, foreground = densities[:COUNT].argmax(0), densities[COUNT:].argmax(0) + COUNT
    return mixtures_of(np.where(bits.ravel() > 0, foreground, background), powers)


def mixtures_of(members: npt.NDArray[np.intp], powers: Values) -> ColorMixtures:
    """Of pixels [N] that belong to one Gaussian each."""
    sums = np.stack([np.bincount(members, row, 2 * COUNT) for row in powers], 1)
    exponents, heights, counts = np.zeros((2 * COUNT, 10)), np.zeros(2 * COUNT), sums[:, 9]
    for k in np.flatnonzero(counts):
        mean = sums[k, 6:9] / counts[k]
        covariance = _symmetric(sums[k, :6] / counts[k]) - np.outer(mean, mean)
        if np.linalg.det(covariance) <= FLAT:
            covariance += NOISE * np.eye(3)
        exponents[k] = _exponent(mean, np.asarray(np.linalg.inv(covariance), np.float64))
        heights[k] = 1 / np.sqrt(np.linalg.det(covariance))
    sides = np.kron(np.eye(2), np.ones(COUNT))
    return ColorMixtures(exponents, heights, sides * counts / np.maximum((sides * counts).sum(1, keepdims=True), 1))


def _product(matrix: Values, columns: Values) -> Values:
    """Their product by torch: numpy's threads would go on turning on the other core, where faces are looked for."""
    return torch.mm(torch.from_numpy(matrix), torch.from_numpy(columns)).numpy()


def _symmetric(values: Values) -> Values:
    """The matrix [3, 3] of squares and products."""
    matrix = np.diag(values[:3])
    for value, (i, j) in zip(values[3:], PRODUCTS, strict=True):
        matrix[i, j] = matrix[j, i] = value
    return matrix


def _exponent(mean: Values, inverse: Values) -> Values:
    """−½ (c − mean)ᵀ inverse (c − mean) by the powers of c [10]."""
    squares = [-0.5 * inverse[i, i] for i, _ in SQUARES]
    products = [-inverse[i, j] for i, j in PRODUCTS]
    return np.array([*squares, *products, *(inverse @ mean), -0.5 * mean @ inverse @ mean])
