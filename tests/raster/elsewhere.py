"""Tensors that claim to lie on another device, for tests on machines that have none: mixing them with others fails."""

from __future__ import annotations

from contextlib import contextmanager
from unittest.mock import patch

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

ELSEWHERE = torch.device("meta")  # the only other device that every torch knows
_TAKE_INDICES_FROM_THE_HOST = ("aten::index.", "aten::index_put", "aten::_index_put_impl_", "aten::copy_")


class Elsewhere(Tensor):
    """Holds its values on the host; see `another_device`."""

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


@contextmanager
def another_device():
    """While it lasts there is another device, ELSEWHERE, that computes only with what lies there."""
    make, make_like = torch.tensor, Tensor.new_tensor

    def tensor(values, device=None, **settings):
        made = make(values, **settings)
        return away(made) if device == ELSEWHERE else made

    def new_tensor(self, values, **settings):
        return (
            away(make_like(self.held, values, **settings))
            if isinstance(self, Elsewhere)
            else make_like(self, values, **settings)
        )

    with _Operations(), patch.object(torch, "tensor", tensor), patch.object(Tensor, "new_tensor", new_tensor):
        yield


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
    given = arguments
    arguments, settings = tree_map_only(Elsewhere, lambda one: one.held, (arguments, settings))
    found = operation(*arguments, **settings)
    stays = bool(far) if device is None else torch.device(device) == ELSEWHERE
    if not stays:
        return found
    return given[0] if operation._schema.is_mutable and given else tree_map_only(Tensor, Elsewhere, found)
