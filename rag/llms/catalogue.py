"""Models that are known to serve, and which of them fit a machine. Imports nothing heavy, asks nobody.

Source: the Qwen3 and SmolLM2 configurations; weights are NF4 with double quantisation and a bf16 head and
embedding, calculated, checked against the loaded model for SmolLM2 only.
"""

from __future__ import annotations

from dataclasses import dataclass

from rag.engine.limits import KV_THREADS, KV_TOKENS, Size

WORKING_BYTES = 400 << 20  # activations and PyTorch's own, measured with SmolLM2 on a CPU
FEW_CORES = 8  # below this a model of four billion weights keeps people waiting


@dataclass(frozen=True, slots=True)
class Entry:
    """One model. ``hf_model_id`` None: it comes with the installation."""

    name: str
    hf_model_id: str | None
    parameters: int
    weights_bytes: int
    kv_bytes_per_token: int
    licence: str
    languages: str  # for people: "English", "more than 100 languages"
    note: str

    @property
    def memory_bytes(self) -> int:
        """Weights, the key/value caches of `KV_THREADS` prompts of `KV_TOKENS`, and working memory."""
        return self.weights_bytes + KV_THREADS * KV_TOKENS * self.kv_bytes_per_token + WORKING_BYTES


def _qwen(name: str, billions: float, weights_gb: float, kv_kib: int, note: str) -> Entry:
    return Entry(
        name=name,
        hf_model_id=f"Qwen/{name}",
        parameters=int(billions * 1e9),
        weights_bytes=int(weights_gb * 1e9),
        kv_bytes_per_token=kv_kib * 1024,
        licence="Apache-2.0",
        languages="more than 100 languages",
        note=note,
    )


MODELS = (
    Entry(
        name="SmolLM2-135M-Instruct",
        hf_model_id=None,
        parameters=134_515_008,
        weights_bytes=112_000_000,
        kv_bytes_per_token=2 * 30 * 3 * 64 * 2,
        licence="Apache-2.0",
        languages="English",
        note="embedded, for trying only: often wrong",
    ),
    _qwen("Qwen3-0.6B", 0.6, 0.54, 112, "a small processor; simple questions"),
    _qwen("Qwen3-1.7B", 1.7, 1.35, 112, "a processor; slow on fewer than 4 cores"),
    _qwen("Qwen3-4B-Instruct-2507", 4.0, 2.65, 144, "the best trade-off; from 8 GB of GPU memory"),
    _qwen("Qwen3-8B", 8.2, 6.1, 144, "from 12 GB of GPU memory"),
    _qwen("Qwen3-14B", 14.8, 9.9, 160, "from 16 GB of GPU memory"),
    _qwen("Qwen3-32B", 32.8, 19.2, 256, "from 32 GB of GPU memory"),
)

EMBEDDED = Size(MODELS[0].weights_bytes, MODELS[0].kv_bytes_per_token, window_tokens=8192)


def fitting(memory_bytes: int, gpu_memory_bytes: int, cores: int | None = None) -> list[Entry]:
    """The models that fit, best first. Those that fit the GPU; where none does, those for the processor.

    On a processor a model over four billion weights is left out as too slow, and from four billion on
    where ``cores`` (None: many) are fewer than eight.
    """
    on_gpu = [entry for entry in MODELS if entry.memory_bytes <= gpu_memory_bytes]
    most = 2e9 if cores is not None and cores < FEW_CORES else 4.5e9
    on_cpu = [entry for entry in MODELS if entry.memory_bytes <= memory_bytes and entry.parameters <= most]
    return sorted(on_gpu or on_cpu, key=lambda entry: entry.parameters, reverse=True)
