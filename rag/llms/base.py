"""What Inhouse asks of a language model, whichever it is.

A model has to count tokens and to stream; the rest is written here once on top of those two.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

from rag.llms import wording
from rag.llms.verdict import says_yes
from rag.types import Caller, Message, ModelEvent, TextDelta

ANYONE = Caller()
SUMMARY_TOKENS = 200
VERDICT_TOKENS = 8


class BaseLLM(ABC):
    """A model that writes text. Safe to share between threads: implementations serialise or batch.

    Raises: ModelError (see `rag.errors`) from every method; an error is never returned as text.
    """

    name: str  # shown to people: "SmolLM2-135M-Instruct"
    is_trial: bool = False  # the embedded model, labelled wherever it speaks
    languages: frozenset[str] | None = None  # ISO 639-1 codes it writes well; None: not known, assume any
    context_tokens: int  # prompt and answer together
    streams: int = 2  # answers it writes side by side without keeping anybody waiting
    prompt_template: str = wording.DEFAULT_TEMPLATE

    @abstractmethod
    def count_tokens(self, text: str) -> int:
        """Tokens of ``text`` alone, without any template."""

    @abstractmethod
    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int = 200,
        cancel: threading.Event | None = None,
        caller: Caller = ANYONE,
    ) -> Iterator[ModelEvent]:
        """Greedy answer to ``messages``: `TextDelta`s as they come, then one `Finished`.

        Setting ``cancel`` ends the stream within one token, with ``Finished(reason="cancelled")``.
        Control tokens in any message's content are read as plain text.
        """

    def preload(self, messages: Sequence[Message], caller: Caller = ANYONE) -> None:  # noqa: B027 - as below
        """Begin to read a prompt ahead: the next one that begins as it does, for its scope, is answered sooner."""

    def preload_context(self, context: str) -> None:
        """`preload` for later calls of `answer_question` with this context."""
        self.preload(wording.answer_messages(self.prompt_template, context=context, question=""))

    def forget(self, scope_id: str) -> None:  # noqa: B027 - a model that keeps nothing has nothing to forget
        """Drop everything that was kept of what was read for ``scope_id``."""

    def still_s(self) -> float:
        """Seconds for which it has not got on with what it is at; 0.0 where it is at nothing."""
        return 0.0

    def close(self) -> None:  # noqa: B027 - most models hold nothing that has to be let go
        """Stop; what is being written ends with an error."""

    def write(self, messages: Sequence[Message], *, max_tokens: int = 200) -> str:
        """The whole text of `stream`."""
        events = self.stream(messages, max_tokens=max_tokens)
        return "".join(event.text for event in events if isinstance(event, TextDelta)).strip()

    def answer_question(
        self, context: str, question: str, max_tokens: int = 200, prompt_template: str | None = None
    ) -> str:
        """The answer to ``question`` from ``context``; newly generated text only.

        ``prompt_template`` (with ``{context}`` and ``{question}``) holds for this call alone.
        """
        template = prompt_template or self.prompt_template
        messages = wording.answer_messages(template, context=context, question=question)
        return self.write(messages, max_tokens=max_tokens)

    def get_summary(self, documentation: str) -> str:
        """A summary of any length of text, in pieces where it exceeds the context."""
        budget = max(self.context_tokens - SUMMARY_TOKENS - 150, 2 * SUMMARY_TOKENS)  # each round halves the text
        pieces = self._pieces(documentation, budget)
        summaries = [self.write(wording.summary_messages(piece), max_tokens=SUMMARY_TOKENS) for piece in pieces]
        return summaries[0] if len(summaries) == 1 else self.get_summary("\n\n".join(summaries))

    def grade_docs(self, context: list[str], question: str) -> list[str]:
        """Those of ``context`` that help to answer ``question``, in their order."""
        return [
            document
            for document in context
            if says_yes(self.write(wording.grade_messages(document, question), max_tokens=VERDICT_TOKENS))
        ]

    def check_hallucination(self, context: str, answer: str) -> str:
        """``"yes"`` where ``context`` supports ``answer``, else ``"no"``."""
        verdict = self.write(wording.support_messages(context, answer), max_tokens=VERDICT_TOKENS)
        return "yes" if says_yes(verdict) else "no"

    def chat(self, prompt: str, system_prompt: str = "You are a helpful assistant") -> str:
        """One answer to one prompt, without documents."""
        return self.write([Message("system", system_prompt), Message("user", prompt)])

    def _pieces(self, text: str, budget_tokens: int) -> list[str]:
        """``text`` cut at line or word ends into pieces of at most ``budget_tokens``; never an empty list."""
        if self.count_tokens(text) <= budget_tokens or len(text) < 2:
            return [text]
        middle = len(text) // 2
        cut = max(text.rfind("\n", 0, middle), text.rfind(" ", 0, middle))
        cut = cut if cut > 0 else middle
        return self._pieces(text[:cut], budget_tokens) + self._pieces(text[cut:], budget_tokens)
