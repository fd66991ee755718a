"""What this machine could do at best: bytes read and products computed per second.

Writing an answer reads every weight for every token, so it cannot be faster than reading; reading a prompt is
matrix products, so it cannot be faster than those. Source: ../shared/facts/inference.md section 6 for the method.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import torch

_ROUNDS = 5
_ARRAY_BYTES = {"cpu": 512 << 20, "cuda": 2 << 30}  # well over the last cache
_SIDE = {"cpu": 2048, "cuda": 8192}  # of the matrices

_TRIED_SIDE = 256
_HOPELESS_FLOP_S = 5e9  # bf16 where the processor has none: the large matrices would take minutes


@dataclass(frozen=True, slots=True)
class Ceilings:
    """Bytes and floating-point operations per second; ``one_*`` with one thread, the others with ``threads``."""

    device: str
    threads: int
    read_bytes_s: float
    bf16_flop_s: float
    fp32_flop_s: float
    one_read_bytes_s: float | None = None
    one_bf16_flop_s: float | None = None
    one_fp32_flop_s: float | None = None

    @property
    def best_read_bytes_s(self) -> float:
        """One thread may read faster than several where the machine is shared."""
        return max(self.read_bytes_s, self.one_read_bytes_s or 0.0)

    @property
    def best_flop_s(self) -> float:
        """As `best_read_bytes_s`, in whichever format is faster."""
        one = (self.one_bf16_flop_s or 0.0, self.one_fp32_flop_s or 0.0)
        return max(self.bf16_flop_s, self.fp32_flop_s, *one)

    def as_dict(self) -> dict[str, object]:
        return {
            name: round(value) if isinstance(value, float) else value
            for name, value in asdict(self).items()
            if value is not None
        }


def measure_ceilings(threads: int, device: str = "cpu") -> Ceilings:
    """Takes about three seconds and 0.6 GB of memory on a processor. Leaves PyTorch with ``threads`` threads."""
    if device == "cuda":
        return Ceilings(device, threads, _read_rate(device), *_matrix_rates(device))
    found = {}
    for count in {1, threads}:
        torch.set_num_threads(count)
        found[count] = (_read_rate(device), *_matrix_rates(device))
    torch.set_num_threads(threads)
    return Ceilings(device, threads, *found[threads], *found[1])


def _read_rate(device: str) -> float:
    size_bytes = _ARRAY_BYTES[device]
    array = torch.ones(size_bytes // 8, dtype=torch.int64, device=device)
    if device == "cuda":
        copy = torch.empty_like(array)
        return 2 * size_bytes / _best_s(lambda: copy.copy_(array), device)
    return size_bytes / _best_s(array.sum, device)


def _matrix_rates(device: str) -> tuple[float, float]:
    """bf16 and fp32."""
    bf16, fp32 = (_matrix_rate(dtype, device) for dtype in (torch.bfloat16, torch.float32))
    return bf16, fp32


def _matrix_rate(dtype: torch.dtype, device: str) -> float:
    small = _product_rate(_TRIED_SIDE, dtype, device)
    return small if small < _HOPELESS_FLOP_S else _product_rate(_SIDE[device], dtype, device)


def _product_rate(side: int, dtype: torch.dtype, device: str) -> float:
    left, right = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    return 2 * side**3 / _best_s(lambda: left @ right, device)


def _best_s(work: Callable[[], object], device: str) -> float:
    """The quickest of some rounds: what the machine can do, not what it did beside others."""
    times = []
    for _ in range(_ROUNDS + 1):  # the first one touches the memory
        started = time.perf_counter()
        work()
        if device == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - started)
    return min(times[1:])
