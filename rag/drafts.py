"""What a model writes when it is to sum something up: its sentences, clean and whole. Nothing here is proved yet."""

from __future__ import annotations

import re
import threading

from rag.llms.base import BaseLLM
from rag.salience import sentences_of
from rag.types import Caller, Finished, Message, TextDelta

LANGUAGES = dict(en="English", de="German", fr="French", es="Spanish", it="Italian", nl="Dutch", pt="Portuguese")
_MARKS = re.compile(r"^(?:[-*•>#]+\s+|\d{1,2}[.)]\s+|Summary:\s*)+|\*\*|__|\s*(?:\[\d{1,3}\])+(?=[.!?]?$)")


def drafted(
    llm: BaseLLM, system: str, data: str, *, max_tokens: int, stop: threading.Event, caller: Caller
) -> list[str]:
    """The sentences that ``llm`` writes about ``data``, without list marks, bold type and one that was cut off.

    Raises: ModelError.
    """
    messages = [Message("system", system, is_public=True), Message("user", f"{data}\n\nSummary:")]
    events = list(llm.stream(messages, max_tokens=max_tokens, cancel=stop, caller=caller))
    said = sentences_of("".join(event.text for event in events if isinstance(event, TextDelta)))
    is_whole = any(isinstance(event, Finished) and event.reason == "stop" for event in events)
    return [_MARKS.sub("", each.strip()).strip() for each in (said if is_whole else said[:-1])]


def unquoted(sentence: str) -> str:
    """``sentence`` without the quotation marks around it, or half a pair of them."""
    return sentence.strip('"') if sentence.startswith('"') or sentence.count('"') % 2 else sentence
