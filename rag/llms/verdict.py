"""Reading a yes or a no out of what a model wrote; knows nothing of models."""

from __future__ import annotations

import re

_FIRST_VERDICT = re.compile(r"\b(yes|no)\b", re.IGNORECASE)


def says_yes(text: str) -> bool:
    """Whether the first verdict in ``text`` is a yes: ``Yes``, ``yes.``, ``YES, because …``, ``**Yes**``.

    No verdict at all counts as no: an unclear answer is never support.
    """
    found = _FIRST_VERDICT.search(text)
    return found is not None and found.group(1).lower() == "yes"
