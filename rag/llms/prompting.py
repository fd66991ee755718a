"""Messages to token ids, within the window. Control tokens in any content become plain text here.

A chat template comes with a model and is code of a kind; Transformers runs it in Jinja's sandbox.
"""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from jinja2 import TemplateError
from transformers import PreTrainedTokenizerBase

from rag.errors import QuestionTooLong
from rag.llms.wording import fill_template
from rag.types import Message

_CUT = "\n[...]\n"
_SPARE_TOKENS = 16  # cutting and joining may move a token border


class Prompter:
    """One model's tokenizer and template. Safe between threads: the tokenizer's switches are guarded."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, context_tokens: int) -> None:
        self._tokenizer: Any = tokenizer
        self._context_tokens = context_tokens
        self._guard = threading.RLock()
        self.is_chat = bool(tokenizer.chat_template)
        self._folds_system = self.is_chat and not self._takes_system()

    def count(self, text: str) -> int:
        """Tokens of ``text`` alone."""
        return len(self.encode(text))

    def encode(self, text: str, *, begin: bool = False) -> list[int]:
        """Ids of plain text, its control tokens read as text; ``begin`` puts the model's own first token before it."""
        with self._guard:
            return list(self._tokenizer.encode(_valid(text), add_special_tokens=begin, split_special_tokens=True))

    def decode(self, ids: Sequence[int]) -> str:
        """The text of generated ids."""
        with self._guard:
            return str(self._tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def prompt_ids(self, messages: Sequence[Message], max_tokens: int) -> list[int]:
        """Ids of ``messages`` that leave room for ``max_tokens``; over the window the longest message loses its middle.

        Raises: QuestionTooLong where nothing is left to cut.
        """
        room = self._context_tokens - max_tokens
        ids = self._ids(messages)
        if len(ids) <= room:
            return ids
        longest = max(range(len(messages)), key=lambda place: len(messages[place].content))
        keep = self.count(messages[longest].content) - (len(ids) - room) - _SPARE_TOKENS
        if keep < _SPARE_TOKENS:
            raise _too_long()
        shorter = list(messages)
        shorter[longest] = replace(messages[longest], content=self.cut_middle(messages[longest].content, keep))
        return self._ids(shorter)

    def public_tokens(self, messages: Sequence[Message]) -> int:
        """How many ids at the beginning of a prompt come from public messages alone, and so from the product."""
        public = list(itertools.takewhile(lambda message: message.is_public, messages))
        if not public or not self.is_chat or self._folds_system or len(public) == len(messages):
            return 0
        one, other = (self._render([*public, Message("user", text)]) for text in ("a", "0"))
        return next((place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)

    def fit_context(self, context: str, others: Sequence[Message], max_tokens: int) -> str:
        """``context`` without its middle, so that it fits beside ``others`` (the same prompt without a context)."""
        room = self._context_tokens - max_tokens - len(self._ids(others)) - _SPARE_TOKENS
        if room < _SPARE_TOKENS:
            raise _too_long()
        return self.cut_middle(context, room)

    def cut_middle(self, text: str, most_tokens: int) -> str:
        """The begin and the end of ``text``, together at most ``most_tokens`` long."""
        ids = self.encode(text)
        if len(ids) <= most_tokens:
            return text
        half = max(1, (most_tokens - self.count(_CUT)) // 2)
        return self.decode(ids[:half]) + _CUT + self.decode(ids[-half:])

    def _ids(self, messages: Sequence[Message]) -> list[int]:
        if not self.is_chat:
            return self.encode("\n\n".join(message.content for message in messages), begin=True)
        if self._folds_system:
            messages = _fold_system(messages)
        return self._render(messages)

    def _render(self, messages: Sequence[Message]) -> list[int]:
        chat = [{"role": message.role, "content": _valid(message.content)} for message in messages]
        with self._guard:
            ids = self._tokenizer.apply_chat_template(
                chat,
                add_generation_prompt=True,
                tokenize=True,
                return_dict=False,
                sanitize_control_tokens=True,
                enable_thinking=False,
            )
        return list(ids)

    def _takes_system(self) -> bool:
        try:
            self._render([Message("system", "a"), Message("user", "b")])
        except TemplateError:
            return False
        return True


def stop_markers(template: str) -> tuple[str, ...]:
    """Line starts where a model without a chat template begins to write the next question itself.

    Sample: ``Context: {context}\\nQuestion: {question}\\nAnswer:`` gives ``\\nContext:``, ``\\nQuestion:`` and
    ``\\nAnswer:``.
    """
    labels = [part.strip() for part in re.split(r"\{(?:context|question)\}", template)]
    return tuple(dict.fromkeys(f"\n{label.splitlines()[-1]}" for label in labels if label))


def plain_prompt(template: str, *, context: str, question: str) -> list[Message]:
    """The prompt of a model without a chat template: the filled template and nothing else."""
    return [Message("user", fill_template(template, context=context, question=question))]


def _fold_system(messages: Sequence[Message]) -> list[Message]:
    """For templates that know no system role: its text goes before the first message of a person."""
    system = "\n\n".join(message.content for message in messages if message.role == "system")
    others = [message for message in messages if message.role != "system"]
    if not system or not others:
        return others or [Message("user", system)]
    return [replace(others[0], content=f"{system}\n\n{others[0].content}"), *others[1:]]


def _valid(text: str) -> str:
    """Half a surrogate pair, as a cut-off emoji in JSON leaves behind, is no text that a tokenizer takes."""
    return text.encode("utf-8", errors="replace").decode("utf-8")


def _too_long() -> QuestionTooLong:
    return QuestionTooLong("This question is longer than the language model can read at once. Please shorten it.")
