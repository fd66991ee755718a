"""What the engine asks of a model: read a piece of a prompt, write the next tokens of some sequences."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Protocol

import torch

from rag.engine.blocks import BLOCK
from rag.engine.forward import Forward, Piece
from rag.engine.limits import Limits
from rag.engine.pool import Pool
from rag.engine.weights import Weights, is_known, weights_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class Runner(Protocol):
    """A model and the memory of what it has read. Only the engine's thread calls it."""

    blocks: int  # of the pool
    keeps: bool  # whether a beginning that was read once can be used again
    vocabulary: int  # tokens that it knows, numbered from 0

    def read(self, owner: int, piece: Piece, wanted: int) -> torch.Tensor | None:
        """Read tokens; of the last ``wanted`` of them the next token's scores, (wanted, vocabulary) float32."""

    def write(self, owners: Sequence[int], pieces: Sequence[Piece]) -> list[list[int]]:
        """The likeliest token after each token of each piece."""

    def wipe(self, blocks: Sequence[int]) -> None:
        """Clear blocks."""

    def drop(self, owner: int) -> None:
        """A sequence has ended."""

    def close(self) -> None:
        """Nothing more will be asked."""


def runner_for(model: PreTrainedModel | Weights, limits: Limits) -> Runner:
    """The quickest way to run ``model`` that is known to be right for it."""
    if isinstance(model, Weights) or is_known(model):
        return OwnRunner(model, limits)
    from rag.engine.foreign import ForeignRunner

    return ForeignRunner(model, limits)


class OwnRunner:
    """The llama-like families, through the engine's own forward pass and, on a fit processor, the compiled step.

    ``model`` is Transformers' own, or its weights as they were laid out before.
    """

    keeps = True

    def __init__(self, model: PreTrainedModel | Weights, limits: Limits) -> None:
        weights = model if isinstance(model, Weights) else weights_of(model)
        self.vocabulary = len(weights.embedding)
        token_bytes = 2 * len(weights.layers) * weights.groups * weights.width * weights.embedding.element_size()
        self.blocks = max(limits.cache_bytes // (token_bytes * BLOCK), -(-limits.context_tokens // BLOCK))
        self._pool = Pool(
            *(len(weights.layers), weights.groups, weights.width, self.blocks),
            *(weights.embedding.dtype, weights.embedding.device),
        )
        self._forward = Forward(weights, self._pool, limits.context_tokens)
        self._is_compiled = weights.is_packed
        if self._is_compiled:
            from rag.engine.steps import Steps  # compiles; needed on fit processors only

            self._steps = Steps(weights, self._pool, limits)

    @torch.inference_mode()
    def read(self, owner: int, piece: Piece, wanted: int) -> torch.Tensor | None:
        if self._is_compiled:
            return self._steps.read(piece, wanted)
        states = self._forward.states([piece])
        return self._forward.scores(states[-wanted:]) if wanted else None

    @torch.inference_mode()
    def write(self, owners: Sequence[int], pieces: Sequence[Piece]) -> list[list[int]]:
        if self._is_compiled:
            return self._steps.next_tokens(pieces)
        tokens: list[list[int]] = [[] for _ in pieces]
        by_length = sorted(range(len(pieces)), key=lambda place: len(pieces[place].ids))
        for length, group in groupby(by_length, key=lambda place: len(pieces[place].ids)):
            places = list(group)
            states = self._forward.states([pieces[place] for place in places])
            chosen = self._forward.scores(states).argmax(-1).view(-1, length).tolist()
            for place, found in zip(places, chosen, strict=True):
                tokens[place] = found
        return tokens

    def wipe(self, blocks: Sequence[int]) -> None:
        self._pool.wipe(blocks)

    def drop(self, owner: int) -> None:
        """Its blocks are the engine's to release."""

    def close(self) -> None:
        if self._is_compiled:
            self._steps.close()
