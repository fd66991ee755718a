"""What a measurement needs, put together once by the command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from rag.bench.ceilings import Ceilings
from rag.bench.ours import EngineWriter
from rag.bench.process import ProcessWriter
from rag.bench.sizes import Sizes
from rag.bench.weights import Weights
from rag.bench.workloads import Prompts
from rag.bench.written import OURS_PLAIN
from rag.engine.engine import Engine
from rag.engine.limits import Limits


@dataclass(frozen=True, slots=True)
class Rig:
    """``others`` are the baseline and the peer, where they were asked for and are there."""

    engine: Engine
    another: Callable[[Limits], Engine]  # over the same model
    weights: Weights
    ceilings: Ceilings
    prompts: Prompts
    others: tuple[ProcessWriter, ...]
    index: Callable[[str], int]  # a text, as an upload; how many chunks it made
    sizes: Sizes
    say: Callable[[str], None]

    @property
    def ours(self) -> EngineWriter:
        return EngineWriter(self.engine)

    @contextmanager
    def without_lookup(self) -> Iterator[EngineWriter]:
        """A second engine over the same model that never guesses ahead; ours stands still meanwhile."""
        limits = replace(self.engine.limits, draft_tokens=0, streams=1, cache_bytes=0)  # room for one prompt
        engine = self.another(limits)
        try:
            yield EngineWriter(engine, OURS_PLAIN)
        finally:
            engine.close()

    def decode_ceiling(self, context_tokens: int) -> float:
        """Tokens per second at which this machine reads the weights and that many tokens' keys and values."""
        return self.ceilings.best_read_bytes_s / self.weights.bytes_per_token(context_tokens)

    def prefill_ceiling(self) -> float:
        """Tokens per second at which this machine multiplies by every weight of the layers."""
        return self.ceilings.best_flop_s / self.weights.flop_per_token
