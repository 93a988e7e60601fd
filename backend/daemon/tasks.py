"""The work that the daemon's processes do; a value, so that tests can give it other work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stylesketch_ext.wire.messages import (
    FeaturesRequest,
    MatrixRequest,
    PromptRequest,
    RefineRequest,
    RestyleRequest,
    SequenceRequest,
    SketchRequest,
    SketchSettings,
    StyleRequest,
    TextureRequest,
)

from backend.daemon.images import Images, KeptPicture, measure
from backend.daemon.models import pull_model
from backend.places import Places


def draw_matrix_rows(request: MatrixRequest, image: Path, packs: Path, mask: Path | None) -> Any:
    """The rows of a matrix; see matrix.draw_rows."""
    from backend.daemon.matrix import draw_rows
    from backend.daemon.sketching import Sources

    return draw_rows(request, Sources(image, packs, mask))


def draw_sequence(request: SequenceRequest, frames: Sequence[KeptPicture], mask: Path | None, places: Places) -> Any:
    """The drawing of a row of pictures; see sequence_task.draw."""
    from backend.daemon.sequence_task import draw

    return draw(request, frames, mask, places)


def make_texture(request: TextureRequest, exemplar: Path | None, places: Places) -> Any:
    """Textures of an exemplar; see picturing.textures."""
    from backend.daemon.picturing import textures

    return textures(request, exemplar, places)


def restyle_picture(request: RestyleRequest, image: Path, exemplar: Path | None, mask: Path | None, places: Places) -> Any:
    """A picture in the looks of an exemplar, or the sketch of one; see picturing.restyled."""
    from backend.daemon.picturing import restyled

    return restyled(request, image, exemplar, mask, places)


def draw_prompt(request: PromptRequest, places: Places) -> Any:
    """The sketch of a text; see prompt_task.draw_text."""
    from backend.daemon.prompt_task import draw_text

    return draw_text(request, places)


def see_style(request: FeaturesRequest, packs: Path, places: Places) -> Any:
    """What networks see in a style pack; see extraction.see."""
    from backend.daemon.extraction import see

    return see(request, packs, places)


def refine_sketch(request: RefineRequest, image: Path | None, packs: Path, mask: Path | None) -> Any:
    """A sketch that is drawn on; see refining.draw_on."""
    from backend.daemon.refining import draw_on
    from backend.daemon.sketching import Sources

    return draw_on(request, Sources(image or Path(), packs, mask))


@dataclass(frozen=True)
class Tasks:
    """Importable functions, since they run in spawned processes."""

    draw: Callable[..., Any]  # (SketchRequest, *arguments) → a generator of ProgressEvent that returns a Finished
    preload: Callable[[], Any] | None  # → Capabilities
    extract: Callable[..., Any]  # (StyleRequest, paths, Places) → a generator of ProgressEvent that returns an Extraction
    measure: Callable[[str], Any] = measure
    arguments: Callable[[SketchRequest, Images, Path], tuple[object, ...]] = lambda request, images, packs: ()
    draw_rows: Callable[..., Any] = (
        draw_matrix_rows  # (MatrixRequest, *arguments) → a generator of ProgressEvent and RowReady: a MatrixResult
    )
    sequence: Callable[..., Any] = draw_sequence  # (SequenceRequest, frames, mask, Places): a generator, of a Sequenced
    texture: Callable[..., Any] = make_texture  # (TextureRequest, path or None, Places) → a generator that returns a Pictured
    restyle: Callable[..., Any] = restyle_picture  # (RestyleRequest, picture, exemplar, mask, Places) → that, or a Prompted
    prompt: Callable[..., Any] = draw_prompt  # (PromptRequest, Places) → a generator that returns a Prompted
    refine: Callable[..., Any] = refine_sketch  # (RefineRequest, picture, packs, mask) → a generator that returns a Finished
    see: Callable[..., Any] = see_style  # (FeaturesRequest, folder of packs, Places) → a generator that returns a Seeing
    pull: Callable[..., Any] = pull_model  # (name, Places, manifest) → a generator of ProgressEvent that returns a Brought

    @classmethod
    def real(cls) -> Tasks:
        """Decoding, drawing and measuring; torch is imported where they run, not in the server."""
        return cls(draw_request, preload_drawing, extract_style, measure, request_files)


def request_files(request: SketchRequest, images: Images, packs: Path) -> tuple[object, ...]:
    """The files that a drawing task reads: picture, own style packs, mask."""
    return images.path(request.image), packs, mask_file(request.settings, images)


def sequence_files(request: SequenceRequest, images: Images) -> tuple[list[KeptPicture], Path | None]:
    """The frames of a sequence, and the first one's mask."""
    return [images.picture(image) for image in request.images], mask_file(request.settings, images)


def mask_file(settings: SketchSettings, images: Images) -> Path | None:
    """The uploaded mask that settings name, if they name one."""
    return None if settings.mask in ("auto", "none") else images.path(settings.mask)


def draw_request(request: SketchRequest, image: Path, packs: Path, mask: Path | None) -> Any:
    """The sketch of a request; see sketching.draw."""
    from backend.daemon.sketching import Sources, draw

    return draw(request, Sources(image, packs, mask))


def extract_style(request: StyleRequest, images: Sequence[Path], places: Places) -> Any:
    """The style pack of some pictures; see extraction.extract."""
    from backend.daemon.extraction import extract

    return extract(request, images, places)


def preload_drawing() -> Any:
    """Imports what draws; see sketching.capabilities."""
    from backend.daemon.sketching import capabilities

    return capabilities()
