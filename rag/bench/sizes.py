"""How much is measured: lengths in tokens, and how often."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sizes:
    """The defaults are those that docs/performance.md reports."""

    repeats: int = 3
    short_prompt: int = 64
    short_answer: int = 64
    long_prompt: int = 1300
    long_answer: int = 80
    known: int = 1100  # of a follow-up's prompt
    new: int = 60  # of it behind what is known
    streams: tuple[int, ...] = (1, 4, 8, 16)
    stream_prompt: int = 200
    stream_answer: int = 64
    quoted: int = 300
    quoting_answer: int = 128
    chunks: int = 500
    beside_answer: int = 64
    requests: int = 200
    request_answer: int = 16

    @property
    def most_tokens(self) -> int:
        """Of any prompt with its answer."""
        return max(
            self.long_prompt + self.long_answer,
            self.known + self.new,
            self.stream_prompt + self.stream_answer,
            2 * self.quoted + self.quoting_answer,
        )
