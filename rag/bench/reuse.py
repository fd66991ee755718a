"""A follow-up: how soon it begins where most of its prompt is known from the question before."""

from __future__ import annotations

from rag.bench.figures import Measure, Spread
from rag.bench.rig import Rig
from rag.bench.written import OURS

SEED = 23


def measure_reuse(rig: Rig) -> list[Measure]:
    """``first_token``: cold and warm, of prompts of the same length."""
    sizes, ours = rig.sizes, rig.ours
    cold, warm, reused, length = [], [], [], 0
    for number in range(rig.sizes.repeats):
        rig.say(f"first token, cold and warm: round {number + 1} of {sizes.repeats}")
        known = rig.prompts.prompt(sizes.known, SEED + number)
        first = ours.write(rig.prompts.follow_up(known, sizes.new, 100 + number), 1)
        second = ours.go_on(rig.prompts.follow_up(known, sizes.new, 200 + number), 1)
        cold.append(first.first_s)
        warm.append(second.first_s)
        reused.append(second.reused_tokens)
        length = second.prompt_tokens
    measure = Measure(
        "first_token",
        f"first token of {length:,}, cold and with {sizes.known:,} known",
        "s",
        {f"{OURS}_cold": Spread.of(cold), f"{OURS}_warm": Spread.of(warm)},
    )
    facts = {"warm_to_cold": measure.ratio(f"{OURS}_warm", f"{OURS}_cold"), "reused_tokens": min(reused)}
    return [
        Measure(measure.name, measure.title, measure.unit, measure.spreads, facts=facts | {"prompt_tokens": length})
    ]
