"""How a picture moves to the next one, and where a shot ends."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from backend.perception.frames import Frame

Map = npt.NDArray[np.float32]  # [h, w]
Bits = npt.NDArray[np.bool_]
Points = npt.NDArray[np.float64]  # [M, 2]

FEWEST = 50  # places with texture by which a cut is told


@dataclass(frozen=True)
class TrackingSettings:
    """Distances in px of a picture whose longer side is `side` px."""

    side: int = 480  # px on which motion is measured
    apart: float = 1.0  # forth and back again must end this near to the beginning …
    apart_share: float = 0.05  # … or this share of the way
    textured: float = 6.0  # gray levels per px; where there is less, motion cannot be told
    alike: float = 24.0  # gray levels between a place and where it moved
    followed: float = 0.3  # a cut is where less of what is textured can be followed …
    like: float = 0.75  # … and the histograms correlate less
    lost: float = 0.08  # or where next to nothing can be followed
    doubted: float = 0.8  # where less can be followed, and gray levels …
    changed: float = 4.0  # … changed by so much in the mean, the light may have changed: it did …
    sure: float = 0.6  # … if at least this share can be followed once it is made alike …
    gained: float = 0.1  # … and so much more than before


@dataclass(frozen=True)
class Glance:
    """A frame as tracking sees it."""

    gray: npt.NDArray[np.uint8]  # [h, w]
    histogram: npt.NDArray[np.float32]  # of hue, saturation and lightness
    scale: float  # px of the glance per px of the frame


@dataclass(frozen=True)
class Motion:
    """Where everything in a frame is in the next one."""

    forward: npt.NDArray[np.float32]  # [h, w, 2] px of the glance
    backward: npt.NDArray[np.float32]  # the same from the next frame to this one
    followed: Bits  # [h, w] forward and backward agree
    scale: float
    cut: bool = False  # the next frame begins another shot
    relit: bool = False  # the next frame is exposed otherwise, or in another light

    def follow(self, points: Points) -> tuple[Points, Bits]:
        """Points [M, 2], frame px, in the next frame, and which of them [M] can be followed there."""
        at = (points * self.scale - 0.5).astype(np.float32)[None]
        moved = cv2.remap(self.forward, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0]
        height, width = self.followed.shape
        x, y = np.rint(at[0, :, 0]).astype(int), np.rint(at[0, :, 1]).astype(int)
        inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
        seen = inside & self.followed[y.clip(0, height - 1), x.clip(0, width - 1)]
        return points + moved.astype(np.float64) / self.scale, seen

    def carried(self, mask: Map) -> Map:
        """A mask [H, W] of the frame, 1 = keep, as it is in the next one."""
        height, width = self.followed.shape
        small = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA)
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        moved = cv2.remap(
            small, x + self.backward[..., 0], y + self.backward[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        grown = cv2.resize(moved, (mask.shape[1], mask.shape[0]), interpolation=cv2.INTER_CUBIC)
        return (grown > 0.5).astype(np.float32)


def glance(frame: Frame, settings: TrackingSettings = TrackingSettings()) -> Glance:
    """A frame as tracking needs it."""
    scale = min(1.0, settings.side / max(frame.shape[:2]))
    size = (max(16, round(frame.shape[1] * scale)), max(16, round(frame.shape[0] * scale)))
    small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    hsv = cv2.cvtColor(small, cv2.COLOR_RGB2HSV)
    histogram = cv2.calcHist([hsv], [0, 1, 2], None, [12, 4, 8], [0, 180, 0, 256, 0, 256])
    return Glance(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), cv2.GaussianBlur(histogram.reshape(48, 8), (3, 3), 0), scale)


def motion_between(before: Glance, after: Glance, settings: TrackingSettings = TrackingSettings()) -> Motion:
    """Dense motion by DIS optical flow (Kroeger et al. 2016), told apart from guesses by going forth and back.

    A picture that is exposed otherwise than the one before is followed as if that had been exposed like it.
    """
    motion, textured = _followed(before, after, settings), _textured(before, settings)
    share = _share(motion, textured)
    exposed = _exposed(before.gray, after.gray) if share < settings.doubted else before.gray
    if cv2.norm(exposed, before.gray, cv2.NORM_L1) > settings.changed * exposed.size:
        relit = _followed(replace(before, gray=exposed), after, settings)
        if _share(relit, textured) > max(settings.sure, share + settings.gained):
            motion, share = replace(relit, relit=True), _share(relit, textured)
    likeness = cv2.compareHist(before.histogram, after.histogram, cv2.HISTCMP_CORREL)
    if textured.sum() < FEWEST:  # an empty picture
        return replace(motion, cut=likeness < settings.like)
    return replace(motion, cut=share < settings.lost or (share < settings.followed and likeness < settings.like))


def _followed(before: Glance, after: Glance, settings: TrackingSettings) -> Motion:
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    forward = flow.calc(before.gray, after.gray, None)
    backward = flow.calc(after.gray, before.gray, None)
    y, x = np.mgrid[0 : forward.shape[0], 0 : forward.shape[1]].astype(np.float32)
    to_x, to_y = x + forward[..., 0], y + forward[..., 1]
    back = cv2.remap(backward, to_x, to_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    apart = np.linalg.norm(forward + back, axis=2)
    way = np.linalg.norm(forward, axis=2)
    inside = (to_x >= 0) & (to_y >= 0) & (to_x < x.shape[1] - 1) & (to_y < x.shape[0] - 1)
    followed = inside & (apart < settings.apart + settings.apart_share * way)
    arrived = cv2.remap(after.gray, to_x, to_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    alike = np.abs(arrived - before.gray) < settings.alike
    return Motion(forward, backward, followed & alike, before.scale)


def _textured(seen: Glance, settings: TrackingSettings) -> Bits:
    """Where motion can be told."""
    gray = seen.gray.astype(np.float32)
    slope = cv2.magnitude(cv2.Sobel(gray, cv2.CV_32F, 1, 0, scale=0.125), cv2.Sobel(gray, cv2.CV_32F, 0, 1, scale=0.125))
    return np.asarray(slope > settings.textured)


def _share(motion: Motion, textured: Bits) -> float:
    """How much of what is textured can be followed."""
    return float(motion.followed[textured].mean()) if textured.any() else 1.0


def _exposed(gray: npt.NDArray[np.uint8], like: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """A picture as light as another one of the same things: its gray levels are those of equal rank."""
    ranks = np.linspace(0, 1, 33)
    levels, others = np.quantile(gray, ranks), np.quantile(like, ranks)
    table = np.interp(np.arange(256), levels + 1e-3 * np.arange(33), others)
    return np.asarray(np.rint(table).astype(np.uint8)[gray])


def drawn_in(frame: Frame, mask: Map, side: int = 320, room: int = 5, rounds: int = 2) -> Map:
    """A carried mask [H, W] of a frame with its outline put right by GrabCut (Rother et al. 2004).

    The outline moves at most `room` px of a picture whose longer side is `side` px.
    """
    scale = side / max(mask.shape)
    size = (max(16, round(mask.shape[1] * scale)), max(16, round(mask.shape[0] * scale)))
    small = (cv2.resize(mask, size, interpolation=cv2.INTER_AREA) > 0.5).astype(np.uint8)
    brush = np.ones((2 * room + 1, 2 * room + 1), np.uint8)
    sure, near = cv2.erode(small, brush, borderValue=1), cv2.dilate(small, brush)
    if not sure.any() or near.all():
        return mask
    labels = np.where(near > 0, np.where(small > 0, cv2.GC_PR_FGD, cv2.GC_PR_BGD), cv2.GC_BGD).astype(np.uint8)
    labels[sure > 0] = cv2.GC_FGD
    cv2.setRNGSeed(0)
    picture = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    cv2.grabCut(picture, labels, None, np.zeros((1, 65)), np.zeros((1, 65)), rounds, cv2.GC_INIT_WITH_MASK)
    cut = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.float32)
    cut = cv2.medianBlur(cut, 5)
    if not 0.7 < cut.sum() / max(float(small.sum()), 1) < 1.4:  # it ran away
        return mask
    return (cv2.resize(cut, (mask.shape[1], mask.shape[0]), interpolation=cv2.INTER_CUBIC) > 0.5).astype(np.float32)
