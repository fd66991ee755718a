"""bitsandbytes' own 4-bit kernel for processors, called directly.

Importing bitsandbytes brings PyTorch's compiler along, which takes a second or more and is of no use to a model whose
weights are laid out already; its library of compiled functions is all that is needed then. The same file is loaded
once only, whoever asks first.
"""

from __future__ import annotations

import ctypes
import importlib.util
from functools import cache
from pathlib import Path

import torch

NAME = "gemv_4bit_inference_cpu_nf4_bf16"
ROWS = 32  # of its layout
SCALES = 64  # weights that share one scale


@cache
def library() -> ctypes.CDLL:
    """The compiled functions. Raises: OSError where there are none for this system."""
    found = importlib.util.find_spec("bitsandbytes")  # finds without importing
    if found is None or found.origin is None:
        raise OSError("bitsandbytes is not installed")
    return ctypes.CDLL(str(Path(found.origin).with_name("libbitsandbytes_cpu.so")))


@cache
def runs_here() -> bool:
    """Whether this processor multiplies 4-bit weights as they lie (AVX512-BF16)."""
    try:
        return bool(library().has_avx512bf16_cpu())
    except (OSError, AttributeError):
        return False


def multiply(rows: torch.Tensor, weight: torch.Tensor, scales: torch.Tensor) -> torch.Tensor:
    """Rows (n, inner) bfloat16 times a matrix laid out for the kernel: (n, outer) bfloat16."""
    count, inner = rows.shape
    outer = weight.shape[0]
    out = torch.empty(count, outer, dtype=torch.bfloat16)
    getattr(library(), NAME)(
        *map(ctypes.c_int64, (count, outer, inner)),
        *(ctypes.c_void_p(tensor.data_ptr()) for tensor in (rows, weight, scales, out)),
        *map(ctypes.c_int64, (SCALES, rows.stride(0), outer)),
    )
    return out
