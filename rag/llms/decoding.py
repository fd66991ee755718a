"""Token by token: a prompt's ids in, new ids out. Knows a model and its cache; knows no text.

An own loop instead of `generate()`: it can be stopped between any two tokens and between the pieces of a long
prompt, runs in the caller's thread, and shows the first token's time.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from transformers import PreTrainedModel

from rag.errors import OutOfMemory

CHUNK_TOKENS = {"cpu": 512, "cuda": 2048}  # of a prompt read at once; a cancel is seen between two of them
# Under this a token is too little work to share: with two threads SmolLM2-135M wrote 14 to 18 tokens a second, with
# one 25 to 27; a model of 0.7 GB gained nothing from one (docs/log.md).
SMALL_WEIGHTS_BYTES = 250_000_000
_LOOP_TOKENS = 48  # a pattern that fills so many tokens, at least three times over, is a loop
_MOST_PERIOD = 16


class Decoder:
    """Runs one model for one caller at a time; whoever owns it keeps callers apart."""

    def __init__(self, model: PreTrainedModel) -> None:
        self._model = model
        self._chunk_tokens = CHUNK_TOKENS.get(model.device.type, 2048)
        weights_bytes = sum(weight.numel() * weight.element_size() for weight in model.parameters())
        self._is_small = model.device.type == "cpu" and weights_bytes < SMALL_WEIGHTS_BYTES

    def read(self, ids: Sequence[int], cancel: threading.Event | None = None) -> tuple[torch.Tensor, Any] | None:
        """Read a prompt: the next token's scores (vocabulary,) float32 and the cache. None when cancelled.

        The cache that is built here is where a kept prefix will come in.
        """
        cache: Any = None
        scores = torch.empty(0)
        for start in range(0, len(ids), self._chunk_tokens):
            if cancel and cancel.is_set():
                return None
            scores, cache = self._step(ids[start : start + self._chunk_tokens], cache)
        return scores, cache

    def tokens(
        self, ids: Sequence[int], *, most: int, stop_ids: frozenset[int], cancel: threading.Event | None = None
    ) -> Iterator[int]:
        """The likeliest continuation, up to ``most`` tokens; ends before a stop token, in a loop, or on cancel."""
        begun = self.read(ids, cancel) if most > 0 else None
        if begun is None:
            return
        scores, cache = begun
        written: list[int] = []
        while True:
            token = int(scores.argmax())
            if token in stop_ids or loops(written):
                return
            written.append(token)
            yield token
            if len(written) == most or (cancel and cancel.is_set()):
                return
            scores, cache = self._step([token], cache)

    @torch.inference_mode()
    def likelihoods(self, prompt: Sequence[int], text: Sequence[int]) -> torch.Tensor:
        """Log-probability of each of ``text``'s tokens after ``prompt``, nats. Shape: (tokens,) float32."""
        if not text:
            return torch.zeros(1)
        with memory_errors():
            batch = torch.tensor([[*prompt, *text]], device=self._model.device)
            logits = self._model(input_ids=batch, logits_to_keep=len(text) + 1, use_cache=False).logits[0, :-1]
            targets = torch.tensor(list(text), device=logits.device)
            return -torch.nn.functional.cross_entropy(logits.float(), targets, reduction="none").cpu()

    @torch.inference_mode()
    def _step(self, ids: Sequence[int], cache: Any) -> tuple[torch.Tensor, Any]:
        with memory_errors(), one_thread(self._is_small and len(ids) == 1):
            batch = torch.tensor([list(ids)], device=self._model.device)
            out = self._model(input_ids=batch, past_key_values=cache, use_cache=True, logits_to_keep=1)
            return out.logits[0, -1].float(), out.past_key_values


def loops(written: Sequence[int]) -> bool:
    """Whether the text goes in a circle, as small models do: one short pattern over and over at its end."""
    for period in range(1, min(_MOST_PERIOD, len(written) // 3) + 1):
        span = max(_LOOP_TOKENS, 3 * period)
        if len(written) < span:
            continue
        tail = written[-span:]
        if all(tail[place] == tail[place - period] for place in range(period, span)):
            return True
    return False


@contextmanager
def one_thread(wanted: bool = True) -> Iterator[None]:
    """Within it PyTorch works with one thread, if ``wanted``."""
    threads = torch.get_num_threads()
    if wanted and threads > 1:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        if wanted and threads > 1:
            torch.set_num_threads(threads)


@contextmanager
def memory_errors() -> Iterator[None]:
    """Raises OutOfMemory for what PyTorch raises when memory runs out, having freed what can be freed."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        out = isinstance(error, torch.OutOfMemoryError | MemoryError) or "allocate memory" in str(error)
        if not out:
            raise
        detail = str(error)
    else:
        return
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    raise OutOfMemory(
        "Memory ran out while answering; everything else goes on. Lower INHOUSE_CONTEXT_TOKENS, or choose a smaller "
        "model with `inhouse models`.",
        detail=detail,
    )
