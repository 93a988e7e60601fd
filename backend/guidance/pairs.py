"""Drawing and photograph under the same views, as encoders see them."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from backend.core.image import Image
from backend.encoders.encoder import Encoder, Features, is_gray
from backend.guidance.augment import Crops
from backend.guidance.view import View


class Pairs:
    """The clean pair first, then views of a pool in turn; the photograph is encoded once, the drawing once per step."""

    def __init__(self, target: Image | None, crops: Crops, encoders: Sequence[Encoder], each: int) -> None:
        """target: [1, 3, H, W] the photograph's subject on white, or None for a drawing of none; each: how many views of the
        pool a step sees."""
        self._crops, self._each = crops, min(each, len(crops))
        self._targets: dict[str, Features] = {encoder.name: {} for encoder in encoders}
        if target is None:
            return
        with torch.no_grad():
            every = torch.cat([target, crops(target, range(len(crops)))]) if len(crops) else target
            self._targets = {encoder.name: encoder(every) for encoder in encoders}

    def features(self, view: View, encoder: Encoder) -> tuple[Features, Features]:
        """What the encoder sees of the drawing and of the photograph (of none: nothing), each layer [1 + A, C, h, w]."""
        key = (id(self), encoder.name)
        if key not in view.seen:
            which = [(view.number * self._each + i) % len(self._crops) for i in range(self._each)]
            image = view.image[:, :1] if is_gray(view.image) else view.image
            drawn = torch.cat([image, self._crops(image, which)]) if which else image
            rows = [0, *(1 + i for i in which)]
            target = {layer: values[rows] for layer, values in self._targets[encoder.name].items()}
            view.seen[key] = (encoder(drawn), target)
        return view.seen[key]
