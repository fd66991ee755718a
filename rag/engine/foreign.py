"""Any other causal model, as Transformers runs it: one sequence at a time, each with a cache of its own.

Nothing that was read is used for another prompt: whether a cache can be cut, shared or put together differs from
model to model (sliding windows, states of linear attention).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import DynamicCache, PreTrainedModel

from rag.engine import attention
from rag.engine.blocks import BLOCK
from rag.engine.forward import Piece
from rag.engine.limits import Limits


class ForeignRunner:
    """Transformers' own forward pass."""

    keeps = False

    def __init__(self, model: PreTrainedModel, limits: Limits) -> None:
        attention.install(model)
        self._model = model
        self.vocabulary = int(model.config.get_text_config().vocab_size)
        self._caches: dict[int, Any] = {}
        self.blocks = limits.streams * -(-limits.context_tokens // BLOCK)

    @torch.inference_mode()
    def read(self, owner: int, piece: Piece, wanted: int) -> torch.Tensor | None:
        if owner not in self._caches:
            self._caches[owner] = DynamicCache(config=self._model.config)
        ids = torch.tensor([list(piece.ids)], device=self._model.device)
        out = self._model(
            input_ids=ids, past_key_values=self._caches[owner], use_cache=True, logits_to_keep=max(wanted, 1)
        )
        return out.logits[0].float() if wanted else None

    def write(self, owners: Sequence[int], pieces: Sequence[Piece]) -> list[list[int]]:
        scores = (self.read(owner, piece, len(piece.ids)) for owner, piece in zip(owners, pieces, strict=True))
        return [row.argmax(-1).tolist() for row in scores if row is not None]

    def wipe(self, blocks: Sequence[int]) -> None:
        """There is no pool: a cache goes with its sequence."""

    def drop(self, owner: int) -> None:
        self._caches.pop(owner, None)

    def close(self) -> None:
        self._caches.clear()
