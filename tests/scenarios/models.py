"""A file, questions about it, and scripted models that answer from whatever they are shown."""

from __future__ import annotations

import re
from typing import Any

from rag.prompts import NOT_FOUND

LEASE = """Lease of Harbour Street 12

The monthly rent is 1,450 euros and is due on the third working day of each month.

Either party may end this lease with a notice of 90 days in writing.

The deposit amounts to 4,350 euros and is returned within 60 days after the keys are handed back.
"""
RENT = "@inhouse What is the monthly rent?"
DEPOSIT = "@inhouse What does the deposit amount to?"
lease = ("lease.txt", LEASE.encode())


def best_line(messages: Any) -> str:
    """A good model: of the passages it was shown, the line that shares most words with the question, if one does."""
    lines, question = shown(messages)
    wanted = set(re.findall(r"\w{3,}", question.lower())) - {"the", "what", "does", "and", "for", "which", "who"}
    shared = {line: len(wanted & set(re.findall(r"\w{3,}", line.lower()))) for line in lines}
    return max(shared, key=lambda line: shared[line]) if any(shared.values()) else NOT_FOUND


def every_line(messages: Any) -> str:
    """A talkative model: everything it was shown, sentence by sentence."""
    return "\n".join(shown(messages)[0])


def shown(messages: Any) -> tuple[list[str], str]:
    """The lines of every passage of a thread's transcript, and its last question."""
    asked = [f"\n\n{each.content}".rpartition("\n\nQuestion:") for each in messages if each.role == "user"]
    lines = [line for passages, _, _ in asked for line in passages.splitlines()]
    return [line for line in lines if line and not re.match(r"\[\d+\] .*:$", line)], asked[-1][2]
