"""What Inhouse asks of a language model, whichever it is."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

from rag.types import Message, ModelEvent, TextDelta


class BaseLLM(ABC):
    """A model that writes text. Safe to share between threads: implementations serialise or batch.

    Raises: ModelError (see `rag.errors`) from every method; an error is never returned as text.
    """

    name: str  # shown to people: "SmolLM2-135M-Instruct"
    is_trial: bool = False  # the embedded model, labelled wherever it speaks
    languages: frozenset[str] | None = None  # ISO 639-1 codes it writes well; None: not known, assume any
    context_tokens: int  # prompt and answer together

    @abstractmethod
    def count_tokens(self, text: str) -> int:
        """Tokens of ``text`` alone, without any template."""

    @abstractmethod
    def stream(
        self, messages: Sequence[Message], *, max_tokens: int = 200, cancel: threading.Event | None = None
    ) -> Iterator[ModelEvent]:
        """Greedy answer to ``messages``: `TextDelta`s as they come, then one `Finished`.

        Setting ``cancel`` ends the stream within one token, with ``Finished(reason="cancelled")``.
        Control tokens in any message's content are read as plain text.
        """

    @abstractmethod
    def answer_question(
        self, context: str, question: str, max_tokens: int = 200, prompt_template: str | None = None
    ) -> str:
        """The answer to ``question`` from ``context``; newly generated text only."""

    @abstractmethod
    def get_summary(self, documentation: str) -> str:
        """A summary of any length of text, in pieces where it exceeds the context."""

    @abstractmethod
    def grade_docs(self, context: list[str], question: str) -> list[str]:
        """Those of ``context`` that help to answer ``question``, in their order."""

    @abstractmethod
    def check_hallucination(self, context: str, answer: str) -> str:
        """``"yes"`` where ``context`` supports ``answer``, else ``"no"``."""

    @abstractmethod
    def chat(self, prompt: str, system_prompt: str = "You are a helpful assistant") -> str:
        """One answer to one prompt, without documents."""

    def write(self, messages: Sequence[Message], *, max_tokens: int = 200) -> str:
        """The whole text of `stream`."""
        events = self.stream(messages, max_tokens=max_tokens)
        return "".join(event.text for event in events if isinstance(event, TextDelta))
