"""`inhouse bench engine`: what is measured, in its order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rag.bench.figures import Measure
from rag.bench.indexing import measure_indexing
from rag.bench.lookup import measure_lookup
from rag.bench.memory import measure_memory
from rag.bench.reuse import measure_reuse
from rag.bench.rig import Rig
from rag.bench.single import measure_single
from rag.bench.streams import measure_streams

MEASUREMENTS: dict[str, Callable[[Rig], list[Measure]]] = {
    "memory": measure_memory,  # first: later ones leave their own behind
    "single": measure_single,
    "reuse": measure_reuse,
    "streams": measure_streams,
    "lookup": measure_lookup,
    "indexing": measure_indexing,
}
# What people may ask for by another name.
MEMBERS = {"prefill": "single", "decode": "single", "answer": "single", "first": "reuse"}


def run(rig: Rig, only: Sequence[str] = ()) -> dict[str, Measure]:
    """The chosen measurements (all where ``only`` is empty), by the names of their measures."""
    chosen = {MEMBERS.get(name, name) for name in only} or set(MEASUREMENTS)
    rig.ours.write(rig.prompts.prompt(40, 1), 8)  # the first step of all compiles and repacks
    found = [measure for name, measurement in MEASUREMENTS.items() if name in chosen for measure in measurement(rig)]
    return {measure.name: measure for measure in found}
