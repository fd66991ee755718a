"""The process in which other software is measured: ``python -m rag.bench.worker NAME OPTIONS``.

Reads lines ``{"ids": [...], "count": 64}``; answers each with ``{"tokens", "at_s", "total_s"}``. The first line it
writes says what it is. What libraries print goes to standard error.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Iterator
from typing import Any, Protocol

from rag.bench.written import BASELINE, PEER


class Source(Protocol):
    """What is measured: new tokens after a prompt, nothing known from before."""

    about: dict[str, Any]

    def tokens(self, ids: list[int], count: int) -> Iterator[int]:
        """Greedy; exactly ``count``."""


def main(name: str, options: dict[str, Any]) -> None:
    """Answer requests until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    logging.disable(logging.WARNING)  # what libraries advise is not about this
    source = _open(name, options)
    answers.write(json.dumps(source.about) + "\n")
    for line in sys.stdin:
        answers.write(json.dumps(_answer(source, **json.loads(line))) + "\n")


def _open(name: str, options: dict[str, Any]) -> Source:
    if name == PEER:
        from rag.bench.peer import LlamaCpp

        return LlamaCpp(**options)
    assert name == BASELINE, name
    from rag.bench.baseline import PlainTransformers

    return PlainTransformers(**options)


def _answer(source: Source, ids: list[int], count: int) -> dict[str, Any]:
    started = time.perf_counter()
    tokens, at_s = [], []
    for token in source.tokens(ids, count):
        at_s.append(time.perf_counter() - started)
        tokens.append(token)
    return {"tokens": tokens, "at_s": at_s, "total_s": time.perf_counter() - started}


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
