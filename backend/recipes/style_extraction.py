"""Style extraction: reference pictures to a style pack."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch
from PIL import Image as PillowImage

from backend import __version__
from backend.core.drawing import Drawing
from backend.core.errors import BadImage, BadRequest
from backend.core.image import Image
from backend.core.notes import Note, wording
from backend.core.work import Progress, Work
from backend.export.png import drawing_png
from backend.model_pool import ModelPool
from backend.perception.line_style import Observation, observe, summary
from backend.perception.photograph import Photograph, decode
from backend.perception.picture_file import named
from backend.recipes.deep_features import features_of
from backend.recipes.object_sketch import ObjectSketch
from backend.recipes.recipe import Inputs, SketchChoices
from backend.recipes.still_life import still_life
from backend.style_features import write_features
from backend.style_from_lines import pack_from_lines
from backend.style_members import FEATURES, PREVIEW, STYLE, Pack, check_pack
from backend.style_pack import StylePack, write_pack

SOME_KEPT = wording("All pictures were measured; the pack keeps the first {count} of them as exemplars.")
ROUGH = wording("Few clear lines were found in {pictures}, as in a photograph or painting; what was measured there is rough.")

MOST_SIDE = 4096  # px; larger pictures are scaled down before they are measured
LEAST_SIDE = 48  # px of the shorter side
EXEMPLARS = 4  # pictures that a pack keeps
EXEMPLAR_SIDE = 1536  # px, the longer side
QUALITY = 92  # of the exemplars' JPEG
PREVIEW_SIDE = 480  # px
MOTIF = (232, 360)  # height and width of the picture that previews show, px
COLORS = 48  # of a preview

NOTICE = """Measured with StyleSketch {version} on {count}.

The exemplars are those pictures. If they are not your own, see whether you may pass them on before you share this pack.
"""

Map = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Extracted:
    """A pack made of pictures, and what the user should know of it."""

    pack: Pack
    notes: tuple[str, ...]


def extract_style(
    pictures: Sequence[bytes], name: str, pool: ModelPool, title: str = "", labels: Sequence[str] = ()
) -> Work[Extracted]:
    """The pack of one or more picture files, with deep features by the encoders of the pool; labels name them in sentences.

    Raises BadImage and BadRequest where a picture cannot be read or nothing is drawn in any of them.
    """
    labels = labels or ([f"Picture {i + 1}" for i in range(len(pictures))] if len(pictures) > 1 else ["The picture"])
    seen: list[Observation] = []
    for i, (data, label) in enumerate(zip(pictures, labels, strict=True)):
        yield Progress("measuring the lines", 0.7 * i / len(pictures))
        with named(label):
            photograph = decode(data)
        seen.append(observe(_pixels(photograph, label)))
    yield Progress("reading the style", 0.7)
    exemplars = [_exemplar(data) for data in pictures[:EXEMPLARS]]
    features = features_of([decode(exemplar).pixels for exemplar in exemplars], pool)
    notes = _notes(seen, labels)
    style = pack_from_lines(summary(seen), name, title or title_of(name), f"Measured on {_count(len(pictures))}.")
    yield Progress("drawing the preview", 0.8)
    files = {
        STYLE: write_pack(style).encode(),
        "NOTICE": NOTICE.format(version=__version__, count=_count(len(pictures))).encode(),
        PREVIEW: (yield from preview(style, pool)),
        **{_exemplar_name(i): exemplar for i, exemplar in enumerate(exemplars)},
        **({FEATURES: write_features(features)} if features else {}),
    }
    if len(pictures) > EXEMPLARS:
        notes.append(Note(SOME_KEPT, count=EXEMPLARS))
    return Extracted(check_pack(Pack(name, files)), tuple(notes))


def preview(style: StylePack, pool: ModelPool) -> Work[bytes]:
    """A still life in a style, a PNG."""
    pixels = (still_life(*MOTIF) / 255).astype(np.float32)
    photograph = Photograph(_tensor(pixels))
    drawing = yield from _ended(
        ObjectSketch().run(Inputs(photograph), SketchChoices(steps=0, guidance="classical"), style, pool)
    )
    picture = PillowImage.open(io.BytesIO(drawing_png(drawing, pool.rasterizer, pool.device, PREVIEW_SIDE)))
    file = io.BytesIO()
    picture.quantize(COLORS, dither=PillowImage.Dither.NONE).save(file, "PNG", optimize=True)
    return file.getvalue()


def title_of(name: str) -> str:
    """A title for a pack that was given none."""
    words = name.replace("-", " ").replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def _ended(work: Work[Drawing]) -> Work[Drawing]:
    """The same work as the last fifth of another."""
    try:
        while True:
            yield Progress("drawing the preview", 0.8 + 0.2 * next(work).done)
    except StopIteration as end:
        drawing: Drawing = end.value
        return drawing
    finally:
        work.close()


def _pixels(photograph: Photograph, label: str) -> Map:
    """The picture [H, W, 3] as it is measured; BadImage where it is too small for lines."""
    height, width = photograph.size
    if min(height, width) < LEAST_SIDE:
        raise BadImage(
            "{label} is only {width} × {height} px. Choose one of at least {least} px a side.",
            label=label,
            width=width,
            height=height,
            least=LEAST_SIDE,
        )
    pixels = np.ascontiguousarray(photograph.pixels[0].permute(1, 2, 0).numpy())
    scale = MOST_SIDE / max(height, width)
    if scale < 1:
        pixels = cv2.resize(pixels, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    return pixels


def _notes(seen: Sequence[Observation], labels: Sequence[str]) -> list[Note]:
    """What is to be said of the pictures; BadRequest where none of them holds a line."""
    blank = [label for picture, label in zip(seen, labels, strict=True) if picture.is_blank]
    if len(blank) == len(seen):
        raise BadRequest(
            "No line was found in {pictures}. Choose a picture of a drawing, print or painting with lines.",
            pictures=_listed(blank),
        )
    soft = [label for picture, label in zip(seen, labels, strict=True) if not picture.is_blank and not picture.is_drawn]
    notes = [Note("No line was found in {pictures}; it was left out.", pictures=_listed(blank))] if blank else []
    if soft:
        notes.append(Note(ROUGH, pictures=_listed(soft)))
    return notes


def _listed(labels: Sequence[str]) -> str:
    """Labels within a sentence."""
    words = ["the picture" if label == "The picture" else label for label in labels]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _count(number: int) -> str:
    return "one picture" if number == 1 else f"{number} pictures"


def _exemplar_name(i: int) -> str:
    return f"exemplar-{i + 1}.jpg" if i else "exemplar.jpg"


def _exemplar(data: bytes) -> bytes:
    """A picture as a pack keeps it: small, and without what cameras write into files."""
    pixels = decode(data).pixels[0].permute(1, 2, 0).numpy()
    picture = PillowImage.fromarray((255 * pixels).round().astype(np.uint8))
    picture.thumbnail((EXEMPLAR_SIDE, EXEMPLAR_SIDE), PillowImage.Resampling.LANCZOS)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=QUALITY, subsampling=0)
    return file.getvalue()


def _tensor(pixels: Map) -> Image:
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].contiguous()
