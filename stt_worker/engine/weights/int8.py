"""Linear layers with 8-bit weights, for CPUs: the products that make up nearly all of Whisper's work.

Weights are rounded once, symmetrically, with one scale per output (Jacob et al. 2018, "Quantization and Training of
Neural Networks for Efficient Integer-Arithmetic-Only Inference", section 3); activations are rounded for each call
with the range they have. The products are torch's own (FBGEMM, oneDNN or QNNPACK).
"""

from __future__ import annotations

import platform
import warnings

import torch
from torch import nn

ENGINES = ("x86", "fbgemm", "qnnpack")  # of torch.backends.quantized, the best first
INT8_MAX = 127


class Int8Linear(nn.Module):
    """Stands in for an `nn.Linear`: takes and gives float32 of the same shapes."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
        """`weight`: (outputs, inputs); `bias`: (outputs,) or None. Neither is kept."""
        super().__init__()
        self.out_features, self.in_features = weight.shape
        self.packed = pack(weight, bias)
        self.reduce_range = not has_exact_products()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(..., inputs) to (..., outputs)."""
        product: torch.Tensor = torch.ops.quantized.linear_dynamic(x, self.packed, self.reduce_range)
        return product


def pack(weight: torch.Tensor, bias: torch.Tensor | None) -> object:
    """`weight` (outputs, inputs) in 8 bits, in the form that torch's dynamic products take."""
    weight = weight.detach().float()
    scales = (weight.abs().amax(dim=1) / INT8_MAX).clamp_min(torch.finfo(torch.float32).tiny).double()
    zeros = torch.zeros(len(weight), dtype=torch.int64)
    with warnings.catch_warnings():
        # torch 2.13 names torchao as the successor of these tensors; it brings no faster CPU products.
        warnings.filterwarnings("ignore", message=r"torch\.quantize_per_tensor, torch\.quantize_per_channel and other")
        rounded = torch.quantize_per_channel(weight, scales, zeros, 0, torch.qint8)
        return torch.ops.quantized.linear_prepack(rounded, None if bias is None else bias.detach().float())


def is_supported() -> bool:
    """Whether this build of torch has 8-bit products for this processor; chooses the best engine for them."""
    known = torch.backends.quantized.supported_engines
    engine = next((name for name in ENGINES if name in known), None)
    if engine is None or (engine == "qnnpack" and platform.machine() not in ("aarch64", "arm64")):
        return False
    torch.backends.quantized.engine = engine
    return True


def has_exact_products() -> bool:
    """Whether 8-bit products are added up in 32 bits. x86 without VNNI adds pairs in 16 bits, which can overflow:
    there activations get 7 bits."""
    return torch.backends.quantized.engine == "qnnpack" or bool(torch.cpu._is_vnni_supported())


def to_int8(module: nn.Module) -> None:
    """Replace every linear layer below `module` (whisper's own subclass too) by one with 8-bit weights."""
    for name, child in module.named_children():
        if isinstance(child, nn.Linear):
            setattr(module, name, Int8Linear(child.weight, child.bias))
        else:
            to_int8(child)
