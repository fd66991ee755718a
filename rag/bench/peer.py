"""llama.cpp through `llama_cpp`, where somebody installed it; it is no part of the product. Runs in `worker`."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

READ_AT_ONCE = 512  # llama.cpp's own default


def find_library() -> Path | None:
    """The folder from which `llama_cpp` can be imported here."""
    found = importlib.util.find_spec("llama_cpp")
    return Path(found.origin).parent.parent if found and found.origin else None


class LlamaCpp:
    """One GGUF file; the likeliest token each time, without the cost of its samplers."""

    def __init__(self, gguf: str, folder: str, threads: int, context_tokens: int, on_gpu: bool) -> None:
        sys.path.append(folder)  # last: our own packages come first
        self._library = importlib.import_module("llama_cpp")
        self._model = self._library.Llama(
            gguf,
            n_ctx=context_tokens,
            n_threads=threads,
            n_threads_batch=threads,
            n_batch=READ_AT_ONCE,
            n_gpu_layers=-1 if on_gpu else 0,
            verbose=False,
        )
        can_use_gpu = bool(self._library.llama_supports_gpu_offload())
        self.about: dict[str, Any] = {
            "version": self._library.__version__,
            "threads": threads,
            "on_gpu": on_gpu and can_use_gpu,
        }

    def tokens(self, ids: list[int], count: int) -> Iterator[int]:
        self._model.reset()
        self._model.eval(ids)
        for number in range(count):
            token = self._likeliest()
            yield token
            if number + 1 < count:
                self._model.eval([token])

    def _likeliest(self) -> int:
        scores = self._library.llama_get_logits_ith(self._model.ctx, -1)
        return int(np.ctypeslib.as_array(scores, shape=(self._model.n_vocab(),)).argmax())
