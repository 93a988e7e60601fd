"""Tensors that claim to lie on another device, for tests on machines that have none: mixing them with others fails."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

ELSEWHERE = torch.device("meta")  # the only other device that every torch knows
_TAKE_INDICES_FROM_THE_HOST = ("aten::index.", "aten::index_put", "aten::_index_put_impl_", "aten::copy_")


class Elsewhere(Tensor):
    """Holds its values on the host; see `AnotherDevice`."""

    @staticmethod
    def __new__(cls, held: Tensor) -> Elsewhere:
        return Tensor._make_wrapper_subclass(cls, held.shape, strides=held.stride(), dtype=held.dtype, device=ELSEWHERE)

    def __init__(self, held: Tensor) -> None:
        self.held = held

    def __repr__(self) -> str:
        return f"Elsewhere({self.held})"

    def tolist(self) -> list:
        return self.held.tolist()

    @classmethod
    def __torch_dispatch__(cls, operation, kinds, arguments=(), settings=None):
        return _computed(operation, arguments, settings or {})


class _Operations(TorchDispatchMode):
    def __torch_dispatch__(self, operation, kinds, arguments=(), settings=None):
        return _computed(operation, arguments, settings or {})


class AnotherDevice(TorchFunctionMode):
    """While it lasts there is another device, ELSEWHERE, that computes only with what lies there."""

    def __enter__(self):
        self._operations = _Operations()
        self._operations.__enter__()
        return super().__enter__()

    def __exit__(self, *error):
        super().__exit__(*error)
        self._operations.__exit__(*error)

    def __torch_function__(self, function, kinds, arguments=(), settings=None):
        settings = settings or {}
        if function is torch.tensor and settings.get("device") == ELSEWHERE:
            return away(torch.tensor(*arguments, **{**settings, "device": None}))
        if function is Tensor.new_tensor and isinstance(arguments[0], Elsewhere):
            return away(arguments[0].held.new_tensor(*arguments[1:], **settings))
        return function(*arguments, **settings)


def away(tensor: Tensor) -> Tensor:
    """The same values on the other device."""
    return Elsewhere(tensor.detach().clone())


def _computed(operation, arguments, settings):
    tensors = [one for one in tree_leaves((arguments, settings)) if isinstance(one, Tensor)]
    far = [one for one in tensors if isinstance(one, Elsewhere)]
    near = [one for one in tensors if not isinstance(one, Elsewhere) and one.dim()]
    if far and near and not operation.name().startswith(_TAKE_INDICES_FROM_THE_HOST):
        raise RuntimeError(f"{operation.name()} of tensors on two devices")
    device = settings.get("device")
    if device is not None:
        settings = {**settings, "device": torch.device("cpu")}
    arguments, settings = tree_map_only(Elsewhere, lambda one: one.held, (arguments, settings))
    found = operation(*arguments, **settings)
    stays = bool(far) if device is None else torch.device(device) == ELSEWHERE
    return tree_map_only(Tensor, Elsewhere, found) if stays else found
