"""The compiled step: some tokens of some sequences through every layer, without Python in between.

    norm → queries, keys, values → rotate, keep → attend → norm → gate and up → down      (per layer)
    norm → a 4-bit head names candidates → the exact head decides

`step` is one step of the model for a few rows; a prompt's many rows go through its halves, layer by layer. Nothing
here holds Python's lock, so that two calls run on two cores, and nothing starts threads. 4-bit products are called
by their address (`rag.engine.sharing`); what lies between them is written here, because as single PyTorch operators it
took three quarters of a step (docs/performance.md). bfloat16 is kept as its 16 bits, the upper half of a float32.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from rag.engine import product, sharing
from rag.engine.blocks import BLOCK
from rag.llms.imports import late, uncollected

with uncollected(), late("scipy"):  # Numba looks there for a BLAS, half of a first step; nothing here calls one
    import numba.np.arraymath

# How far below the best of the 4-bit head's scores the exact best may lie, in standard deviations of all scores, which
# the errors of 4 bits are a share of (docs/performance.md).
MARGIN = np.float32(1.5)
_LOG2_E = np.float32(1.4426950408889634)

_compile = numba.njit(nogil=True, fastmath=True, error_model="numpy", cache=product.IS_KEPT)
_inline = numba.njit(nogil=True, fastmath=True, error_model="numpy", inline="always")


def bind() -> None:
    """Have the 4-bit products where this code calls them. Before the first step."""
    product.bind()
    sharing.bind()


@_inline
def _wide(bits: Any) -> Any:
    """A bfloat16's bits as float32."""
    return np.int32(np.int32(bits) << np.int32(16)).view(np.float32)


@_inline
def _narrow(number: Any) -> Any:
    """A float32 as the bits of the nearest bfloat16, ties to even."""
    bits = np.float32(number).view(np.int32)
    return np.uint16((bits + np.int32(0x7FFF) + ((bits >> np.int32(16)) & np.int32(1))) >> np.int32(16))


@_inline
def _exp(number: Any) -> Any:
    """e to a number of at most 88, to seven digits; unlike the library's, it compiles to vector instructions."""
    power = min(max(number * _LOG2_E, np.float32(-126.0)), np.float32(126.0))
    whole = np.floor(power + np.float32(0.5))
    part = power - whole
    # Taylor series of 2**part, |part| <= 1/2
    value = np.float32(1.5403530e-4)
    value = value * part + np.float32(1.3333558e-3)
    value = value * part + np.float32(9.6181291e-3)
    value = value * part + np.float32(5.5504109e-2)
    value = value * part + np.float32(2.4022651e-1)
    value = value * part + np.float32(6.9314718e-1)
    value = value * part + np.float32(1.0)
    return value * np.int32((np.int32(whole) + np.int32(127)) << np.int32(23)).view(np.float32)


@_compile
def _normalise(numbers: Any, weight: Any, epsilon: Any, out: Any) -> None:
    """Root mean square norm of one row, to bfloat16."""
    total = np.float32(0)
    for place in range(numbers.shape[0]):
        total += numbers[place] * numbers[place]
    factor = np.float32(1) / np.sqrt(total / np.float32(numbers.shape[0]) + epsilon)
    for place in range(numbers.shape[0]):
        out[place] = _narrow(numbers[place] * factor * weight[place])


@_inline
def _multiply(board: Any, rows: Any, matrix: Any, inner: int, outer: int, out: Any, count: int) -> None:
    """``count`` rows (bfloat16, ``inner`` wide) times a 4-bit matrix; ``matrix`` holds its two addresses."""
    source, target = np.int64(rows.ctypes.data), np.int64(out.ctypes.data)
    sizes = (np.int64(count), np.int64(outer), np.int64(inner))
    sharing.multiply(board, sizes[0], sizes[1], sizes[2], source, matrix[0], matrix[1], target)


@_compile
def _rotate(source: Any, bias: Any, norm: Any, epsilon: Any, cos: Any, sin: Any, out: Any) -> None:
    """One head's projection with bias, its own norm where ``norm`` is not empty, and its position, to float32."""
    width = out.shape[0]
    half = width // 2
    for place in range(width):
        out[place] = _wide(source[place]) + bias[place]
    if norm.shape[0]:
        total = np.float32(0)
        for place in range(width):
            total += out[place] * out[place]
        factor = np.float32(1) / np.sqrt(total / np.float32(width) + epsilon)
        for place in range(width):
            out[place] = out[place] * factor * norm[place]
    for place in range(half):
        low, high = out[place], out[place + half]
        out[place] = low * cos[place] - high * sin[place]
        out[place + half] = high * cos[place + half] + low * sin[place + half]


@_compile
def _score(query, keys, scores):
    """The heads' products with one block of keys (width, BLOCK), into ``scores`` (heads, BLOCK).

    Three heads and four places at a time: a key is widened once for three, and the compiler makes vector
    instructions of innermost loops only, and only where their indices count from zero.
    """
    heads, width = query.shape
    trios = heads // 3 * 3
    for head in range(heads):
        for token in range(BLOCK):
            scores[head, token] = np.float32(0)
    for head in range(0, trios, 3):
        low, high = head + 1, head + 2
        for place in range(0, width, 4):
            a0, a1, a2, a3 = query[head, place], query[head, place + 1], query[head, place + 2], query[head, place + 3]
            b0, b1, b2, b3 = query[low, place], query[low, place + 1], query[low, place + 2], query[low, place + 3]
            c0, c1, c2, c3 = query[high, place], query[high, place + 1], query[high, place + 2], query[high, place + 3]
            for token in range(BLOCK):
                k0, k1 = _wide(keys[place, token]), _wide(keys[place + 1, token])
                k2, k3 = _wide(keys[place + 2, token]), _wide(keys[place + 3, token])
                scores[head, token] += a0 * k0 + a1 * k1 + a2 * k2 + a3 * k3
                scores[low, token] += b0 * k0 + b1 * k1 + b2 * k2 + b3 * k3
                scores[high, token] += c0 * k0 + c1 * k1 + c2 * k2 + c3 * k3
    for head in range(trios, heads):
        for place in range(0, width, 4):
            a0, a1, a2, a3 = query[head, place], query[head, place + 1], query[head, place + 2], query[head, place + 3]
            for token in range(BLOCK):
                k0, k1 = _wide(keys[place, token]), _wide(keys[place + 1, token])
                k2, k3 = _wide(keys[place + 2, token]), _wide(keys[place + 3, token])
                scores[head, token] += a0 * k0 + a1 * k1 + a2 * k2 + a3 * k3


@_compile
def _gather(shares, values, out):
    """Add one block's values (BLOCK, width), each by the heads' shares (heads, BLOCK); in the manner of `_score`."""
    heads, width = out.shape
    trios = heads // 3 * 3
    for token in range(0, BLOCK, 4):
        for head in range(0, trios, 3):
            low, high = head + 1, head + 2
            a0, a1, a2, a3 = (
                shares[head, token],
                shares[head, token + 1],
                shares[head, token + 2],
                shares[head, token + 3],
            )
            b0, b1, b2, b3 = shares[low, token], shares[low, token + 1], shares[low, token + 2], shares[low, token + 3]
            c0, c1, c2, c3 = (
                shares[high, token],
                shares[high, token + 1],
                shares[high, token + 2],
                shares[high, token + 3],
            )
            for place in range(width):
                v0, v1 = _wide(values[token, place]), _wide(values[token + 1, place])
                v2, v3 = _wide(values[token + 2, place]), _wide(values[token + 3, place])
                out[head, place] += a0 * v0 + a1 * v1 + a2 * v2 + a3 * v3
                out[low, place] += b0 * v0 + b1 * v1 + b2 * v2 + b3 * v3
                out[high, place] += c0 * v0 + c1 * v1 + c2 * v2 + c3 * v3
        for head in range(trios, heads):
            a0, a1, a2, a3 = (
                shares[head, token],
                shares[head, token + 1],
                shares[head, token + 2],
                shares[head, token + 3],
            )
            for place in range(width):
                v0, v1 = _wide(values[token, place]), _wide(values[token + 1, place])
                v2, v3 = _wide(values[token + 2, place]), _wide(values[token + 3, place])
                out[head, place] += a0 * v0 + a1 * v1 + a2 * v2 + a3 * v3


@_compile
def _attend(query, keys, values, table, lengths, scale, scores, out):
    """Heads that share keys, and rows of one sequence, over that sequence's blocks.

    Shapes: query, out (heads, width) float32; keys (blocks, width, BLOCK), values (blocks, BLOCK, width) bfloat16;
    table (blocks,); lengths (heads,): tokens that each may see; scores (blocks, >= heads, BLOCK) float32.
    """
    blocks = 0
    for head in range(query.shape[0]):
        blocks = max(blocks, (lengths[head] + BLOCK - 1) // BLOCK)
    for number in range(blocks):
        _score(query, keys[table[number]], scores[number])
    for head in range(query.shape[0]):
        _soften(scores[:blocks], head, lengths[head], scale)
        for place in range(query.shape[1]):
            out[head, place] = np.float32(0)
    for number in range(blocks):
        _gather(scores[number], values[table[number]], out)


@_compile
def _soften(scores, head, length, scale):
    """One head's scores (blocks, heads, BLOCK) to shares that sum to one; what is past ``length`` becomes nothing."""
    most = np.float32(-1e30)
    for number in range(scores.shape[0]):
        for token in range(BLOCK):
            if number * BLOCK + token >= length:
                scores[number, head, token] = np.float32(-1e30)
            most = max(most, scores[number, head, token])
    total = np.float32(0)
    for number in range(scores.shape[0]):
        for token in range(BLOCK):
            share = _exp((scores[number, head, token] - most) * scale)
            scores[number, head, token] = share
            total += share
    factor = np.float32(1) / total
    for number in range(scores.shape[0]):
        for token in range(BLOCK):
            is_seen = number * BLOCK + token < length
            scores[number, head, token] = scores[number, head, token] * factor if is_seen else np.float32(0)


@_compile
def _keep_rows(projected, places, owners, tables, keys, values, bias, norm, epsilon, angles, key):  # noqa: PLR0913, PLR0917 - arrays, not objects
    """The rows' keys and values, into their blocks. Before any of these rows attends."""
    groups, width = keys.shape[0], keys.shape[2]
    first = projected.shape[1] - 2 * groups * width
    for row in range(places.shape[0]):
        place = places[row]
        block, lane = tables[owners[row], place // BLOCK], place % BLOCK
        for group in range(groups):
            begin = first + group * width
            source, shift = projected[row, begin : begin + width], bias[begin : begin + width]
            _rotate(source, shift, norm, epsilon, angles[0, place], angles[1, place], key)
            begin += groups * width
            for number in range(width):
                keys[group, block, number, lane] = _narrow(key[number])
                values[group, block, lane, number] = _narrow(
                    _wide(projected[row, begin + number]) + bias[begin + number]
                )


@_compile
def _mix(projected, places, table, keys, values, bias, norm, epsilon, angles, scale, heads, attention, out):  # noqa: PLR0913, PLR0917 - arrays, not objects
    """Attention of some rows of one sequence over it, ``heads`` for each group of keys, to bfloat16."""
    query, mixture, scores, lengths = attention
    width, rows = keys.shape[2], projected.shape[0]
    for group in range(keys.shape[0]):
        for row in range(rows):
            for head in range(heads):
                begin, at = (group * heads + head) * width, row * heads + head
                source, shift = projected[row, begin : begin + width], bias[begin : begin + width]
                place = places[row]
                _rotate(source, shift, norm, epsilon, angles[0, place], angles[1, place], query[at])
                lengths[at] = place + 1
        used = rows * heads
        _attend(query[:used], keys[group], values[group], table, lengths, scale, scores, mixture[:used])
        for row in range(rows):
            for head in range(heads):
                begin, at = (group * heads + head) * width, row * heads + head
                for number in range(width):
                    out[row, begin + number] = _narrow(mixture[at, number])


@_compile
def _activate(opened: Any, out: Any) -> None:
    """The gate's SiLU times the other half, one row."""
    inner = out.shape[0]
    for place in range(inner):
        gate = _wide(opened[place])
        out[place] = _narrow(gate / (np.float32(1) + _exp(-gate)) * _wide(opened[inner + place]))


@_compile
def _add(states: Any, back: Any) -> None:
    for place in range(states.shape[0]):
        states[place] += _wide(back[place])


@_compile
def begin(tokens, embedding, work):
    """The tokens' first states, into ``work[0]``."""
    states = work[0]
    for row in range(tokens.shape[0]):
        for place in range(states.shape[1]):
            states[row, place] = _wide(embedding[tokens[row], place])


@_compile
def project(layer, rows, keys, values, weights, work):
    """The first half of a layer: queries, keys and values of all rows; keys and values are kept."""
    places, owners, tables = rows
    _, matrices, norms, biases, head_norms, angles, numbers = weights
    states, normed, projected, key, board = work[0], work[1], work[2], work[7], work[9]
    count = places.shape[0]
    for row in range(count):
        _normalise(states[row], norms[layer, 0], numbers[0], normed[row])
    _multiply(board, normed, matrices[layer, 0], states.shape[1], projected.shape[1], projected, count)
    _keep_rows(
        *(projected, places, owners, tables, keys[layer], values[layer], biases[layer], head_norms[layer, 1]),
        *(numbers[0], angles, key),
    )


@_compile
def finish(layer, rows, keys, values, weights, work):
    """The second half of a layer: attention over all that is kept, and the feed-forward part."""
    places, owners, tables = rows
    _, matrices, norms, biases, head_norms, angles, numbers = weights
    states, normed, projected, mixed, opened, active, back, _, attention, board, _ = work
    count, hidden, inner = places.shape[0], states.shape[1], active.shape[1]
    heads = mixed.shape[1] // (keys.shape[1] * keys.shape[3])
    most = attention[0].shape[0] // heads
    row = 0
    while row < count:
        end = row + 1
        while end < min(count, row + most) and owners[end] == owners[row]:
            end += 1
        _mix(
            *(projected[row:end], places[row:end], tables[owners[row]], keys[layer], values[layer], biases[layer]),
            *(head_norms[layer, 0], numbers[0], angles, numbers[1], heads, attention, mixed[row:end]),
        )
        row = end
    _multiply(board, mixed, matrices[layer, 1], mixed.shape[1], hidden, back, count)
    for row in range(count):
        _add(states[row], back[row])
        _normalise(states[row], norms[layer, 1], numbers[0], normed[row])
    _multiply(board, normed, matrices[layer, 2], hidden, 2 * inner, opened, count)
    for row in range(count):
        _activate(opened[row], active[row])
    _multiply(board, active, matrices[layer, 3], inner, hidden, back, count)
    for row in range(count):
        _add(states[row], back[row])


@_compile
def step(tokens, rows, keys, values, weights, work):
    """Run rows through all layers; their last states, not yet normalised, are ``work[0]``.

    Shapes: tokens (rows,) int64; ``rows`` are places and owners (rows,) and tables (sequences, blocks) int64: each
    row's position, the row of ``tables`` that lists its sequence's blocks. keys (layers, groups, blocks, width, BLOCK)
    and values (layers, groups, blocks, BLOCK, width) uint16. ``weights`` and ``work`` as `rag.engine.steps` makes them.
    """
    begin(tokens, weights[0], work)
    for layer in range(weights[1].shape[0]):
        if work[10][0]:
            return  # another thread has failed, and what is written here is of no use
        project(layer, rows, keys, values, weights, work)
        finish(layer, rows, keys, values, weights, work)


@_compile
def normalise(count, norm, epsilon, work):
    """The last norm of the first ``count`` rows, from ``work[0]`` into ``work[1]``."""
    for row in range(count):
        _normalise(work[0][row], norm, epsilon, work[1][row])


@_compile
def _floor(scores):
    """What the rough score of a candidate is at least."""
    most, total, squares = np.float32(-1e30), np.float32(0), np.float32(0)
    for token in range(scores.shape[0]):
        score = _wide(scores[token])
        most = max(most, score)
        total += score
        squares += score * score
    mean = total / np.float32(scores.shape[0])
    variance = max(np.float32(0), squares / np.float32(scores.shape[0]) - mean * mean)
    return most - MARGIN * np.sqrt(variance)


@_compile
def choose(count, norm, epsilon, head, table, work, rough, chosen):
    """The likeliest next token of each of the first ``count`` rows after `step`, into ``chosen`` (rows,) int64.

    ``head``: addresses of a 4-bit copy of ``table`` (vocabulary, hidden), the exact head. The copy's scores
    (``rough``, (rows, vocabulary or more) uint16) name the candidates: all within `MARGIN` of the best. The exact head
    decides between them.
    """
    normed = work[1]
    vocabulary, hidden = table.shape
    normalise(count, norm, epsilon, work)
    _multiply(work[9], normed, head, hidden, rough.shape[1], rough, count)
    for row in range(count):
        best, floor = np.float32(-1e30), _floor(rough[row, :vocabulary])
        for token in range(vocabulary):
            if _wide(rough[row, token]) >= floor:
                exact = np.float32(0)
                for place in range(hidden):
                    exact += _wide(normed[row, place]) * _wide(table[token, place])
                if exact > best:
                    best = exact
                    chosen[row] = token
