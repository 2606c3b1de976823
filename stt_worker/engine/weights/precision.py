"""In which numbers a loaded model computes: 8-bit products, bfloat16, half or full precision."""

from __future__ import annotations

from typing import Literal

import torch
import whisper as openai_whisper  # the distribution is openai-whisper; `whisper` on PyPI is another program
from torch import nn

from stt_worker.engine.weights.int8 import is_supported, to_int8

Precision = Literal["int8", "bf16", "fp16", "fp32"]
Wanted = Literal["auto", "int8", "bf16", "fp16", "fp32"]

DTYPES: dict[Precision, torch.dtype] = {
    "int8": torch.float32,  # of what flows between the products
    "bf16": torch.bfloat16,
    "fp16": torch.float16,
    "fp32": torch.float32,
}


class PrecisionError(ValueError):
    """The wanted precision cannot be had here; the message says why."""


def choose_precision(wanted: Wanted, device: torch.device) -> Precision:
    """The precision to use on `device`: for `auto` half on a GPU, on a CPU 8 bits where there are products for it.

    Raises PrecisionError for one that the device does not have.
    """
    on_gpu = device.type == "cuda"
    if wanted == "auto":
        if on_gpu:
            return "fp16"
        return "int8" if is_supported() else "fp32"
    if wanted == "int8" and (on_gpu or not is_supported()):
        where = "a GPU" if on_gpu else "this processor with this build of torch"
        raise PrecisionError(f"WHISPER_PRECISION=int8: there are no 8-bit products for {where}.")
    if wanted == "fp16" and not on_gpu:
        raise PrecisionError("WHISPER_PRECISION=fp16 is for GPUs; on a CPU take int8, bf16 or fp32.")
    return wanted


@torch.no_grad()
def set_precision(model: openai_whisper.Whisper, precision: Precision) -> None:
    """Bring `model` to `precision`, in place. openai-whisper itself keeps full precision and rounds in every call.

    Layer norms stay in full precision, as openai-whisper computes them.
    """
    if precision == "int8":
        to_int8(model)
        return
    dtype = DTYPES[precision]
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Conv1d | nn.Embedding):
            module.to(dtype)
    model.decoder.positional_embedding.data = model.decoder.positional_embedding.data.to(dtype)
