"""A sentence and the hits go in; whether it may be shown comes out: looked up first, asked only where that is unsure.

The deterministic check decides (`rag.cite`). Where nothing that can be looked up speaks against a sentence, and only
too many of its words are its own, somebody who can read is asked about the cited passage alone: a grounding model where
one is plugged in, else the language model, unless it is the trial one, whose word is worth nothing (`docs/log.md`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rag.cite import judge
from rag.llms import wording
from rag.llms.base import ANYONE, VERDICT_TOKENS, BaseLLM
from rag.llms.verdict import says_yes
from rag.types import Caller, Hit, TextDelta
from rag.verdicts import Doubtful, Supported, Unsupported
from rag.windows import Window


class Checker(Protocol):
    """A model made for one question: does a passage support a sentence?"""

    def supports(self, passage: str, sentence: str) -> bool:
        """Raises: ModelError."""


class Grounder:
    """Proves the sentences of one answer; what it was told about a sentence and a passage it does not ask again.

    Make one for each answer: it remembers texts. ``caller`` is whose answer it is, so that what the language model
    reads for it is forgotten with the rest of the scope.
    """

    def __init__(self, llm: BaseLLM | None = None, checker: Checker | None = None, *, caller: Caller = ANYONE) -> None:
        self._llm = llm
        self._checker = checker
        self._caller = caller
        self._told: dict[tuple[str, str], bool] = {}

    def prove(self, sentence: str, hits: Sequence[Hit]) -> Supported | Unsupported:
        """Whether the hits prove ``sentence``. Raises: ModelError."""
        judged = judge(sentence, hits)
        if not isinstance(judged, Doubtful):
            return judged
        is_true = self._believes(_passage(judged.windows), sentence)
        return Supported(judged.windows) if is_true else Unsupported(judged.reason)

    def _believes(self, passage: str, sentence: str) -> bool:
        asked = (sentence, passage)
        if asked not in self._told:
            self._told[asked] = self._ask(passage, sentence)
        return self._told[asked]

    def _ask(self, passage: str, sentence: str) -> bool:
        if self._checker is not None:
            return self._checker.supports(passage, sentence)
        if self._llm is None or self._llm.is_trial:
            return False
        messages = wording.support_messages(passage, sentence)
        events = self._llm.stream(messages, max_tokens=VERDICT_TOKENS, caller=self._caller)
        return says_yes("".join(event.text for event in events if isinstance(event, TextDelta)))


def _passage(windows: Sequence[Window]) -> str:
    """What is cited, with its headings: "It" in a passage is often what the heading says."""
    parts = ("\n".join((*window.hit.chunk.location.heading_path, window.text)) for window in windows)
    return "\n\n".join(parts)
