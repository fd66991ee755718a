"""A stage for the engine: a runner that lets a test act between two steps, and an engine that is always closed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from transformers import PreTrainedModel

from rag.engine.engine import Engine
from rag.engine.forward import Piece
from rag.engine.runner import Runner, runner_for
from rag.engine.sequence import Prompt
from rag.types import Caller
from tests.rag.engine_models import limits

PATIENCE_S = 60.0  # until a test that hangs says so


@dataclass(frozen=True, slots=True)
class Call:
    """One thing that the engine asked of the model."""

    kind: str  # "read" | "write"
    owners: tuple[int, ...]
    tokens: int


class Stage:
    """A real runner, watched. ``before`` runs in the engine's thread before each call, with the call's number."""

    def __init__(self, runner: Runner) -> None:
        self.runner: Any = runner  # its insides are looked at
        self.blocks, self.keeps, self.vocabulary = runner.blocks, runner.keeps, runner.vocabulary
        self.calls: list[Call] = []
        self.before: Callable[[int], object] = lambda number: None
        self.has_entered = threading.Event()
        self._gate = threading.Event()
        self._gate.set()

    def hold(self) -> None:
        """The next call waits until `go`."""
        self._gate.clear()
        self.has_entered.clear()

    def go(self) -> None:
        self._gate.set()

    def read(self, owner: int, piece: Piece, wanted: int) -> torch.Tensor | None:
        self._enter(Call("read", (owner,), len(piece.ids)))
        return self.runner.read(owner, piece, wanted)

    def write(self, owners: Sequence[int], pieces: Sequence[Piece]) -> list[list[int]]:
        self._enter(Call("write", tuple(owners), sum(len(piece.ids) for piece in pieces)))
        return self.runner.write(owners, pieces)

    def wipe(self, blocks: Sequence[int]) -> None:
        self.runner.wipe(blocks)

    def drop(self, owner: int) -> None:
        self.runner.drop(owner)

    def close(self) -> None:
        self.runner.close()

    def order(self) -> list[int]:
        """Who was read, in the order of beginning."""
        return list(dict.fromkeys(call.owners[0] for call in self.calls if call.kind == "read"))

    def _enter(self, call: Call) -> None:
        self.calls.append(call)
        self.before(len(self.calls) - 1)
        self.has_entered.set()
        assert self._gate.wait(PATIENCE_S), "the test never let the runner go on"


@contextmanager
def staged(model: PreTrainedModel, **changes: Any) -> Iterator[tuple[Engine, Stage]]:
    """An engine on a stage, closed at the end."""
    chosen = limits(**changes)
    stage = Stage(runner_for(model, chosen))
    engine = Engine(stage, chosen)
    try:
        yield engine, stage
    finally:
        stage.go()
        engine.close()


def prompt(
    ids: Sequence[int], most: int, *, public: int = 0, stop_ids: frozenset[int] = frozenset(), **caller: Any
) -> Prompt:
    """A prompt of a caller."""
    return Prompt(tuple(ids), most, stop_ids, Caller(**caller), public_tokens=public)


def check_at_rest(engine: Engine, stage: Stage) -> None:
    """Nothing runs: every block can be had, and what is free is empty."""
    blocks = engine._blocks
    assert (engine.stats().running, engine.stats().waiting) == (0, 0)
    assert blocks.available == blocks.count == len(set(blocks._free) | set(blocks._idle))
    assert not any(blocks._users)
    assert is_empty(stage, blocks._free)


def is_empty(stage: Stage, blocks: Sequence[int]) -> bool:
    """Whether the pool holds nothing but zeros in these blocks."""
    pool = getattr(stage.runner, "_pool", None)
    if pool is None:
        return True
    return not pool.keys[:, :, list(blocks)].any() and not pool.values[:, :, list(blocks)].any()
