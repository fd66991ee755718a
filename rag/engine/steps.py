"""Writes rows of many sequences through the compiled step, shared out to threads that run side by side."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import Any

import numpy as np
import torch
from torch.nn.functional import linear

from rag.engine import compiled
from rag.engine.blocks import BLOCK
from rag.engine.crew import MOST_HELPERS, Crew
from rag.engine.forward import Piece
from rag.engine.limits import MOST_DRAFTED_ROWS, Limits
from rag.engine.pool import Pool
from rag.engine.weights import Layer, Weights

Rows = tuple[np.ndarray, np.ndarray, np.ndarray]
TILE_ROWS = 8  # of a prompt that look at one block of keys together


class Steps:
    """The compiled step over one model's weights and one pool, shared out by rows.

    Writing: each of ``workers`` threads takes some sequences through all layers by itself: nobody waits for anybody
    within a step, and on two cores two halves take as long as one. A step for one of them alone is written where it
    was asked for, and the other cores help with its products (`rag.engine.crew`). Reading: each of ``threads``
    takes some of the piece's rows; they meet once in each layer, when all keys are there.
    """

    def __init__(self, weights: Weights, pool: Pool, limits: Limits) -> None:
        head = weights.rough_head
        assert head is not None, "these weights are not laid out for the compiled step"
        compiled.bind()
        self._head_addresses = np.array(head.addresses, dtype=np.int64)
        self._weights = weights  # the tensors behind the addresses must live
        self._keys, self._values = _bits(pool.keys), _bits(pool.values)
        self._arrays = _arrays(weights, limits.context_tokens)
        self._table = _bits(weights.head)
        self._norm = _floats(weights.norm)
        most = max(TILE_ROWS, -(-limits.chunk_tokens // limits.threads))
        self._readers = [_Work(weights, limits, most, TILE_ROWS) for _ in range(limits.threads)]
        rows = max(limits.streams, MOST_DRAFTED_ROWS)
        self._crew = Crew(min(limits.threads - 1, MOST_HELPERS), rows, max(len(head.weight), _widest(weights)))
        self._is_broken = np.zeros(1, np.int64)  # one of the writers has failed: the others need not go on
        self._writers = [
            _Work(weights, limits, rows, 1 + limits.draft_tokens, len(head.weight), board, self._is_broken)
            for board in [self._crew.board, *[0] * (limits.workers - 1)]
        ]
        self._reading = ThreadPoolExecutor(limits.threads, "read")
        self._writing = ThreadPoolExecutor(limits.workers, "write")

    def read(self, piece: Piece, wanted: int) -> torch.Tensor | None:
        """Read at most ``chunk_tokens`` of a prompt; of the last ``wanted`` of them the scores."""
        share = max(TILE_ROWS, -(-len(piece.ids) // len(self._readers)))
        shares = [
            Piece(piece.ids[begin : begin + share], piece.start + begin, piece.table)
            for begin in range(0, len(piece.ids), share)
        ]
        rows = [_rows([share]) for share in shares]
        every = range(len(shares))
        for at in every:
            compiled.begin(_tokens([shares[at]]), self._arrays[0], self._readers[at].arrays)
        for layer in range(-1, len(self._weights.layers)):
            futures = [self._reading.submit(self._on, layer, rows[at], self._readers[at]) for at in every]
            self._await(futures)
            for future in futures:
                future.result()
        return self._scores(shares, wanted) if wanted else None

    def next_tokens(self, pieces: Sequence[Piece]) -> list[list[int]]:
        """The likeliest token after each token of each piece."""
        shares = _shared_out(pieces, len(self._writers))
        if len(shares) == 1:
            with self._crew.at_work():
                return self._write(self._writers[0], pieces)
        futures = [
            self._writing.submit(self._write, work, [pieces[place] for place in share])
            for work, share in zip(self._writers, shares, strict=False)
        ]
        self._await(futures)
        tokens: list[list[int]] = [[] for _ in pieces]
        for share, future in zip(shares, futures, strict=True):
            for place, found in zip(share, future.result(), strict=True):
                tokens[place] = found
        return tokens

    def close(self) -> None:
        """End the threads."""
        self._reading.shutdown()
        self._writing.shutdown()
        self._crew.close()

    def _await(self, futures: Sequence[Future[Any]]) -> None:
        """Until all have ended, because nothing may be written any more when an error is told; it ends the others."""
        finished, _ = wait(futures, return_when=FIRST_EXCEPTION)
        if any(future.exception() for future in finished):
            self._is_broken[0] = 1
        wait(futures)
        self._is_broken[0] = 0

    def _write(self, work: _Work, pieces: Sequence[Piece]) -> list[list[int]]:
        tokens = _tokens(pieces)
        compiled.step(tokens, _rows(pieces), self._keys, self._values, self._arrays, work.arrays)
        compiled.choose(
            *(len(tokens), self._norm, self._arrays[-1][0], self._head_addresses, self._table),
            *(work.arrays, work.rough, work.chosen),
        )
        chosen = work.chosen[: len(tokens)].tolist()
        counts = [len(piece.ids) for piece in pieces]
        ends = np.cumsum(counts).tolist()
        return [chosen[end - count : end] for end, count in zip(ends, counts, strict=True)]

    def _on(self, layer: int, rows: Rows, work: _Work) -> None:
        """From one meeting to the next: the rest of a layer (none before the first), and the next one's first half."""
        memory = (self._keys, self._values, self._arrays, work.arrays)
        if layer >= 0:
            compiled.finish(layer, rows, *memory)
        if layer + 1 < len(self._weights.layers):
            compiled.project(layer + 1, rows, *memory)

    def _scores(self, shares: Sequence[Piece], wanted: int) -> torch.Tensor:
        """Shape: (wanted, vocabulary) float32, by the exact head."""
        states = []
        for share, work in zip(shares, self._readers, strict=False):
            compiled.normalise(len(share.ids), self._norm, self._arrays[-1][0], work.arrays)
            states.append(work.arrays[1][: len(share.ids)])
        last = np.concatenate(states)[-wanted:]
        return linear(torch.from_numpy(last.view(np.int16)).view(torch.bfloat16), self._weights.head).float()


def _tokens(pieces: Sequence[Piece]) -> np.ndarray:
    return np.array([token for piece in pieces for token in piece.ids], dtype=np.int64)


def _rows(pieces: Sequence[Piece]) -> Rows:
    """Places, owners and tables, as the compiled step takes them."""
    tables = np.zeros((len(pieces), max(len(piece.table) for piece in pieces)), dtype=np.int64)
    for row, piece in zip(tables, pieces, strict=True):
        row[: len(piece.table)] = piece.table
    places = np.concatenate([np.arange(piece.start, piece.start + len(piece.ids)) for piece in pieces])
    return places, np.repeat(np.arange(len(pieces)), [len(piece.ids) for piece in pieces]), tables


class _Work:
    """One thread's scratch memory, the board where others help it, and a flag that tells it to stop."""

    def __init__(
        self,
        weights: Weights,
        limits: Limits,
        rows: int,
        most_of_one: int,
        vocabulary: int = 0,
        board: int = 0,
        is_broken: np.ndarray | None = None,
    ) -> None:
        heads, groups, width = weights.heads, weights.groups, weights.width
        queries = most_of_one * heads // groups
        blocks = (limits.context_tokens + BLOCK - 1) // BLOCK
        attention = (
            np.zeros((queries, width), np.float32),
            np.zeros((queries, width), np.float32),
            np.zeros((blocks, queries, BLOCK), np.float32),
            np.zeros(queries, np.int64),
        )
        self.arrays = (
            np.zeros((rows, weights.hidden), np.float32),
            np.zeros((rows, weights.hidden), np.uint16),
            np.zeros((rows, (heads + 2 * groups) * width), np.uint16),
            np.zeros((rows, heads * width), np.uint16),
            np.zeros((rows, 2 * weights.inner), np.uint16),
            np.zeros((rows, weights.inner), np.uint16),
            np.zeros((rows, weights.hidden), np.uint16),
            np.zeros(width, np.float32),
            attention,
            board,
            np.zeros(1, np.int64) if is_broken is None else is_broken,
        )
        self.rough = np.zeros((rows, vocabulary), np.uint16)
        self.chosen = np.zeros(rows, np.int64)


def _widest(weights: Weights) -> int:
    """Result of a layer's products."""
    return max((weights.heads + 2 * weights.groups) * weights.width, weights.hidden, 2 * weights.inner)


def _shared_out(pieces: Sequence[Piece], workers: int) -> list[list[int]]:
    """Places of pieces for each worker, so that all have about as much to do; none is empty."""
    shares: list[list[int]] = [[] for _ in range(min(workers, len(pieces)))]
    loads = [0] * len(shares)
    for place in sorted(range(len(pieces)), key=lambda place: _load(pieces[place]), reverse=True):
        least = loads.index(min(loads))
        shares[least].append(place)
        loads[least] += _load(pieces[place])
    return shares


def _load(piece: Piece) -> int:
    """What a piece costs: a row's products cost as much as attention over some 2,000 tokens does."""
    return len(piece.ids) * (2000 + piece.start)


def _arrays(weights: Weights, context_tokens: int) -> tuple[Any, ...]:
    """The weights as the compiled step takes them."""
    joined = (weights.heads + 2 * weights.groups) * weights.width
    layers = weights.layers
    norms = np.stack([np.stack([_floats(norm) for norm in layer.norms]) for layer in layers])
    biases = [np.zeros(joined, np.float32) if layer.bias is None else _floats(layer.bias) for layer in layers]
    angles = np.stack([_floats(part) for part in weights.angles(context_tokens)])
    return (
        _bits(weights.embedding),
        np.array([_addresses(layer) for layer in layers], dtype=np.int64),
        norms,
        np.stack(biases),
        np.stack([_head_norms(layer) for layer in layers]),
        angles,
        np.array([weights.epsilon, weights.width**-0.5], dtype=np.float32),
    )


def _addresses(layer: Layer) -> list[tuple[int, int]]:
    return [matrix.addresses for matrix in (layer.qkv, layer.out, layer.open, layer.close)]  # type: ignore[union-attr]


def _head_norms(layer: Layer) -> np.ndarray:
    """Shape: (2, width), or (2, 0) where heads are not normalised."""
    if layer.head_norms is None:
        return np.zeros((2, 0), np.float32)
    return np.stack([_floats(norm) for norm in layer.head_norms])


def _bits(tensor: torch.Tensor) -> np.ndarray:
    """A bfloat16 tensor's memory as its bits."""
    return tensor.detach().view(torch.int16).numpy().view(np.uint16)


def _floats(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().float().numpy()
