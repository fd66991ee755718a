"""What this machine offers a model: memory, cores, a GPU. Imports PyTorch only where there is a GPU."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from functools import cache

from rag.llms import catalogue, machine

_NVIDIA_SMI_TIMEOUT_S = 20


@dataclass(frozen=True, slots=True)
class Outlook:
    """One machine at one moment. ``has_avx512_bf16`` is None where that means nothing (not an x86 Linux)."""

    memory_bytes: int
    cores: int
    gpu_name: str  # empty without an NVIDIA GPU
    gpu_memory_bytes: int  # free, and usable by the installed PyTorch
    gpu_total_bytes: int
    has_avx512_bf16: bool | None

    @classmethod
    def of_this_machine(cls) -> Outlook:
        name, total_bytes = _gpu()
        return cls(
            memory_bytes=machine.available_memory_bytes(),
            cores=machine.usable_cores(),
            gpu_name=name,
            gpu_memory_bytes=machine.gpu_memory_bytes() if name else 0,
            gpu_total_bytes=total_bytes,
            has_avx512_bf16=machine.has_avx512_bf16(),
        )

    @property
    def model_memory_bytes(self) -> int:
        """Where the model would lie: the GPU's free memory, or the machine's without one."""
        return self.gpu_memory_bytes or self.memory_bytes

    def fitting(self) -> list[catalogue.Entry]:
        """The models that fit, best first."""
        return catalogue.fitting(self.memory_bytes, self.gpu_memory_bytes, self.cores)


@cache
def _gpu() -> tuple[str, int]:
    """Name and memory in bytes of the NVIDIA GPUs together, as the driver says. Sample: ``NVIDIA L4, 23034``."""
    if not shutil.which("nvidia-smi"):
        return "", 0
    command = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
    try:
        listed = subprocess.run(  # noqa: S603 - a fixed command
            command, capture_output=True, text=True, check=True, timeout=_NVIDIA_SMI_TIMEOUT_S
        )
    except (OSError, subprocess.SubprocessError):
        return "", 0
    rows = [line.rsplit(",", 1) for line in listed.stdout.splitlines() if "," in line]
    total_mib = sum(int(size) for _, size in rows if size.strip().isdigit())
    return (rows[0][0] if rows else ""), total_mib << 20
