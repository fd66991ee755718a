"""One prompt on its way: what was asked, what its caller sees of it, and what the engine keeps of it."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch

from rag.engine.blocks import BLOCK, seals_of
from rag.engine.forward import Piece
from rag.engine.lookup import Lookup
from rag.errors import InhouseError
from rag.types import Caller


@dataclass(frozen=True, slots=True)
class Prompt:
    """Tokens to go on from. With ``max_tokens`` 0 nothing is written: the scores of the next token are wanted.

    The first ``public_tokens`` are the product's own words, which all scopes may share. Of the last ``scored`` tokens
    the likelihoods are wanted.
    """

    ids: tuple[int, ...]
    max_tokens: int = 0
    stop_ids: frozenset[int] = frozenset()
    caller: Caller = Caller()  # noqa: RUF009 - frozen
    public_tokens: int = 0
    scored: int = 0


class Writing:
    """What a caller holds of a prompt: iterate it for the new tokens. Safe between threads."""

    def __init__(
        self,
        prompt: Prompt,
        standing: Callable[[Writing], tuple[int, float | None]],
        cancelled: threading.Event | None = None,
    ) -> None:
        """``cancelled``: set by whoever asked, to end it; None: only `cancel` does."""
        self.prompt = prompt
        self.reason = ""  # once it has ended: "stop" | "length" | "cancelled" | "deadline"
        self.asked_at = time.monotonic()
        self.reused_tokens = 0
        self.queue_s = 0.0
        self.first_token_s = 0.0
        self.total_s = 0.0
        self.scores: torch.Tensor | None = None  # (vocabulary,) float32, where nothing was to be written
        self.likelihoods: torch.Tensor | None = None  # (scored,) float32, nats
        self._is_closed = False
        self._cancelled = cancelled
        self._standing = standing
        self._events: queue.SimpleQueue[int | InhouseError | None] = queue.SimpleQueue()

    def __iter__(self) -> Iterator[int]:
        """New tokens as they are written. Raises: ModelFailed, OutOfMemory."""
        while True:
            event = self._events.get()
            if isinstance(event, int):
                yield event
                continue
            self._events.put(event)  # whoever looks a second time finds the end too
            if event is not None:
                raise event
            return

    def wait(self) -> Writing:
        """Until it has ended. Raises: ModelFailed, OutOfMemory."""
        for _ in self:
            pass
        return self

    def cancel(self) -> None:
        """End it within one step of the model."""
        self._is_closed = True

    @property
    def is_cancelled(self) -> bool:
        """Whether nobody wants it any more."""
        return self._is_closed or (self._cancelled is not None and self._cancelled.is_set())

    @property
    def place(self) -> int:
        """How many prompts begin before it; 0 once it has begun."""
        return self._standing(self)[0]

    @property
    def wait_s(self) -> float | None:
        """How long until it begins, from measured times; None where nothing was measured yet."""
        return self._standing(self)[1]

    def put(self, token: int) -> None:
        """A new token: for the engine."""
        self.first_token_s = self.first_token_s or time.monotonic() - self.asked_at
        self._events.put(token)

    def end(self, reason: str, error: InhouseError | None = None) -> None:
        """No more will come: for the engine."""
        self.reason, self.total_s = reason, time.monotonic() - self.asked_at
        self._events.put(error)


@dataclass(eq=False, slots=True)
class Sequence:
    """The engine's side of a prompt. ``ids``: the prompt and what was written; ``read``: how many the model knows."""

    number: int
    writing: Writing
    lookup: Lookup
    ids: list[int]
    read: int = 0
    table: list[int] = field(default_factory=list)
    seals: list[bytes] = field(default_factory=list)
    sealed: int = 0
    keeps: bool = True  # what it reads may be used again
    scores: list[torch.Tensor] = field(default_factory=list)

    @property
    def prompt(self) -> Prompt:
        return self.writing.prompt

    @property
    def caller(self) -> Caller:
        return self.writing.prompt.caller

    @property
    def written(self) -> int:
        return len(self.ids) - len(self.prompt.ids)

    @property
    def is_reading(self) -> bool:
        """Whether some of its tokens are not known to the model, but for the last one, which the next step takes."""
        return self.written == 0 or self.read < len(self.ids) - 1

    @property
    def reusable(self) -> int:
        """Tokens that may be taken over from before: not the last one, and none whose followers are to be scored."""
        return max(0, len(self.ids) - 1 - self.prompt.scored)

    @property
    def blocks_needed(self) -> int:
        """For everything that it can become."""
        return -(-(len(self.prompt.ids) + self.prompt.max_tokens) // BLOCK)

    def seals_of_known(self) -> list[bytes]:
        """Of the full blocks that may be taken over."""
        ids, prompt = self.ids[: self.reusable], self.prompt
        return seals_of(ids, prompt.caller.scope_id, prompt.public_tokens)

    def new_seals(self) -> list[bytes]:
        """Of all blocks that are full by now."""
        prompt = self.prompt
        self.seals = seals_of(self.ids[: self.read], prompt.caller.scope_id, prompt.public_tokens, self.seals)
        return self.seals

    def next_piece(self, most: int) -> tuple[Piece, int]:
        """Up to ``most`` tokens to read, and after how many of the last of them the scores are wanted."""
        end = min(len(self.ids), self.read + most)
        if self.written:  # it was set back: the last token is for the next step
            return Piece(self.ids[self.read : min(end, len(self.ids) - 1)], self.read, self.table), 0
        first_wanted = len(self.ids) - 1 - self.prompt.scored
        return Piece(self.ids[self.read : end], self.read, self.table), max(0, min(end - first_wanted, end - self.read))

    def guess(self, most: int) -> list[int]:
        """Tokens that may follow, as many as may still be written after the next one."""
        return self.lookup.guess(self.ids, min(most, self.prompt.max_tokens - self.written - 1))
