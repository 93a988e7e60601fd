"""What the drawing worker tells of itself when it is ready."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from stylesketch_ext.wire.messages import SketchRequest, SketchSettings

from backend.core.errors import BadRequest


@dataclass(frozen=True)
class Capabilities:
    """The best device here and all of them, the rasterizer, and the guidance names of every recipe."""

    device: str
    devices: Sequence[str]
    engine: str
    guidance: Mapping[str, Sequence[str]] = field(default_factory=dict)  # recipe → names beside auto
    rasterizers: Sequence[str] = ()  # that can be asked for beside auto

    def check(self, request: SketchRequest) -> None:
        """BadRequest for a recipe, guidance, device or rasterizer that is not here."""
        settings = request.settings
        if request.recipe not in self.guidance:
            raise BadRequest(
                "There is no recipe '{recipe}'; choose one of: {recipes}.",
                recipe=request.recipe,
                recipes=", ".join(self.guidance),
            )
        guidances = ["auto", *self.guidance[request.recipe]]
        if settings.guidance not in guidances:
            raise BadRequest(
                "There is no guidance '{guidance}' here; choose one of: {guidances}.",
                guidance=settings.guidance,
                guidances=", ".join(guidances),
            )
        self.check_drawing(settings)

    def check_drawing(self, settings: SketchSettings) -> None:
        """BadRequest for a device or rasterizer that is not here."""
        self.check_device(settings.device)
        names = ["auto", *self.rasterizers]
        if settings.rasterizer not in names:
            raise BadRequest(
                "There is no rasterizer '{rasterizer}' here; choose one of: {names}.",
                rasterizer=settings.rasterizer,
                names=", ".join(names),
            )

    def check_device(self, device: str) -> None:
        """BadRequest for a device that is not here."""
        devices = ["auto", *self.devices]
        if self.lane(device) not in devices:
            raise BadRequest(
                "There is no device '{device}' here; choose one of: {devices}.", device=device, devices=", ".join(devices)
            )

    def lane(self, device: str) -> str:
        """The device that a name means: `auto` is the best one, `cuda` the first."""
        return self.device if device == "auto" else "cuda:0" if device == "cuda" else device
