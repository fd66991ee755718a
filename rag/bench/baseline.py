"""Plain Transformers: the same 4-bit weights and `generate()`, as anybody would write it. Runs in `worker`."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import torch
import transformers
from transformers.generation.streamers import BaseStreamer

from rag.llms.loading import Quantisation, load
from rag.llms.model_files import find_model


class PlainTransformers:
    """One prompt after another through ``model.generate()``."""

    def __init__(
        self, model: str, checkpoint_dir: str, quant_type: str, double_quant: bool, device_map: str, threads: int
    ) -> None:
        torch.set_num_threads(threads)
        loaded = load(
            find_model(model),
            Quantisation(double_quant, quant_type, torch.bfloat16),
            device_map=device_map,
            checkpoint_dir=Path(checkpoint_dir),
            context_tokens=2048,
        )
        self._model = loaded.model
        self._model.set_attn_implementation("sdpa")  # Transformers' own, not ours
        self._model.generation_config.eos_token_id = None  # everybody writes the same number
        self.about: dict[str, Any] = {"version": transformers.__version__, "threads": threads}

    def tokens(self, ids: list[int], count: int) -> Iterator[int]:
        """In a thread of its own, because a streamer is called and not asked."""
        streamer = _Streamer()
        batch = torch.tensor([ids], device=self._model.device)
        thread = threading.Thread(target=self._generate, args=(batch, count, streamer))
        thread.start()
        yield from streamer
        thread.join()

    def _generate(self, batch: torch.Tensor, count: int, streamer: _Streamer) -> None:
        generate: Any = self._model.generate
        try:
            generate(
                batch,
                attention_mask=torch.ones_like(batch),
                max_new_tokens=count,
                do_sample=False,
                pad_token_id=0,
                streamer=streamer,
            )
        finally:  # also after an error: nobody shall wait for more
            streamer.end()


class _Streamer(BaseStreamer):
    """New ids, as they come."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[int | None] = SimpleQueue()
        self._is_prompt = True

    def put(self, value: torch.Tensor) -> None:
        if not self._is_prompt:
            for token in value.flatten().tolist():
                self._queue.put(token)
        self._is_prompt = False

    def end(self) -> None:
        self._queue.put(None)

    def __iter__(self) -> Iterator[int]:
        while (token := self._queue.get()) is not None:
            yield token
