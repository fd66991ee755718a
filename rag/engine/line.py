"""Who comes next: people before what nobody waits for, and among people those who had the least so far."""

from __future__ import annotations

from collections import Counter, defaultdict

from rag.engine.sequence import Sequence


class Line:
    """Prompts that wait, and how many tokens each user and each thread has had. Not safe between threads."""

    def __init__(self) -> None:
        self.waiting: list[Sequence] = []
        self._present: Counter[str] = Counter()  # prompts of each user, waiting or running
        self._users: defaultdict[str, int] = defaultdict(int)
        self._threads: defaultdict[tuple[str, str], int] = defaultdict(int)

    def add(self, sequence: Sequence) -> None:
        """A new prompt. Who was away has saved nothing up: one begins level with whoever had least of those here.

        (Virtual token counter, Sheng et al., arXiv 2401.00588, algorithm 2.)
        """
        user = sequence.caller.user
        if not self._present[user]:
            least = min((self._users[other] for other, count in self._present.items() if count), default=0)
            self._users[user] = max(self._users[user], least)
        self._present[user] += 1
        self.waiting.append(sequence)

    def leave(self, sequence: Sequence) -> None:
        """A prompt has ended."""
        self._present[sequence.caller.user] -= 1

    def in_order(self) -> list[Sequence]:
        """Those that wait, next one first."""
        return sorted(self.waiting, key=self.rank)

    def rank(self, sequence: Sequence) -> tuple[bool, int, int, int]:
        """The less, the sooner."""
        caller = sequence.caller
        return (
            caller.is_background,
            self._users[caller.user],
            self._threads[caller.user, caller.thread],
            sequence.number,
        )

    def had(self, sequence: Sequence, tokens: int) -> None:
        """A sequence took up the model for so many tokens."""
        caller = sequence.caller
        self._users[caller.user] += tokens
        self._threads[caller.user, caller.thread] += tokens

    def rest(self) -> None:
        """Nobody is here: all begin anew."""
        self._present.clear()
        self._users.clear()
        self._threads.clear()
