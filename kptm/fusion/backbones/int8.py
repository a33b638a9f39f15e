"""Linear layers and token embeddings with 8-bit weights, run by torch's quantised kernels.

A weight row w becomes round(w / s) with s = max |w| / 127, symmetric and per output. The input of a
linear layer is quantised at run time, with one scale for the whole batch (dynamic quantisation), so
that a text's states depend a little on the other texts of its batch. The kernels run on the CPU. On
other devices each call converts the weights to floats, which saves memory but no time. A head that
is tied to the token embeddings stays tied.

Shapes: O outputs, I inputs, V tokens, D hidden.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, cast

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F

from kptm.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor

WEIGHTS = "int8.safetensors"
"""The file of the weights."""
MIN_ROW_MAXIMUM = 1e-12
"""The minimum value of max |w|, so that a row of zeros is not divided by 0."""
MIN_WEIGHTS = 4_096
"""Linear layers of fusion and entity head with fewer weights stay floats: they take no time."""


class Int8Linear(nn.Module):
    """A linear layer with 8-bit weights.

    Args:
        weight: Its weights (O, I), 8-bit.
        scale: The scale of each output (O,).
        bias: Its bias (O,), or None.
    """

    def __init__(self, weight: Tensor, scale: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self.out_features, self.in_features = weight.shape
        self.weight: Tensor
        self.scale: Tensor
        self.bias: Tensor | None
        self.register_buffer("weight", weight)
        self.register_buffer("scale", scale)
        self.register_buffer("bias", bias)
        self._packed: Any = None

    def forward(self, x: Tensor) -> Tensor:
        """Apply the layer to the last dimension."""
        if not x.is_cpu:
            weight_OI = self.weight.to(x.dtype) * self.scale.to(x.dtype)[:, None]
            return F.linear(x, weight_OI, None if self.bias is None else self.bias.to(x.dtype))
        if self._packed is None:
            self._packed = self._pack()
        if x.dim() > 1 and x.dtype is torch.float32:
            output: Tensor = torch.ops.quantized.linear_dynamic(x, self._packed, True)
            return output
        rows = self.forward(x.float().reshape(-1, self.in_features))
        return rows.reshape(*x.shape[:-1], self.out_features).to(x.dtype)

    def _pack(self) -> Any:
        """The weights as torch's kernel reads them."""
        bias = None if self.bias is None else self.bias.float()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # quantised tensors are deprecated, kernels are not
            weight = torch._make_per_channel_quantized_tensor(
                self.weight, self.scale.double(), torch.zeros(len(self.scale)).long(), 0
            )
            return torch.ops.quantized.linear_prepack(weight, bias)

    def _load_from_state_dict(self, *given: Any, **options: Any) -> None:
        super()._load_from_state_dict(*given, **options)
        self._packed = None

    def _apply(self, *given: Any, **options: Any) -> Int8Linear:
        self._packed = None
        parent: Any = super()
        return cast("Int8Linear", parent._apply(*given, **options))

    def __getstate__(self) -> dict[str, Any]:
        """The state to copy or save, without the kernel's packed weights, which are rebuilt."""
        return {**self.__dict__, "_packed": None}


class Int8Embedding(nn.Module):
    """Token embeddings with 8-bit rows.

    Args:
        weight: The rows (V, D), 8-bit.
        scale: The scale of each row (V,).
    """

    def __init__(self, weight: Tensor, scale: Tensor) -> None:
        super().__init__()
        self.weight: Tensor
        self.scale: Tensor
        self.register_buffer("weight", weight)
        self.register_buffer("scale", scale)

    def forward(self, ids: Tensor) -> Tensor:
        """The rows of tokens, (…, D)."""
        return self.weight[ids].to(self.scale.dtype) * self.scale[ids][..., None]


def quantise_modules(backbone: Any) -> None:
    """Replace a backbone's linear layers and its token embeddings by 8-bit ones, in place.

    Raises:
        ModelError: The backbone has no linear layer.
    """
    from transformers.pytorch_utils import Conv1D  # GPT-2's linear layer

    tokens = backbone.get_input_embeddings()
    # The list keeps the replaced layers alive, so that no other weight gets an id of theirs.
    layers = [x for x in backbone.modules() if isinstance(x, nn.Linear | Conv1D)]
    if not layers:
        raise ModelError(f"{type(backbone).__name__}: has no linear layer that could be made int8")
    rounded: dict[int, tuple[Tensor, Tensor]] = {}  # tied weights are rounded once, and stay tied
    for parent in list(backbone.modules()):
        for name, part in list(parent.named_children()):
            if part is tokens and isinstance(part, nn.Embedding):
                setattr(parent, name, Int8Embedding(*_round_rows(part.weight, rounded)))
            elif isinstance(part, nn.Linear | Conv1D):
                rows = _round_rows(part.weight, rounded, transposed=isinstance(part, Conv1D))
                setattr(parent, name, _with_bias_of(part, rows))


def quantise_large_linears(part: nn.Module, least: int = MIN_WEIGHTS) -> None:
    """Replace the linear layers of a fusion or an entity head by 8-bit ones, in place.

    Args:
        part: The fusion or the entity head.
        least: Layers with fewer weights stay floats.
    """
    for parent in list(part.modules()):
        for name, layer in list(parent.named_children()):
            if isinstance(layer, nn.Linear) and layer.weight.numel() >= least:
                setattr(parent, name, _with_bias_of(layer, _round_rows(layer.weight, {})))


def expect_int8(model: Any, state: Mapping[str, Tensor]) -> None:
    """Replace the linear layers that have 8-bit weights in ``state``, which is loaded afterwards.

    Raises:
        KeyError: The model has no such layer.
    """
    parts = dict(model.named_modules())
    for name in [name for name, value in state.items() if value.dtype == torch.int8]:
        layer, _, _ = name.rpartition(".")
        parent, _, own = layer.rpartition(".")
        bias = state.get(f"{layer}.bias")
        empty = Int8Linear(
            torch.zeros_like(state[name]),
            torch.zeros_like(state[f"{layer}.scale"]),
            None if bias is None else torch.zeros_like(bias),
        )
        setattr(parts[parent], own, empty)


def _with_bias_of(layer: Any, rows: tuple[Tensor, Tensor]) -> Int8Linear:
    """A layer with rounded rows and their scales, and the bias of another layer."""
    bias = None if layer.bias is None else layer.bias.detach().clone()
    return Int8Linear(*rows, bias)


def _round_rows(
    weight: Tensor, rounded: dict[int, tuple[Tensor, Tensor]], *, transposed: bool = False
) -> tuple[Tensor, Tensor]:
    """The 8-bit rows of a weight and their scales, from ``rounded`` if they are there by its id."""
    if id(weight) not in rounded:
        rows = (weight.detach().T if transposed else weight.detach()).float()
        scale = rows.abs().amax(1).clamp(min=MIN_ROW_MAXIMUM) / 127
        rounded[id(weight)] = torch.round(rows / scale[:, None]).to(torch.int8), scale
    return rounded[id(weight)]


def is_int8(backbone: Any) -> bool:
    """Whether a backbone's linear layers have 8-bit weights."""
    return any(isinstance(part, Int8Linear) for part in backbone.modules())


def check_trainable(backbone: Any) -> None:
    """Refuse to train or export a backbone whose weights are 8-bit numbers.

    Raises:
        ModelError: The weights are 8-bit numbers.
    """
    if is_int8(backbone):
        raise ModelError(
            "the weights of this model are 8-bit numbers, which cannot be trained or exported;"
            " use the model from which it was made"
        )


def save_int8(backbone: Any, folder: Path) -> None:
    """Write the configuration and the weights; tied weights are written once.

    Raises:
        OSError: The files cannot be written.
    """
    folder.mkdir(exist_ok=True)
    backbone.config.save_pretrained(folder)
    name_by_address: dict[int, str] = {}
    state = backbone.state_dict()
    for name, value in state.items():
        name_by_address.setdefault(value.data_ptr(), name)
    names = name_by_address.values()
    save_file({name: state[name].contiguous() for name in names}, folder / WEIGHTS)


def load_int8(backbone: Any, folder: Path) -> None:
    """Turn a backbone with the stored configuration into an int8 one, and read its weights.

    Raises:
        OSError: The file of the weights cannot be read.
        ValueError: The weights do not fit the configuration.
    """
    quantise_modules(backbone)
    read = load_file(folder / WEIGHTS)
    missing, unexpected = backbone.load_state_dict(read, strict=False)
    state = backbone.state_dict()
    # Of tied weights only one name is stored, so a missing name may have been read by another.
    loaded = {state[name].data_ptr() for name in read if name in state}
    absent = [name for name in missing if state[name].data_ptr() not in loaded]
    if absent or unexpected:
        raise ValueError(f"weights are missing or are another model's ({folder})")
