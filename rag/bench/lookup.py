"""Prompt lookup: answers that repeat their prompt, with guessing ahead and without; the text must be the same."""

from __future__ import annotations

from collections.abc import Sequence

from rag.bench.figures import Fact, Measure, Spread
from rag.bench.rig import Rig
from rag.bench.written import OURS, OURS_PLAIN, Written

SEED = 41
_SPAN = 4  # tokens in a row that also stand in the prompt: quoted


def measure_lookup(rig: Rig) -> list[Measure]:
    """``lookup``: tokens per second; facts say how much was quoted, guessed and accepted, and whether texts agree."""
    sizes = rig.sizes
    rates: dict[str, list[float]] = {OURS: [], OURS_PLAIN: []}
    pairs: list[tuple[Written, Written]] = []
    prompts = [rig.prompts.quoting(sizes.quoted, SEED + number) for number in range(sizes.repeats)]
    with rig.without_lookup() as plain:
        before = rig.engine.stats()
        for number, ids in enumerate(prompts):
            rig.say(f"quoting, with lookup and without: round {number + 1} of {sizes.repeats}")
            pairs.append((rig.ours.write(ids, sizes.quoting_answer), plain.write(ids, sizes.quoting_answer)))
            for writer_name, written in zip(rates, pairs[-1], strict=True):
                rates[writer_name].append(written.write_rate)
    stats = rig.engine.stats()
    drafted = stats.drafted_tokens - before.drafted_tokens
    accepted = stats.accepted_tokens - before.accepted_tokens
    facts: dict[str, Fact] = {
        "equal_text": all(ours.tokens == others.tokens for ours, others in pairs),
        "equal_tokens": min(_agreeing(ours.tokens, others.tokens) for ours, others in pairs),
        "tokens_written": min(len(ours.tokens) for ours, _ in pairs),
        "quoted_share": sum(_quoted(ids, ours.tokens) for ids, (ours, _) in zip(prompts, pairs, strict=True))
        / len(pairs),
        "drafted_tokens": drafted,
        "accepted_share": accepted / drafted if drafted else 0.0,
    }
    spreads = {name: Spread.of(found) for name, found in rates.items()}
    measure = Measure("lookup", f"writing an answer that repeats {sizes.quoted} tokens", "tok/s", spreads)
    facts["gain"] = measure.ratio(OURS, OURS_PLAIN)
    return [Measure(measure.name, measure.title, measure.unit, spreads, facts=facts)]


def _agreeing(ours: Sequence[int], others: Sequence[int]) -> int:
    """Tokens up to the first that differs."""
    pairs = enumerate(zip(ours, others, strict=False))
    return next((place for place, (one, other) in pairs if one != other), min(len(ours), len(others)))


def _quoted(prompt: Sequence[int], written: Sequence[int]) -> float:
    """Share of the answer's runs of tokens that stand in the prompt as they are."""
    known = {tuple(prompt[place : place + _SPAN]) for place in range(len(prompt))}
    runs = [tuple(written[place : place + _SPAN]) for place in range(len(written) - _SPAN + 1)]
    return sum(run in known for run in runs) / len(runs) if runs else 0.0
