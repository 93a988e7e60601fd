"""One picture's colors carried over to another, in CIE Lab."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Map = npt.NDArray[np.float32]
LEVELS = 512  # by which lightness is matched
BANDS = (1.0, 2.0, 4.0, 8.0, 16.0)  # px, deviations of the Gaussians that tell contrasts apart
MOST_OF_LEVEL = 12.0  # times an even share


def lab_of(pixels: Map) -> Map:
    """sRGB [H, W, 3] in [0, 1] as CIE Lab, L from 0 to 100."""
    found: Map = cv2.cvtColor(np.ascontiguousarray(pixels, np.float32), cv2.COLOR_RGB2LAB)
    return found


def rgb_of(lab: Map) -> Map:
    """CIE Lab [H, W, 3] as sRGB in [0, 1]; colors that a screen cannot show are cut off."""
    found: Map = cv2.cvtColor(np.ascontiguousarray(lab, np.float32), cv2.COLOR_LAB2RGB).clip(0, 1)
    return found


def transported(picture: Map, exemplar: Map, floor: float = 2.0) -> Map:
    """Lab colors [H, W, 3] moved so that mean and covariance are the exemplar's, as little as possible.

    The linear Monge-Kantorovich map (Pitié and Kokaram 2007): t(x) = T (x − μ) + ν with
    T = A^−½ (A^½ B A^½)^½ A^−½, A and B the covariances. floor: least deviation of the picture that is told from noise.
    """
    colors, others = (layer.reshape(-1, 3).astype(np.float64) for layer in (picture, exemplar))
    own = np.cov(colors.T) + floor**2 * np.eye(3)
    root = _power(own, 0.5)
    inverse = _power(own, -0.5)
    matrix = inverse @ _power(root @ np.cov(others.T) @ root, 0.5) @ inverse
    moved = (colors - colors.mean(0)) @ matrix.T + others.mean(0)
    return moved.reshape(picture.shape).astype(np.float32)


def matched(values: Map, reference: Map, share: float, steepest: float = 2.5) -> Map:
    """Values moved towards the distribution of the reference without changing their order; share: how far, 0 … 1.

    steepest: how much farther apart near values may come, so that flat places stay flat. The mean is the reference's; a
    large even part, such as a white background, counts no more there than MOST_OF_LEVEL lets it, so that it does not push
    all the rest to the other end.
    """
    ends = float(values.min()), float(values.max()) + 1e-3
    counts, edges = np.histogram(values.astype(np.float64), LEVELS, ends)
    shares = np.minimum(counts, MOST_OF_LEVEL * counts.mean())
    shares = shares / shares.sum()
    ranks = np.concatenate([[0.0], np.cumsum(shares)])
    curve = np.interp(ranks, np.linspace(0, 1, LEVELS), np.quantile(reference, np.linspace(0, 1, LEVELS)))
    curve = np.concatenate([[0.0], np.cumsum(np.minimum(np.diff(curve), steepest * np.diff(edges)))])
    curve += float(reference.mean()) - float((shares * (curve[1:] + curve[:-1]) / 2).sum())
    moved = np.interp(values, edges, curve)
    return (values + share * (moved - values)).astype(np.float32)


def with_contrast_of(values: Map, reference: Map, least: float, most: float) -> Map:
    """A layer [H, W] whose contrasts of every size are as strong as the reference's, changed by `least` to `most` times.

    Contrasts are told apart by differences of Gaussians.
    """
    own, other = _bands(values), _bands(reference)
    wanted = [_strength(there) / max(_strength(here), 1e-3) for here, there in zip(own, other, strict=True)]
    gains = [min(most, max(least, gain)) for gain in wanted]
    found: Map = np.full_like(values, values.mean())
    for gain, band in zip(gains, own, strict=True):
        found += np.float32(gain) * band
    return found


def _bands(values: Map) -> list[Map]:
    """A layer without its mean as a sum of layers of ever larger contrasts."""
    found, rest = [], values - float(values.mean())
    for deviation in BANDS:
        smooth = cv2.GaussianBlur(rest, (0, 0), deviation)
        found.append(rest - smooth)
        rest = smooth
    return [*found, rest]


def _strength(band: Map) -> float:
    return float(np.sqrt((band.astype(np.float64) ** 2).mean()))


def _power(matrix: npt.NDArray[np.float64], exponent: float) -> npt.NDArray[np.float64]:
    """A power of a symmetric matrix without negative eigenvalues."""
    values, vectors = np.linalg.eigh(matrix)
    found: npt.NDArray[np.float64] = (vectors * np.maximum(values, 1e-9) ** exponent) @ vectors.T
    return found
