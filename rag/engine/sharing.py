"""One product on several cores: whoever owns it does not wait for those who help.

The owner writes what is to be multiplied on a board and begins with its own part of the matrix. A helper looks at the
board, multiplies its part from the front into memory of its own, and counts there what is done. When the owner is
through with its part, it goes on with a helper's from the back, until it meets what that helper has done, and copies
that. So a helper that lost its core holds nobody up: the owner does everything by itself, as if it had been alone, and
whatever a helper writes late is looked at by nobody. Any share of the work gives the same numbers.

Knows nothing of models: a helper sees addresses only. A board is an array of int64, its words as named below.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import llvmlite.binding
import numba
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.core.types import ExternalFunction
from numba.extending import intrinsic

from rag.engine.product import BLOCK_ROWS, IS_KEPT, multiply_blocks

_LINE = 8  # words that the processor's caches move together: what one thread writes shares no line with another's
_STAGE = 0  # counts products, twice each: odd while the words below are being written
IS_OPEN = 1  # whether products are shared
_PRODUCT = 2  # six words: count, outer, inner, addresses of rows, weights, scales
_HELPERS = _LINE  # how many there are, for good; beside it what the owner counts for itself:
BLOCKS = _LINE + 1  # that were shared out
HELPED = _LINE + 2  # that helpers did of these
_FIRST_HELPER = 2 * _LINE  # one line for each: address of its memory; then one more that it writes itself:
_DONE = _LINE  # its stage in the upper half, its blocks in the lower

_AT_ONCE = 4  # blocks of a helper's part that the owner does before it looks again
_PATIENCE = 2000  # looks at the board, some 20 µs, before a helper offers its core to others
_LOWER = (1 << 32) - 1

NAME = "inhouse_multiply"
# board (0: nobody helps), count, outer, inner, rows, weights, scales, out
ARGUMENTS = types.void(*[types.int64] * 8)
multiply: Any = ExternalFunction(NAME, ARGUMENTS)
_give_up_core: Any = ExternalFunction("sched_yield", types.int32())
_copy: Any = ExternalFunction("memcpy", types.int64(types.int64, types.int64, types.int64))

_intrinsic: Any = intrinsic
_compile = numba.njit(nogil=True, error_model="numpy", cache=IS_KEPT)


@cache
def bind() -> Any:
    """Compile `multiply`, or load it, and tell compiled code where it lies. After `rag.engine.product.bind`."""
    made = numba.cfunc(ARGUMENTS, cache=IS_KEPT)(_multiply)
    llvmlite.binding.add_symbol(NAME, made.address)
    return made


def board_of(memories: list[np.ndarray]) -> np.ndarray:
    """A board for so many helpers, each with memory for the longest result. They must live as long as it does."""
    board = np.zeros(_FIRST_HELPER + 2 * _LINE * len(memories), np.int64)
    board[_HELPERS] = len(memories)
    for number, memory in enumerate(memories):
        board[_FIRST_HELPER + 2 * _LINE * number] = memory.ctypes.data
    return board


@_intrinsic
def _read(_typing: Any, address: Any) -> Any:
    """A word as it is now, and nothing that follows is done before."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], ir.IntType(64).as_pointer())
        return builder.load_atomic(pointer, "acquire", 8)

    return types.int64(types.int64), generate


@_intrinsic
def _write(_typing: Any, address: Any, value: Any) -> Any:
    """Set a word, after everything before it."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], ir.IntType(64).as_pointer())
        builder.store_atomic(arguments[1], pointer, "release", 8)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), generate


@_intrinsic
def _pause(_typing: Any) -> Any:
    """A moment in which the core's other thread goes on."""

    def generate(context: Any, builder: Any, _signature: Any, _arguments: Any) -> Any:
        kind = ir.FunctionType(ir.VoidType(), [])
        name = "llvm.x86.sse2.pause"
        function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
        builder.call(function, [])
        return context.get_dummy_value()

    return types.void(), generate


@_compile
def _helpers_part(helper: int, helpers: int, blocks: int) -> tuple[int, int]:
    """The blocks of a helper. The owner's come before all of these."""
    share = blocks // (helpers + 1)
    first = blocks - share * (helpers - helper)
    return first, first + share


def _multiply(board: int, count: int, outer: int, inner: int, rows: int, weights: int, scales: int, out: int) -> None:
    """``count`` rows times a whole matrix, together with whoever is at the board."""
    blocks = outer // BLOCK_ROWS
    if not board or not _read(board + 8 * IS_OPEN):
        multiply_blocks(count, outer, inner, rows, weights, scales, out, 0, blocks)
        return
    helpers = _read(board + 8 * _HELPERS)
    stage = _post(board, count, outer, inner, rows, weights, scales)
    multiply_blocks(count, outer, inner, rows, weights, scales, out, 0, _helpers_part(0, helpers, blocks)[0])
    for helper in range(helpers):
        first, end = _helpers_part(helper, helpers, blocks)
        line = board + 8 * (_FIRST_HELPER + 2 * _LINE * helper)
        done = _done(line, stage)
        while first + done < end:
            begin = max(first + done, end - min(_AT_ONCE, (end - first - done + 1) // 2))
            multiply_blocks(count, outer, inner, rows, weights, scales, out, begin, end)
            end = begin
            done = _done(line, stage)
        _take(_read(line), out, count, outer, first, end)
        _write(board + 8 * HELPED, _read(board + 8 * HELPED) + end - first)
    _write(board + 8 * BLOCKS, _read(board + 8 * BLOCKS) + blocks)


@_compile
def _post(board: int, count: int, outer: int, inner: int, rows: int, weights: int, scales: int) -> int:
    """Write a product on the board. Returns its stage."""
    stage = _read(board + 8 * _STAGE) + 2
    _write(board + 8 * _STAGE, stage - 1)
    product = board + 8 * _PRODUCT
    _write(product, count)
    _write(product + 8, outer)
    _write(product + 16, inner)
    _write(product + 24, rows)
    _write(product + 32, weights)
    _write(product + 40, scales)
    _write(board + 8 * _STAGE, stage)
    return stage


@_compile
def _done(line: int, stage: int) -> int:
    """How many blocks a helper has done of this product."""
    word = _read(line + 8 * _DONE)
    return word & _LOWER if word >> 32 == stage & _LOWER else 0


@_compile
def _take(memory: int, out: int, count: int, outer: int, first: int, end: int) -> None:
    """Copy a helper's blocks from ``first`` to before ``end``."""
    for row in range(count):
        place = 2 * (row * outer + BLOCK_ROWS * first)
        _copy(out + place, memory + place, 2 * BLOCK_ROWS * (end - first))


@_compile
def help_at(board: int, helper: int) -> None:
    """Help with every product that is posted, until the board is closed."""
    stage, looks = _read(board + 8 * _STAGE) & ~1, 0
    while _read(board + 8 * IS_OPEN):
        posted = _read(board + 8 * _STAGE)
        if posted & 1 or posted == stage:
            looks += 1
            if looks > _PATIENCE:
                _give_up_core()
            else:
                _pause()
            continue
        stage, looks = posted, 0
        _help(board, helper, stage)


@_compile
def _help(board: int, helper: int, stage: int) -> None:
    """One helper's part of one product, as long as that is the one that is posted."""
    product, helpers = board + 8 * _PRODUCT, _read(board + 8 * _HELPERS)
    count, outer, inner = _read(product), _read(product + 8), _read(product + 16)
    rows, weights, scales = _read(product + 24), _read(product + 32), _read(product + 40)
    if _read(board + 8 * _STAGE) != stage:
        return  # what was read may be of two products
    line = board + 8 * (_FIRST_HELPER + 2 * _LINE * helper)
    memory = _read(line)
    first, end = _helpers_part(helper, helpers, outer // BLOCK_ROWS)
    for block in range(first, end):
        if _read(board + 8 * _STAGE) != stage:
            return
        multiply_blocks(count, outer, inner, rows, weights, scales, memory, block, block + 1)
        _write(line + 8 * _DONE, (stage & _LOWER) << 32 | (block + 1 - first))
