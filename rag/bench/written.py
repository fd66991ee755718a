"""Who is measured, and what an answer of theirs looks like. Knows nobody of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

OURS = "inhouse"
OURS_PLAIN = "inhouse_no_lookup"
BASELINE = "transformers"
PEER = "llama.cpp"
NAMES = {OURS: "inhouse", OURS_PLAIN: "inhouse, no lookup", BASELINE: "transformers", PEER: "llama.cpp"}  # for people


@dataclass(frozen=True, slots=True)
class Written:
    """One answer. ``at_s``: when each token came, in seconds since it was asked for."""

    prompt_tokens: int
    tokens: tuple[int, ...]
    at_s: tuple[float, ...]
    total_s: float
    reused_tokens: int = 0

    @property
    def first_s(self) -> float:
        return self.at_s[0] if self.at_s else self.total_s

    @property
    def read_rate(self) -> float:
        """Tokens of the prompt per second until the first new one."""
        return (self.prompt_tokens - self.reused_tokens) / self.first_s

    @property
    def write_rate(self) -> float:
        """Tokens per second after the first; 0 where there were not two."""
        span = self.at_s[-1] - self.at_s[0] if len(self.at_s) > 1 else 0.0
        return (len(self.at_s) - 1) / span if span > 0 else 0.0

    @property
    def longest_gap_s(self) -> float:
        pairs = zip(self.at_s, self.at_s[1:], strict=False)
        return max((later - earlier for earlier, later in pairs), default=0.0)


class Writer(Protocol):
    """Writes greedily; ``count`` tokens, or fewer where it stops by itself."""

    name: str

    def write(self, ids: Sequence[int], count: int) -> Written:
        """Nothing is known of ``ids`` from before."""
