"""The engine: one thread owns the model, and everybody's answers are written side by side.

    forget, cancel → let in → one step for all who write → one piece for one who reads        (over and over)

A step gives each running answer its next token, or several where the prompt foretold them. A piece of a prompt is as
long as those who write can wait. Who comes next is the line's affair (`rag.engine.line`), what is known already the
blocks' (`rag.engine.blocks`), how a model runs the runner's (`rag.engine.runner`).
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch

from rag.engine.blocks import BLOCK, Blocks
from rag.engine.forward import Piece
from rag.engine.limits import MOST_DRAFTED_ROWS, Limits
from rag.engine.line import Line
from rag.engine.lookup import Lookup
from rag.engine.runner import Runner
from rag.engine.sequence import Prompt, Sequence, Writing
from rag.errors import InhouseError, ModelBusy, ModelFailed
from rag.llms.memory import memory_errors

log = logging.getLogger(__name__)

_UNKNOWN_SIGN = (
    "This text holds a sign that the language model does not know: its vocabulary and its weights do not belong "
    "together. Please tell whoever looks after this system; fetching the model again mends it."
)
SHORTEST_PIECE = 16  # tokens of a prompt, however little time there is


@dataclass(slots=True)
class Stats:
    """Counted since the start, but for the last four, which are as things stand."""

    read_tokens: int = 0
    reused_tokens: int = 0
    written_tokens: int = 0
    drafted_tokens: int = 0
    accepted_tokens: int = 0
    steps: int = 0
    running: int = 0
    waiting: int = 0
    kept_tokens: int = 0
    cache_tokens: int = 0


class Engine:
    """Runs prompts on one model. Safe between threads."""

    def __init__(self, runner: Runner, limits: Limits) -> None:
        self.limits = limits
        self._runner = runner
        self._blocks = Blocks(runner.blocks, runner.wipe)
        self._line = Line()
        self._running: list[Sequence] = []
        self._errands: deque[Callable[[], None]] = deque()
        self._changed = threading.Condition()
        self._number = 0
        self._stats = Stats(cache_tokens=runner.blocks * BLOCK)
        self._read_rate = 500.0  # tokens a second, a first guess
        self._took_s: deque[float] = deque(maxlen=50)  # by answers, from being let in to their end
        self._is_closed = False
        self._turn_since: float | None = None  # when the turn began that it is at
        self._thread = threading.Thread(target=self._work, name="engine", daemon=True)
        self._thread.start()

    def submit(self, prompt: Prompt, cancelled: threading.Event | None = None) -> Writing:
        """Take a prompt in; never blocks. Setting ``cancelled`` ends it. Raises: ModelBusy, ModelFailed."""
        if not 0 <= prompt.scored < len(prompt.ids):
            raise ValueError("a prompt needs a token, and one before those that are scored")
        if len(prompt.ids) + prompt.max_tokens > self.limits.context_tokens:
            raise ModelFailed("This question and its files are more than the language model's memory holds.")
        if not 0 <= min(prompt.ids) <= max(prompt.ids) < self._runner.vocabulary:  # it would fail all who are running
            raise ModelFailed(_UNKNOWN_SIGN)
        writing = Writing(prompt, self._standing, cancelled)
        with self._changed:
            if self._is_closed:
                raise ModelFailed("The language model is being shut down. Please ask again in a minute.")
            if len(self._line.waiting) >= self.limits.waiting:
                raise ModelBusy
            self._number += 1
            drafts = self.limits.draft_tokens if self._runner.keeps else 0
            sequence = Sequence(self._number, writing, Lookup(drafts), list(prompt.ids))
            self._line.add(sequence)
            self._changed.notify()
        return writing

    def stats(self) -> Stats:
        """What was done, and what is going on."""
        with self._changed:
            stats = self._stats
            stats.running, stats.waiting = len(self._running), len(self._line.waiting)
            stats.kept_tokens = self._blocks.idle * BLOCK
            return Stats(**{name: getattr(stats, name) for name in Stats.__slots__})

    def still_s(self) -> float:
        """Seconds since the step began that it is at, 0.0 between two: what a hanging driver lets grow."""
        since = self._turn_since
        return 0.0 if since is None else time.monotonic() - since

    def forget(self, scope_id: str) -> None:
        """Nothing that was read for a scope is used again, and none of it stays in memory. Waits until that is so."""
        self._do(lambda: self._forget(scope_id))

    def clear(self) -> None:
        """Nothing that was read is used again."""
        self._do(lambda: self._forget(None))

    def close(self) -> None:
        """Stop. Whoever still waits is told."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        self._thread.join()

    # --- the engine's thread -----------------------------------------------------------------

    def _work(self) -> None:
        torch.set_num_threads(self.limits.threads)
        try:
            while self._await():
                self._turn_since = time.monotonic()
                try:
                    with memory_errors():
                        self._turn()
                except InhouseError as error:
                    self._recover(error)
                except Exception as error:
                    log.exception("the model broke off")
                    self._recover(ModelFailed(detail=type(error).__name__))
                self._turn_since = None
        finally:  # also where nothing helps any more, such as a GPU that is gone
            self._stop()

    def _stop(self) -> None:
        with self._changed:
            self._is_closed = True
            left = [*self._running, *self._line.waiting]
        for sequence in left:
            sequence.writing.end("failed", ModelFailed())
        self._runner.close()

    def _await(self) -> bool:
        """Until there is something to do; False at the end."""
        with self._changed:
            while not (self._is_closed or self._running or self._line.waiting or self._errands):
                self._line.rest()
                self._changed.wait()
            return not self._is_closed

    def _turn(self) -> None:
        while self._errands:
            self._errands.popleft()()
        self._let_go()
        self._let_in()
        writers = [sequence for sequence in self._running if not sequence.is_reading]
        if writers:
            self._write(writers)
        readers = [sequence for sequence in self._running if sequence.is_reading]
        if readers:
            self._read(min(readers, key=self._line.rank), others_write=bool(writers))

    def _let_go(self) -> None:
        """End what nobody wants any more."""
        now = time.monotonic()
        for sequence in [*self._running, *self._line.waiting]:
            deadline_s = sequence.caller.deadline_s
            if sequence.writing.is_cancelled:
                self._end(sequence, "cancelled")
            elif deadline_s is not None and now - sequence.writing.asked_at > deadline_s:
                self._end(sequence, "deadline")

    def _let_in(self) -> None:
        """Those whose turn it is, as far as there are places and blocks."""
        for sequence in self._line.in_order():
            while len(self._running) >= self.limits.streams:
                if not self._set_back_for(sequence):
                    return
            seals = sequence.seals_of_known() if self._runner.keeps else []
            while not self._has_room(sequence, seals):
                if not self._set_back_for(sequence):
                    return  # nobody may overtake: a long prompt would wait for ever
            self._begin(sequence, seals)

    def _has_room(self, sequence: Sequence, seals: list[bytes]) -> bool:
        found, idle = self._blocks.match(seals)
        return sequence.blocks_needed - found <= self._blocks.available - idle

    def _begin(self, sequence: Sequence, seals: list[bytes]) -> None:
        with self._changed:
            self._line.waiting.remove(sequence)
            self._running.append(sequence)
        sequence.table = self._blocks.take_known(seals)
        sequence.read = len(sequence.table) * BLOCK
        sequence.sealed = len(sequence.table)
        sequence.seals = seals[: sequence.sealed]
        while len(sequence.table) < sequence.blocks_needed:
            sequence.table.append(self._blocks.take())
        if not sequence.writing.queue_s:  # else it was set back, and knows its own beginning
            writing = sequence.writing
            writing.reused_tokens, writing.queue_s = sequence.read, time.monotonic() - writing.asked_at
            self._stats.reused_tokens += sequence.read

    def _set_back_for(self, person: Sequence) -> bool:
        """Make room by letting something that nobody waits for wait again; what it has read stays known."""
        if person.caller.is_background:
            return False
        behind = [sequence for sequence in self._running if sequence.caller.is_background]
        if not behind:
            return False
        sequence = behind[-1]
        with self._changed:
            self._running.remove(sequence)
            self._line.waiting.append(sequence)
        self._release(sequence)
        sequence.read = sequence.sealed = 0
        sequence.scores.clear()
        return True

    def _read(self, sequence: Sequence, others_write: bool) -> None:
        """One piece of a prompt; after the last one the first token."""
        most = self.limits.chunk_tokens
        if others_write:
            most = max(SHORTEST_PIECE, min(most, int(self._read_rate * self.limits.stall_s)))
        piece, wanted = sequence.next_piece(most)
        started = time.monotonic()
        scores = self._runner.read(sequence.number, piece, wanted)
        self._learn_rate(len(piece.ids), time.monotonic() - started)
        self._stats.read_tokens += len(piece.ids)
        self._advance(sequence, len(piece.ids), len(piece.ids))
        if scores is not None:
            sequence.scores.append(scores)
        if sequence.read == len(sequence.ids):
            self._finish_reading(sequence)

    def _finish_reading(self, sequence: Sequence) -> None:
        """The prompt is known: its first token, or the scores that were asked for."""
        prompt, writing = sequence.prompt, sequence.writing
        scores = torch.cat(sequence.scores)
        sequence.scores.clear()
        if prompt.scored:
            wanted = torch.tensor(prompt.ids[-prompt.scored :], device=scores.device)
            writing.likelihoods = scores[:-1].log_softmax(-1).gather(1, wanted[:, None])[:, 0].cpu()
        if prompt.max_tokens:
            self._take(sequence, [int(scores[-1].argmax())])
        else:
            writing.scores = scores[-1].cpu()
            self._end(sequence, "stop")

    def _write(self, writers: list[Sequence]) -> None:
        """The next token of each of them, and more where guesses hold."""
        spare = max(0, MOST_DRAFTED_ROWS - len(writers)) // len(writers)
        pieces = []
        for sequence in writers:
            guesses = sequence.guess(spare)
            self._stats.drafted_tokens += len(guesses)
            pieces.append(Piece([sequence.ids[-1], *guesses], sequence.read, sequence.table))
        found = self._runner.write([sequence.number for sequence in writers], pieces)
        self._stats.steps += 1
        for sequence, piece, tokens in zip(writers, pieces, found, strict=True):
            guesses = list(piece.ids[1:])
            right = next((at for at, guess in enumerate(guesses) if tokens[at] != guess), len(guesses))
            sequence.lookup.learn_from(len(guesses), right)
            self._stats.accepted_tokens += right
            self._advance(sequence, 1 + right, 1 + right)
            self._take(sequence, tokens[: right + 1])

    def _take(self, sequence: Sequence, tokens: Iterable[int]) -> None:
        """New tokens, up to one that ends the answer."""
        prompt = sequence.prompt
        for token in tokens:
            if token in prompt.stop_ids or loops(sequence.ids[len(prompt.ids) :]):
                self._end(sequence, "stop")
                return
            sequence.ids.append(token)
            sequence.writing.put(token)
            self._stats.written_tokens += 1
            if sequence.written >= prompt.max_tokens:
                self._end(sequence, "length")
                return

    def _advance(self, sequence: Sequence, read: int, cost: int) -> None:
        """So many more tokens are known to the model; full blocks are kept for others."""
        sequence.read += read
        self._line.had(sequence, cost)
        if not (sequence.keeps and self._runner.keeps):
            return
        seals = sequence.new_seals()
        for number in range(sequence.sealed, len(seals)):
            is_public = (number + 1) * BLOCK <= sequence.prompt.public_tokens
            self._blocks.seal(sequence.table[number], seals[number], "" if is_public else sequence.caller.scope_id)
        sequence.sealed = len(seals)

    def _end(self, sequence: Sequence, reason: str, error: InhouseError | None = None) -> None:
        with self._changed:
            if sequence in self._running:
                self._running.remove(sequence)
                self._took_s.append(time.monotonic() - sequence.writing.asked_at - sequence.writing.queue_s)
            else:
                self._line.waiting.remove(sequence)
            self._line.leave(sequence)
        try:
            self._release(sequence)
        finally:  # nobody waits for ever, even where the memory itself is gone
            sequence.writing.end(reason, error)

    def _release(self, sequence: Sequence) -> None:
        self._blocks.release(sequence.table)
        sequence.table = []
        self._runner.drop(sequence.number)

    def _forget(self, scope_id: str | None) -> None:
        for sequence in [*self._running, *self._line.waiting]:
            if scope_id is None or sequence.caller.scope_id == scope_id:
                sequence.keeps = False
        self._blocks.forget(scope_id)

    def _recover(self, error: InhouseError) -> None:
        """What was running has failed; what waits goes on, with nothing taken over from before."""
        self._fail(list(self._running), error)
        self._blocks.forget()

    def _fail(self, sequences: list[Sequence], error: InhouseError) -> None:
        for sequence in sequences:
            self._end(sequence, "failed", error)

    def _learn_rate(self, tokens: int, seconds: float) -> None:
        if tokens >= SHORTEST_PIECE and seconds > 0:
            self._read_rate += 0.3 * (tokens / seconds - self._read_rate)

    # --- any thread --------------------------------------------------------------------------

    def _do(self, errand: Callable[[], None]) -> None:
        """Have the engine's thread do something between two steps, and wait for it."""
        done = threading.Event()

        def run() -> None:
            try:
                errand()
            finally:
                done.set()

        with self._changed:
            if self._is_closed:
                return
            self._errands.append(run)
            self._changed.notify()
        while not done.wait(0.1):
            if self._is_closed:
                return

    def _standing(self, writing: Writing) -> tuple[int, float | None]:
        """How many begin before it, and how long that takes."""
        with self._changed:
            order = [sequence.writing for sequence in self._line.in_order()]
            if writing not in order:
                return 0, 0.0
            ahead = order.index(writing)
            if not self._took_s:
                return ahead + len(self._running), None
            mean_s = sum(self._took_s) / len(self._took_s)
            return ahead + len(self._running), (ahead + 1) / self.limits.streams * mean_s


_LOOP_TOKENS = 48  # a pattern that fills so many tokens, at least three times over, is a loop
_MOST_PERIOD = 16


def loops(written: list[int]) -> bool:
    """Whether a text goes in a circle, as small models do: one short pattern over and over at its end."""
    for period in range(1, min(_MOST_PERIOD, len(written) // 3) + 1):
        span = max(_LOOP_TOKENS, 3 * period)
        if len(written) < span:
            continue
        tail = written[-span:]
        if all(tail[place] == tail[place - period] for place in range(period, span)):
            return True
    return False
