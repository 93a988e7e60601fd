"""What a texture is to be like, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from backend.core.errors import BadRequest
from backend.core.image import Image
from backend.core.work import Progress
from backend.perception.material import LINES, PAPER
from backend.style_pack import StylePack

QUILTING = "classical"
DRAWN = "drawn"  # by a style pack's own pen
AUTO = "auto"
ENCODERS = ("vgg19", "vgg19_distilled", "squeezenet")
GUIDANCES = (DRAWN, QUILTING, *ENCODERS)
PATCHES, NOISE = "patches", "noise"
STARTS = (PATCHES, NOISE)
USUAL_ITERATIONS = {PATCHES: 40, NOISE: 200}
LBFGS, ADAM = "lbfgs", "adam"
LEAST_SIDE, MOST_SIDE, MOST_PIXELS = 32, 4096, 8_400_000  # px of a texture
MOST_ENCODED = 1_600_000  # px of a texture by an encoder, whose features take some kB for each
WHOLE = "all"
AREAS = (WHOLE, LINES, PAPER)


@dataclass(frozen=True)
class TextureChoices:
    """What the user chose."""

    size: tuple[int, int] = (512, 512)  # height, width, px
    tiled: bool = False  # opposite borders fit
    region: tuple[int, int, int, int] | None = None  # x, y, width, height in the style image, px; None: by the area
    area: str = WHOLE  # or a square where it is drawn most evenly (lines), or where it is bare (paper)
    guidance: str = AUTO  # a name in GUIDANCES; AUTO: a pack that draws well draws its lines and paper, else QUILTING
    seed: int = 0
    patch: int | None = None  # px, of quilting; None: an eighth of the exemplar's longer side
    start: str = PATCHES  # what an encoder begins with: the texture of patches, or NOISE
    layers: tuple[str, ...] | None = None  # feature layers; None: the encoder's usual ones
    iterations: int | None = None  # in all; None: 40 from patches, 200 from noise, over three sizes
    optimizer: str = LBFGS  # or ADAM
    style_loss_weight: float = 1e7
    variation_loss_weight: float = 1e5
    snapshot_every: int = 0  # iterations between two snapshots; 0: none

    @property
    def steps(self) -> int:
        """The iterations of an encoder."""
        return USUAL_ITERATIONS[self.start] if self.iterations is None else self.iterations

    def __post_init__(self) -> None:
        if self.start not in STARTS:
            raise BadRequest(
                "There is no start '{start}' of a texture; choose one of: {starts}.", start=self.start, starts=", ".join(STARTS)
            )
        if self.area not in AREAS:
            raise BadRequest(
                "There is no area '{area}' of a style image; choose one of: {areas}.", area=self.area, areas=", ".join(AREAS)
            )
        height, width = self.size
        if not (min(self.size) >= LEAST_SIDE and max(self.size) <= MOST_SIDE and height * width <= MOST_PIXELS):
            raise BadRequest(
                "A texture has sides from {least} to {longest} px and at most {most} million pixels, not {width} × {height}.",
                least=LEAST_SIDE,
                longest=MOST_SIDE,
                most=MOST_PIXELS // 10**5 / 10,
                width=width,
                height=height,
            )
        if self.guidance in ENCODERS and height * width > MOST_ENCODED:
            raise BadRequest(
                "An encoder makes textures of at most {most} million pixels; make it smaller and repeat it with "
                "--tile, or take --guidance classical.",
                most=MOST_ENCODED // 10**5 / 10,
            )


@dataclass(frozen=True)
class Drawer:
    """A style pack that can draw a texture itself."""

    pack: StylePack
    usual: bool = True  # whether AUTO lets it draw: its exemplar is no picture of another hand


@dataclass(frozen=True)
class TextureStep(Progress):
    """Progress of an encoder's texture, with the picture where it is time for a snapshot."""

    number: int = 0  # iterations done
    snapshot: Image | None = None


@dataclass(frozen=True)
class TextureResult:
    """A texture, and how it was made."""

    image: Image  # [1, 3, H, W]
    guidance: str
    steps: int = 0
    losses: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    device: str = "cpu"  # that made it
