"""Our engine as a writer."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rag.bench.written import OURS, Written
from rag.engine.engine import Engine
from rag.engine.sequence import Prompt
from rag.types import Caller

SOMEBODY = Caller(scope_id="bench")


class EngineWriter:
    """Our engine. Never stops at a stop token, so that everybody writes the same number."""

    def __init__(self, engine: Engine, name: str = OURS) -> None:
        self.engine = engine
        self.name = name

    def write(self, ids: Sequence[int], count: int) -> Written:
        self.engine.clear()
        return self.go_on(ids, count)

    def go_on(self, ids: Sequence[int], count: int, caller: Caller = SOMEBODY) -> Written:
        """As `write`, with what the engine knows from before."""
        started = time.perf_counter()
        writing = self.engine.submit(Prompt(ids=tuple(ids), max_tokens=count, caller=caller))
        tokens, at_s = [], []
        for token in writing:
            at_s.append(time.perf_counter() - started)
            tokens.append(token)
        total_s = time.perf_counter() - started
        return Written(len(ids), tuple(tokens), tuple(at_s), total_s, writing.reused_tokens)
