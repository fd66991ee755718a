"""Some rows times a 4-bit matrix, in the processor's own vector instructions (AVX512-BF16).

bitsandbytes' kernel reads the same layout and adds in the same order, so that both give the same numbers, bit for bit
(`tests/rag/test_engine_product.py`). This one unpacks once for eight rows, starts no threads, and multiplies any part
of a matrix, so that two threads can share one product (`rag.engine.sharing`); docs/performance.md has the figures.
Numba has no words for vectors, hence instructions for its compiler (LLVM) are put together here.

The layout: a block is 32 of the matrix's rows, which are columns of the result. It holds 32 bytes for each pair of
places: in the lower halves of the bytes the pairs of its first 16 rows, in the upper halves those of the others. Each
half names one of `_LEVELS`. 64 places of a row share one scale; scales (inner / 64, outer) are bfloat16.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import llvmlite.binding
import numba
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.types import ExternalFunction
from numba.extending import intrinsic

BLOCK_ROWS = 32  # of the matrix, as they are laid out
MOST_ROWS = 8  # that are multiplied with a block at once: 16 sums and what they need fit the processor's 32 registers

_PAIRS = 32  # places that share a scale
_AT_ONCE = 4  # pairs between two jumps
_AHEAD_BYTES = 1024  # fetched before its use: 236 µs instead of 255 for 4 MB, and 450 instead of 510 with four rows
_LANES = 16

_I64, _I32 = ir.IntType(64), ir.IntType(32)
_BYTES = ir.VectorType(ir.IntType(8), 2 * _LANES)
_HALVES = ir.VectorType(ir.IntType(16), 2 * _LANES)
_SHORTS = ir.VectorType(ir.IntType(16), _LANES)
_WORDS = ir.VectorType(_I32, _LANES)
_FLOATS = ir.VectorType(ir.FloatType(), _LANES)

# The sixteen numbers of NF4 as bfloat16, twice: the instruction that looks them up reads five bits of an index.
_NF4 = (0xBF80, 0xBF32, 0xBF06, 0xBECA, 0xBE92, 0xBE3D, 0xBDBA, 0, 0x3DA3, 0x3E25, 0x3E7C, 0x3EAD, 0x3EE2, 0x3F10)
_LEVELS = ir.Constant(_HALVES, [*_NF4, 0x3F39, 0x3F80] * 2)

NAME = "inhouse_multiply_blocks"
# count, outer, inner; addresses of rows, weights, scales, out; first and last block
ARGUMENTS = types.void(*[types.int64] * 9)
multiply_blocks: Any = ExternalFunction(NAME, ARGUMENTS)

_intrinsic: Any = intrinsic  # its own type takes the compiler's first argument for the caller's

# Numba refuses to compile for keeps where it finds no place for it (`rag.llms.machine`).
IS_KEPT = bool(getattr(numba.config, "CACHE_DIR", ""))


@cache
def bind() -> Any:
    """Compile `multiply_blocks`, or load it, and tell compiled code where it lies. Returns what keeps it alive.

    Called by its address rather than linked in: Numba would keep callers with an outdated copy of it.
    """
    made = numba.cfunc(ARGUMENTS, cache=IS_KEPT)(_multiply_blocks)
    llvmlite.binding.add_symbol(NAME, made.address)
    return made


def _multiply_blocks(  # noqa: PLR0913, PLR0917 - a C function's arguments
    count: int, outer: int, inner: int, rows: int, weights: int, scales: int, out: int, first: int, last: int
) -> None:
    """``count`` rows (``inner`` wide) times the matrix's blocks from ``first`` to before ``last``, into ``out``'s."""
    for block in range(first, last):
        for row in range(0, count, MOST_ROWS):
            _multiply_tile(
                *(min(MOST_ROWS, count - row), outer, inner, rows + 2 * row * inner),
                *(weights + block * (BLOCK_ROWS // 2) * inner, scales + 2 * BLOCK_ROWS * block),
                out + 2 * (row * outer + BLOCK_ROWS * block),
            )


@_intrinsic
def _multiply_tile(
    _typing: Any, count: Any, outer: Any, inner: Any, rows: Any, weights: Any, scales: Any, out: Any
) -> Any:
    """At most `MOST_ROWS` rows times one block: arguments as above, addresses those of the tile."""
    kind = types.void(count, outer, inner, rows, weights, scales, out)

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        count, *others = arguments
        end = builder.append_basic_block("end")
        choice = builder.switch(count, end)
        for number in range(1, MOST_ROWS + 1):
            case = builder.append_basic_block(f"rows_{number}")
            choice.add_case(ir.Constant(_I64, number), case)
            builder.position_at_end(case)
            _Tile(builder, number, *others).write()
            builder.branch(end)
        builder.position_at_end(end)
        return context.get_dummy_value()

    return kind, generate


class _Tile:
    """The instructions for a fixed number of rows."""

    def __init__(self, builder: Any, rows: int, *arguments: Any) -> None:
        self._builder, self._rows = builder, rows
        self._outer, self._inner, self._source, self._weights, self._scales, self._out = arguments
        self._zero = ir.Constant(_FLOATS, [0.0] * _LANES)
        sums = range(2 * rows)  # of both halves of the block
        self._totals = [cgutils.alloca_once_value(builder, self._zero) for _ in sums]
        self._parts = [cgutils.alloca_once_value(builder, self._zero) for _ in sums]

    def write(self) -> None:
        """Sums of 64 places each, then scaled and added up."""
        groups = self._builder.udiv(self._inner, _number(2 * _PAIRS))
        with cgutils.for_range(self._builder, groups) as group:
            for part in self._parts:
                self._builder.store(self._zero, part)
            with cgutils.for_range(self._builder, _number(_PAIRS // _AT_ONCE)) as turn:
                for more in range(_AT_ONCE):
                    begun = self._plus(self._times(group.index, _PAIRS), self._times(turn.index, _AT_ONCE))
                    self._add_pair(self._plus(begun, _number(more)), is_line=more % 2 == 0)
            self._scale(group.index)
        for row in range(self._rows):
            self._keep(row)

    def _add_pair(self, pair: Any, is_line: bool) -> None:
        """Two places of each row with those of the block's rows. ``is_line``: a line of the cache begins."""
        builder = self._builder
        address = self._plus(self._weights, self._times(pair, 2 * _LANES))
        if is_line:
            self._fetch(self._plus(address, _number(_AHEAD_BYTES)))
        names = builder.zext(self._load(_BYTES, address), _HALVES)
        upper = builder.lshr(names, ir.Constant(_HALVES, [4] * 2 * _LANES))
        levels = [self._look_up(names), self._look_up(upper)]
        for row in range(self._rows):
            place = self._plus(self._row(self._source, self._inner, row), self._times(pair, 4))
            both = self._everywhere(self._load(_I32, place))
            for half, level in enumerate(levels):
                part = self._parts[2 * row + half]
                builder.store(self._dot(builder.load(part), level, both), part)

    def _scale(self, group: Any) -> None:
        builder = self._builder
        for half in range(2):
            row = self._plus(self._scales, builder.mul(group, self._times(self._outer, 2)))
            scale = self._load(_SHORTS, self._plus(row, _number(2 * _LANES * half)))
            wide = builder.bitcast(builder.shl(builder.zext(scale, _WORDS), _words(16)), _FLOATS)
            for at in range(half, 2 * self._rows, 2):
                more = self._scaled(builder.load(self._parts[at]), wide, builder.load(self._totals[at]))
                builder.store(more, self._totals[at])

    def _keep(self, row: int) -> None:
        """One row's sums as bfloat16, ties to even."""
        builder = self._builder
        for half in range(2):
            bits = builder.bitcast(builder.load(self._totals[2 * row + half]), _WORDS)
            odd = builder.and_(builder.lshr(bits, _words(16)), _words(1))
            rounded = builder.add(builder.add(bits, _words(0x7FFF)), odd)
            short = builder.trunc(builder.lshr(rounded, _words(16)), _SHORTS)
            address = self._plus(self._row(self._out, self._outer, row), _number(2 * _LANES * half))
            builder.store(short, builder.inttoptr(address, _SHORTS.as_pointer()), align=2)

    def _dot(self, sums: Any, pairs: Any, both: Any) -> Any:
        """``sums`` and the products of two bfloat16 each. LLVM knows it by newer types, and takes these as well."""
        kind = ir.FunctionType(_FLOATS, [_FLOATS, _WORDS, _WORDS])
        return self._call("llvm.x86.avx512bf16.dpbf16ps.512", kind, sums, self._builder.bitcast(pairs, _WORDS), both)

    def _scaled(self, part: Any, scale: Any, total: Any) -> Any:
        """``part * scale + total``, rounded once."""
        return self._call("llvm.fma.v16f32", ir.FunctionType(_FLOATS, [_FLOATS] * 3), part, scale, total)

    def _look_up(self, names: Any) -> Any:
        kind = ir.FunctionType(_HALVES, [_HALVES, _HALVES])
        return self._call("llvm.x86.avx512.permvar.hi.512", kind, _LEVELS, names)

    def _fetch(self, address: Any) -> None:
        pointer = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [pointer, _I32, _I32, _I32])
        wishes = [ir.Constant(_I32, wish) for wish in (0, 3, 1)]  # to read, for keeps, data
        self._call("llvm.prefetch.p0", kind, self._builder.inttoptr(address, pointer), *wishes)

    def _call(self, name: str, kind: Any, *arguments: Any) -> Any:
        return self._builder.call(cgutils.get_or_insert_function(self._builder.module, kind, name), arguments)

    def _load(self, kind: Any, address: Any) -> Any:
        return self._builder.load(self._builder.inttoptr(address, kind.as_pointer()), align=1)

    def _everywhere(self, word: Any) -> Any:
        nothing = ir.Constant(_WORDS, ir.Undefined)
        first = self._builder.insert_element(nothing, word, ir.Constant(_I32, 0))
        return self._builder.shuffle_vector(first, nothing, _words(0))

    def _row(self, address: Any, width: Any, row: int) -> Any:
        return self._plus(address, self._times(width, 2 * row))

    def _plus(self, number: Any, other: Any) -> Any:
        return self._builder.add(number, other)

    def _times(self, number: Any, factor: int) -> Any:
        return self._builder.mul(number, _number(factor))


def _number(value: int) -> Any:
    return ir.Constant(_I64, value)


def _words(value: int) -> Any:
    return ir.Constant(_WORDS, [value] * _LANES)
