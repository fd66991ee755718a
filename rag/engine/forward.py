"""The forward pass in PyTorch: tokens of some sequences through all layers, keys and values in the pool.

For where the compiled step does not run: a GPU, unquantised weights, a processor without the fused 4-bit kernel.
Between layers the states are float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn.functional import linear, rms_norm, scaled_dot_product_attention, silu

from rag.engine.blocks import BLOCK
from rag.engine.pool import Pool
from rag.engine.weights import Layer, Weights


@dataclass(frozen=True, slots=True)
class Piece:
    """Some tokens of one sequence, from ``start`` on; ``table`` lists the sequence's blocks up to their end."""

    ids: Sequence[int]
    start: int
    table: Sequence[int]


@dataclass(frozen=True, slots=True)
class _Spots:
    """Where the tokens of a pass stand; made once for all layers."""

    positions: torch.Tensor  # (tokens,)
    spots: tuple[torch.Tensor, torch.Tensor]
    tables: torch.Tensor  # (sequences, blocks)
    mask: torch.Tensor  # (sequences, 1, tokens each, keys): what each may see


class Forward:
    """One model's layers over one pool."""

    def __init__(self, weights: Weights, pool: Pool, context_tokens: int) -> None:
        self._weights = weights
        self._pool = pool
        cos, sin = weights.angles(context_tokens)
        self._cos = cos.to(weights.embedding.dtype)[:, None]
        # With the halves swapped, a rotation is two products and a sum.
        half = weights.width // 2
        sign = torch.cat([-torch.ones(half), torch.ones(half)]).to(sin.device)
        self._sin = (sin * sign).to(weights.embedding.dtype)[:, None]

    def states(self, pieces: Sequence[Piece]) -> torch.Tensor:
        """Last states of all tokens, after the last norm. All pieces are equally long. Shape: (tokens, hidden)."""
        weights = self._weights
        spots = self._spots(pieces)
        ids = torch.tensor([token for piece in pieces for token in piece.ids], device=weights.embedding.device)
        states = weights.embedding[ids].float()
        for number, layer in enumerate(weights.layers):
            states += self._attention(number, layer, self._norm(states, layer.norms[0]), spots)
            opened = layer.open(self._norm(states, layer.norms[1]))
            states += layer.close(silu(opened[:, : weights.inner]) * opened[:, weights.inner :])
        return self._norm(states, weights.norm)

    def scores(self, states: torch.Tensor) -> torch.Tensor:
        """Of every token as the next one. Shape: (states, vocabulary) float32."""
        return linear(states, self._weights.head).float()

    def _norm(self, states: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return rms_norm(states, (states.shape[-1],), weight.float(), self._weights.epsilon).to(weight.dtype)

    def _attention(self, number: int, layer: Layer, rows: torch.Tensor, spots: _Spots) -> torch.Tensor:
        weights = self._weights
        joined = layer.qkv(rows)
        if layer.bias is not None:
            joined = joined + layer.bias
        joined = joined.view(len(rows), -1, weights.width)
        query, key, value = joined.split((weights.heads, weights.groups, weights.groups), dim=1)
        if layer.head_norms is not None:
            query, key = self._norm(query.float(), layer.head_norms[0]), self._norm(key.float(), layer.head_norms[1])
        cos, sin = self._cos[spots.positions], self._sin[spots.positions]
        query, key = _rotated(query, cos, sin), _rotated(key, cos, sin)
        self._pool.write(number, spots.spots, key, value)
        keys, values = self._pool.read(number, spots.tables)
        mixed = _attended(query.view(len(spots.tables), -1, weights.heads, weights.width), keys, values, spots.mask)
        return layer.out(mixed.reshape(len(rows), -1))

    def _spots(self, pieces: Sequence[Piece]) -> _Spots:
        device = self._weights.embedding.device
        length = len(pieces[0].ids)
        starts = torch.tensor([piece.start for piece in pieces], device=device)
        positions = starts[:, None] + torch.arange(length, device=device)
        blocks = max((piece.start + length + BLOCK - 1) // BLOCK for piece in pieces)
        tables = [[*piece.table[:blocks], *(blocks - len(piece.table)) * [0]] for piece in pieces]
        table = torch.tensor(tables, device=device)
        spots = (table.gather(1, positions // BLOCK).flatten(), (positions % BLOCK).flatten())
        seen = torch.arange(blocks * BLOCK, device=device) <= positions[:, :, None]
        return _Spots(positions.flatten(), spots, table, seen[:, None])


def _rotated(heads: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """Heads (tokens, heads, width) turned by their positions (rotary embedding, halves form)."""
    return heads * cos + heads.roll(heads.shape[-1] // 2, dims=-1) * sin


def _attended(query: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Shapes: query (sequences, tokens, heads, width), keys and values (sequences, groups, keys, width).

    Returns (sequences, tokens, heads, width). A single token's heads are folded onto their group: PyTorch would
    repeat the keys for every head.
    """
    sequences, tokens, heads, width = query.shape
    if tokens == 1:
        folded = query.view(sequences, keys.shape[1], -1, width)
        return scaled_dot_product_attention(folded, keys, values, attn_mask=mask).view(sequences, 1, heads, width)
    out = scaled_dot_product_attention(query.transpose(1, 2), keys, values, attn_mask=mask, enable_gqa=True)
    return out.transpose(1, 2)
