"""One question at a time: reading the prompt, writing the answer, and the whole of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rag.bench.figures import Measure, Spread
from rag.bench.rig import Rig
from rag.bench.written import OURS, OURS_PLAIN, Writer, Written

Runs = dict[str, list[Written]]

SEED = 11
_TRIES = 6


def measure_single(rig: Rig) -> list[Measure]:
    """``prefill``, ``decode_short``, ``decode_long``, ``answer``."""
    sizes = rig.sizes
    with rig.without_lookup() as plain:
        writers: list[Writer] = [rig.ours, plain, *rig.others]
        long, count = _settled(rig, sizes.long_prompt, sizes.long_answer, plain)
        runs = _interleaved(rig, writers, long, count)
        short, short_count = _settled(rig, sizes.short_prompt, sizes.short_answer, plain)
        short_runs = _interleaved(rig, writers, short, short_count)
    return [
        Measure(
            "prefill",
            f"reading a prompt of {sizes.long_prompt:,} tokens",
            "tok/s",
            _spreads(runs, "read_rate", without=OURS_PLAIN),
            rig.prefill_ceiling(),
        ),
        _decode(rig, "decode_short", short_runs, sizes.short_prompt, short_count),
        _decode(rig, "decode_long", runs, sizes.long_prompt, count),
        Measure(
            "answer",
            f"a whole answer, {sizes.long_prompt:,} tokens in and {count} out",
            "s",
            _spreads(runs, "total_s"),
            facts={"tokens_written": count},
        ),
    ]


def _decode(rig: Rig, name: str, runs: Runs, prompt: int, answer: int) -> Measure:
    context = prompt + answer // 2
    title = f"writing one answer behind {prompt:,} tokens"
    beyond = frozenset({OURS}) if rig.engine.limits.draft_tokens else frozenset()  # guesses: several for one reading
    return Measure(name, title, "tok/s", _spreads(runs, "write_rate"), rig.decode_ceiling(context), beyond)


def _interleaved(rig: Rig, writers: Iterable[Writer], ids: Sequence[int], count: int) -> Runs:
    """Everybody in turn, so that a busy minute of the machine hits all alike; one round before is not counted."""
    runs: Runs = {writer.name: [] for writer in writers}
    for number in range(rig.sizes.repeats + 1):
        for writer in writers:
            rig.say(f"{len(ids)} tokens in, {count} out: round {number} of {rig.sizes.repeats}, {writer.name}")
            written = writer.write(ids, count)
            if number:
                runs[writer.name].append(written)
    return runs


def _settled(rig: Rig, tokens: int, count: int, plain: Writer) -> tuple[Sequence[int], int]:
    """A prompt, and how many tokens everybody writes behind it: up to ``count``.

    Small models soon repeat themselves, and ours then stops; so the first of a few prompts whose answer goes on.
    """
    prompts = (rig.prompts.prompt(tokens, SEED + number) for number in range(_TRIES))
    found: list[tuple[int, Sequence[int]]] = []
    for ids in prompts:
        found.append((len(plain.write(ids, count).tokens), ids))
        if found[-1][0] == count:
            break
    written, best = max(found, key=lambda pair: pair[0])
    return best, written


def _spreads(runs: Runs, figure: str, without: str = "") -> dict[str, Spread]:
    return {
        name: Spread.of(getattr(written, figure) for written in found)
        for name, found in runs.items()
        if name != without
    }
