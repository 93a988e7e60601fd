"""Textures and restyled pictures: what they are asked for with, and what comes of it."""

from dataclasses import dataclass, field
from typing import List, Optional, Sequence, Tuple, Union

from stylesketch_ext.wire.phrases import Phrase, Unfit
from stylesketch_ext.wire.sketching import MAX_PROMPT, MAX_SEED, SketchSettings

MAX_TRIES = 6  # seeds of one request for pictures
MAX_SNAPSHOTS = 6  # of a texture on its way
AREAS = ("all", "lines", "paper")  # of an exemplar
MIN_PATCH, MAX_PATCH = 8, 1024  # px of a texture's patches
MAX_ITERATIONS = 100000  # of an encoder's texture
MIN_TEXTURE, MAX_TEXTURE = 32, 4096  # px of a texture's sides
MAX_TEXTURE_PIXELS = 8400000
MAX_ENCODED_PIXELS = 1600000  # of a texture by an encoder
MIN_EXEMPLAR = 32  # px of the sides of what a texture is made of
MIN_RESTYLED = 48  # px of the sides of what is restyled, and of what after
PATCHES, DRAWN = "classical", "drawn"
TEXTURE_GUIDANCES = ("auto", DRAWN, PATCHES, "vgg19", "vgg19_distilled", "squeezenet")
RESTYLE_METHODS = ("auto", "classical", "diffusion")


def _check_pictures(request: Union["TextureRequest", "RestyleRequest"]) -> None:
    """ValueError where what requests for pictures have in common is out of range."""
    if not 0 <= request.seed <= MAX_SEED:
        raise ValueError("the seed must be between 0 and %d, not %d" % (MAX_SEED, request.seed))
    if not 1 <= request.tries <= MAX_TRIES:
        raise ValueError("tries must be between 1 and %d, not %d" % (MAX_TRIES, request.tries))
    if bool(request.exemplar) == bool(request.style):
        raise ValueError("either an exemplar or a style pack must be named")


def _check_one_of(what: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise ValueError("the %s must be one of %s, not '%s'" % (what, ", ".join(known), value))


@dataclass(frozen=True)
class TextureRequest:
    """A texture to be made of an exemplar: of an uploaded picture, or of the one that a style pack carries."""

    exemplar: str = ""  # sha256 of an uploaded picture
    style: str = ""  # or the name of a style pack
    width: int = 512  # px
    height: int = 512
    tiled: bool = False  # do opposite borders fit?
    region: Optional[Tuple[int, int, int, int]] = None  # x, y, width, height in the exemplar, px; None: by the area
    area: str = "all"  # "all" of the exemplar, "lines" (where it is drawn most evenly) or "paper" (where it is bare)
    guidance: str = "auto"  # "classical" (patches), "drawn" (by the pack's pen), an encoder, or what suits the style pack
    patch: Optional[int] = None  # side of the patches, px, MIN_PATCH … MAX_PATCH; None: as the exemplar's size makes it
    iterations: Optional[int] = None  # of an encoder, 1 … MAX_ITERATIONS
    snapshots: int = 0  # of an encoder, evenly on the way, 0 … MAX_SNAPSHOTS
    seed: int = 0
    tries: int = 1  # with this seed and those after it, 1 … MAX_TRIES
    device: str = "auto"
    title: str = ""

    def __post_init__(self) -> None:
        _check_pictures(self)
        _check_one_of("area", self.area, AREAS)
        _check_one_of("guidance", self.guidance, TEXTURE_GUIDANCES)
        self._check_size()
        if self.guidance == DRAWN and (self.exemplar or self.region is not None or self.patch is not None):
            raise ValueError("a texture is drawn by a style pack alone: name one, without a region or patches")
        if self.encoded:
            self._check_encoded()
        else:
            self._check_patches()

    @property
    def encoded(self) -> bool:
        """Is it made by an encoder, not of patches?"""
        return self.guidance not in ("auto", DRAWN, PATCHES)

    def _check_size(self) -> None:
        for side in (self.width, self.height):
            if not MIN_TEXTURE <= side <= MAX_TEXTURE:
                raise ValueError("a texture's sides must have between %d and %d px, not %d" % (MIN_TEXTURE, MAX_TEXTURE, side))
        most = MAX_ENCODED_PIXELS if self.encoded else MAX_TEXTURE_PIXELS
        if self.width * self.height > most:
            raise Unfit(
                "a texture by this method can have at most {most} million pixels, not {width} × {height}: "
                "repeat a smaller seamless one",
                most="%.1f" % (most / 1e6),
                width=self.width,
                height=self.height,
            )
        if self.region is not None:
            x, y, width, height = self.region
            if min(x, y) < 0 or min(width, height) < MIN_EXEMPLAR:
                raise ValueError("the region must begin inside the exemplar and have at least %d px a side" % MIN_EXEMPLAR)

    def _check_patches(self) -> None:
        if self.iterations is not None or self.snapshots:
            raise ValueError("iterations and snapshots are for encoders: leave them out, or choose an encoder as guidance")
        if self.patch is None:
            return
        most = min(MAX_PATCH, min(self.width, self.height) // 2)
        if not MIN_PATCH <= self.patch <= most:
            raise Unfit(
                "patches must have between {least} and {most} px here, not {px}", least=MIN_PATCH, most=most, px=self.patch
            )

    def _check_encoded(self) -> None:
        if self.patch is not None:
            raise ValueError("patches are for the classical guidance: leave their size out, or choose that guidance")
        if self.iterations is not None and not 1 <= self.iterations <= MAX_ITERATIONS:
            raise ValueError("iterations must be between 1 and %d, not %d" % (MAX_ITERATIONS, self.iterations))
        if not 0 <= self.snapshots <= MAX_SNAPSHOTS:
            raise ValueError("snapshots must be between 0 and %d, not %d" % (MAX_SNAPSHOTS, self.snapshots))


@dataclass(frozen=True)
class RestyleRequest:
    """An uploaded picture to be given the looks of an exemplar."""

    image: str  # sha256
    exemplar: str = ""  # sha256 of an uploaded picture
    style: str = ""  # or the name of a style pack that carries one
    strength: Optional[float] = None  # 0 = the picture … 1 = restyled; None: as the method does it
    method: str = "auto"  # "classical", "diffusion", or what is here
    prompt: str = ""  # what is seen, in words, for diffusion
    seed: int = 0
    tries: int = 1  # with this seed and those after it, 1 … MAX_TRIES
    device: str = "auto"
    title: str = ""
    sketch: Optional[SketchSettings] = None  # how the restyled picture is drawn: the result is a sketch then
    # (its mask and marks are those of the uploaded picture, its device is that of this request); None: the picture itself

    def __post_init__(self) -> None:
        _check_pictures(self)
        if self.sketch is not None and self.tries != 1:
            raise ValueError("a sketch is drawn of one restyled picture: leave out the tries")
        if self.strength is not None and not 0 <= self.strength <= 1:
            raise ValueError("strength must be between 0 and 1, not %s" % self.strength)
        _check_one_of("method", self.method, RESTYLE_METHODS)
        if len(self.prompt) > MAX_PROMPT:
            raise Unfit("the text has more than {most} characters", most=MAX_PROMPT)
        if self.prompt.strip() and self.method == "classical":
            raise ValueError("a prompt is for diffusion: leave it out, or choose another method")


@dataclass(frozen=True)
class PictureInfo:
    """A picture of a result; its file is fetched by its number."""

    width: int  # px
    height: int
    seed: int
    iterations: int = 0  # after which it was taken, of a texture by an encoder; 0: it is finished


@dataclass(frozen=True)
class PicturesResult:
    """What the job of a TextureRequest or RestyleRequest brought: pictures to choose from."""

    pictures: List[PictureInfo]  # the finished one of each seed, then its snapshots, the latest first
    recipe: str  # style_texture or style_transfer
    guidance: str  # what was really used
    style: str  # name of the style pack, empty for an uploaded exemplar
    device: str
    version: str
    title: str = ""
    style_title: str = ""  # of the style pack
    notes: List[str] = field(default_factory=list)  # what was not used, and why
    seconds: float = 0.0
    job: str = ""
    phrases: List[Phrase] = field(default_factory=list)  # of each note, so that it can be said in another language
