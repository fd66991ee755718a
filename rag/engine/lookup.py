"""Guesses ahead: answers quote, so what followed the same words earlier probably follows them again.

Prompt lookup decoding (github.com/apoorvumang/prompt-lookup-decoding): the last tokens are looked up in the prompt and
in what was written; what stood behind them is proposed, and one step of the model confirms or corrects it. The text
is the same as without.
"""

from __future__ import annotations

from collections.abc import Sequence

_LENGTHS = (3, 2)  # tokens that must agree, longer first
_PATIENCE = 3  # guesses in a row that may fail before they are made less often
_REST = 8  # steps without a guess then


class Lookup:
    """The tokens of one sequence, by what stands before them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._places: dict[tuple[int, ...], int] = {}
        self._read = 0
        self._failed = 0
        self._resting = 0

    def guess(self, ids: Sequence[int], most: int) -> list[int]:
        """Up to ``most`` tokens that may follow ``ids``; none where nothing like its end stood earlier."""
        most = min(most, self._most)
        if most <= 0 or self._is_resting():
            return []
        self._learn(ids)
        for length in _LENGTHS:
            place = self._places.get(tuple(ids[-length:]))
            if place is not None:
                return list(ids[place : place + most])
        return []

    def learn_from(self, guessed: int, right: int) -> None:
        """How many of the guessed tokens were right: guesses that fail cost more than they bring."""
        self._failed = 0 if right else self._failed + 1
        if guessed and self._failed >= _PATIENCE:
            self._failed, self._resting = 0, _REST

    def _is_resting(self) -> bool:
        self._resting = max(0, self._resting - 1)
        return self._resting > 0

    def _learn(self, ids: Sequence[int]) -> None:
        """Note where each pair and trio ended, but for the last one, which nothing follows yet."""
        for end in range(max(self._read, 2), len(ids)):
            for length in _LENGTHS:
                if end >= length:
                    self._places[tuple(ids[end - length : end])] = end
        self._read = len(ids)
