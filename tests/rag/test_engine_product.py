"""Our 4-bit products are bitsandbytes' to the last bit, alone and shared, whatever becomes of who helps."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pytest

from rag.llms import machine

machine.set_up_machine()

import torch  # noqa: E402 - after the machine is set up

from rag.engine import kernel, product, sharing  # noqa: E402
from rag.engine.crew import REST_STEPS, Crew  # noqa: E402

pytestmark = pytest.mark.skipif(not kernel.runs_here(), reason="the products need a processor with AVX512-BF16")

SHAPES = [(32, 64), (64, 128), (416, 576), (1152, 896), (96, 4864)]  # rows and columns of a matrix
WIDEST = 1152
PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Task:
    """Random rows and a random 4-bit matrix."""

    rows: torch.Tensor
    weights: torch.Tensor
    scales: torch.Tensor
    out: torch.Tensor

    @classmethod
    def random(cls, count: int, outer: int, inner: int, seed: int = 1) -> Task:
        draw = torch.Generator().manual_seed(seed)
        return cls(
            torch.randn(count, inner, generator=draw).bfloat16(),
            torch.randint(0, 256, (outer, inner // 2), generator=draw, dtype=torch.uint8),
            torch.rand(inner // 64, outer, generator=draw).bfloat16(),
            torch.full((count, outer), torch.nan, dtype=torch.bfloat16),
        )

    @property
    def expected(self) -> torch.Tensor:
        return kernel.multiply(self.rows, self.weights, self.scales)

    @property
    def arguments(self) -> list[int]:
        count, outer = self.out.shape
        places = [tensor.data_ptr() for tensor in (self.rows, self.weights, self.scales, self.out)]
        return [count, outer, self.rows.shape[1], *places]


def multiply_blocks(task: Task, first: int, last: int) -> None:
    ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 9)(product.bind().address)(*task.arguments, first, last)


def multiply(task: Task, board: int = 0) -> None:
    product.bind()
    ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 8)(sharing.bind().address)(board, *task.arguments)


@pytest.mark.parametrize("count", [*range(1, 10), 17, 64])
@pytest.mark.parametrize(("outer", "inner"), SHAPES)
def test_products_are_bitsandbytes_own_to_the_last_bit(count: int, outer: int, inner: int) -> None:
    task = Task.random(count, outer, inner)
    multiply(task)
    assert torch.equal(task.out, task.expected)


def test_a_part_of_a_matrix_leaves_the_rest_alone() -> None:
    task = Task.random(3, 416, 576)
    multiply_blocks(task, 2, 5)
    assert torch.equal(task.out[:, 64:160], task.expected[:, 64:160])
    assert task.out[:, :64].isnan().all() and task.out[:, 160:].isnan().all()


def test_a_row_alone_is_what_it_is_in_company() -> None:
    together, alone = Task.random(8, 416, 576), Task.random(8, 416, 576)
    multiply(together)
    for row in range(8):
        one = Task(alone.rows[row : row + 1], alone.weights, alone.scales, alone.out[row : row + 1])
        multiply(one)
    assert torch.equal(alone.out, together.out)


@contextmanager
def helping(board: np.ndarray, count: int, help_at: Callable[[int, int], None] = sharing.help_at) -> Iterator[int]:
    """An open board with helpers at it."""
    address = board.ctypes.data
    board[sharing.IS_OPEN] = 1
    threads = [threading.Thread(target=help_at, args=(address, number)) for number in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield address
    finally:
        board[sharing.IS_OPEN] = 0
        for thread in threads:
            thread.join(PATIENCE_S)
        assert not any(thread.is_alive() for thread in threads)


def memories(count: int) -> list[np.ndarray]:
    """What stands in them from before looks like results."""
    return [np.full((64, WIDEST), 0x4000, np.uint16) for _ in range(count)]


@pytest.mark.parametrize("helpers", [1, 2, 3, 50])
def test_a_shared_product_is_that_of_one(helpers: int) -> None:
    """Also with more helpers than there are blocks."""
    places = memories(helpers)
    board = sharing.board_of(places)
    with helping(board, min(helpers, 4)) as address:
        for number in range(150):
            outer, inner = SHAPES[number % len(SHAPES)]
            task = Task.random(1 + number % 9, outer, inner, number)
            multiply(task, address)
            assert torch.equal(task.out, task.expected)


def test_helpers_do_their_part() -> None:
    """Sooner or later they get a core, however busy the machine is."""
    places = memories(1)
    board, task = sharing.board_of(places), Task.random(64, 1152, 896)
    wanted, end = task.expected, time.monotonic() + PATIENCE_S
    with helping(board, 1) as address:
        while board[sharing.HELPED] < 20 and time.monotonic() < end:
            multiply(task, address)
            assert torch.equal(task.out, wanted)
    assert 20 <= board[sharing.HELPED] <= board[sharing.BLOCKS] / 2


def test_helpers_that_never_come_hold_nobody_up() -> None:
    places = memories(2)
    board, task = sharing.board_of(places), Task.random(4, 416, 576)
    with helping(board, 0) as address:
        multiply(task, address)
    assert torch.equal(task.out, task.expected)
    assert board[sharing.HELPED] == 0 and board[sharing.BLOCKS] == 13


def test_what_was_done_for_another_product_is_not_taken() -> None:
    """A helper that lost its core counts for a product that nobody asks for any more."""
    places = memories(1)
    board, task = sharing.board_of(places), Task.random(4, 416, 576)
    done = len(board) - 8  # the helper's own word
    with helping(board, 0) as address:
        for late in (0, 2, 1 << 20):
            board[done] = (int(board[0]) - late) << 32 | 6
            multiply(task, address)
            assert torch.equal(task.out, task.expected) and board[sharing.HELPED] == 0
        board[done] = (int(board[0]) + 2) << 32 | 6  # but of this one it is
        multiply(task, address)
    assert (task.out[:, 224:] == 2.0).all() and board[sharing.HELPED] == 6


def test_where_others_need_the_cores_helpers_rest_and_try_again() -> None:
    crew = Crew(1, 8, WIDEST)
    board = crew._board
    tries = 0
    try:
        for _ in range(3 * (REST_STEPS + 1)):
            with crew.at_work():
                tries += int(board[sharing.IS_OPEN])
                board[sharing.BLOCKS], board[sharing.HELPED] = 100, 5
        assert tries == 3
        for _ in range(REST_STEPS):
            with crew.at_work():
                pass
        for _ in range(5):
            with crew.at_work():
                tries += int(board[sharing.IS_OPEN])
                board[sharing.BLOCKS], board[sharing.HELPED] = 100, 45
        assert tries == 8
    finally:
        crew.close()


def test_without_a_second_core_there_is_nobody_to_help() -> None:
    crew, task = Crew(0, 8, WIDEST), Task.random(2, 64, 128)
    with crew.at_work():
        multiply(task, crew.board)
    crew.close()
    assert torch.equal(task.out, task.expected)
