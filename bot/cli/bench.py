"""`inhouse bench`: how fast this machine answers, beside what it could do at best and beside other software."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TextIO

import click

from bot.cli.library import load_models, say, set_up_logging
from bot.settings import Settings
from rag.bench.sizes import Sizes
from rag.errors import ModelFailed

if TYPE_CHECKING:
    from rag.bench.result import Result

DEFAULTS = Sizes()
ONLY = ("ceilings", "prefill", "decode", "answer", "first", "streams", "lookup", "indexing", "memory")
MOST_START_S = 5.0


@click.group()
def bench() -> None:
    """Measure this machine; nothing leaves it. Close other programs first.

    `inhouse bench engine` measures the language model: reading, writing, several people at once.
    `inhouse bench index` measures how quickly files are read in, beside plain encoding of the same texts.
    `inhouse bench search` measures searches over a hundred thousand chunks.
    `inhouse bench start` measures how long it takes from the start to the first answer.
    """


def _numbers(_: click.Context, __: click.Parameter, text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isdecimal() and int(part) for part in parts):
        raise click.BadParameter("numbers with commas between them, such as 1,4,8,16")
    return tuple(int(part) for part in parts)


def _names(_: click.Context, __: click.Parameter, text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if wrong := [name for name in names if name not in ONLY]:
        raise click.BadParameter(f"there is no measurement {wrong[0]}; there are {', '.join(ONLY)}")
    return names


@bench.command()
@click.option(
    "--model", help="A model's id, folder or GGUF file; random:qwen2-0.5b or random:llama-7b for a shape alone."
)
@click.option("--only", callback=_names, default="", help=f"Some measurements, with commas: {', '.join(ONLY)}.")
@click.option("--baseline", is_flag=True, help="Measure plain Transformers with the same weights beside it.")
@click.option("--peer", type=click.Choice(["llama-cpp"]), help="Measure llama.cpp beside it, where it is installed.")
@click.option("--repeats", default=DEFAULTS.repeats, show_default=True, type=click.IntRange(1, 50))
@click.option("--streams", callback=_numbers, default="", help="How many ask at once: 1,4,8,16, on a GPU also 32.")
@click.option("--requests", default=DEFAULTS.requests, show_default=True, type=click.IntRange(10), help="For memory.")
@click.option("--chunks", default=DEFAULTS.chunks, show_default=True, type=click.IntRange(16), help="Embedded beside.")
@click.option("--plot", type=click.File("w", encoding="utf-8", lazy=False), help="Draw the figures into this SVG file.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else on standard output.")
def engine(  # noqa: PLR0913, PLR0917 - one for each option
    model: str | None,
    only: tuple[str, ...],
    baseline: bool,
    peer: str | None,
    repeats: int,
    streams: tuple[int, ...],
    requests: int,
    chunks: int,
    plot: TextIO | None,
    as_json: bool,
) -> None:
    """Measure the language model on this machine, each figure beside the machine's ceiling.

    About five minutes for the embedded model, more with --baseline and --peer. Close other programs first.

    \b
    Example:
        inhouse bench engine --baseline --only prefill,decode --plot engine.svg
    """
    sizes = replace(DEFAULTS, repeats=repeats, streams=streams or DEFAULTS.streams, requests=requests, chunks=chunks)
    set_up_logging("WARNING")
    from bot.cli.bench_rig import Wanted, measure

    result = measure(Settings.load(), Wanted(model, only, baseline, peer is not None, sizes, bool(streams)))
    if plot:
        from rag.bench.plot import plot as draw

        plot.write(draw(result))
        say(f"Drawn into {plot.name}.")
    _tell(result, as_json)


@bench.command()
@click.option("--chunks", default=200, show_default=True, type=click.IntRange(4), help="Of each round, about.")
@click.option("--repeats", default=DEFAULTS.repeats, show_default=True, type=click.IntRange(1, 50))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else on standard output.")
def index(chunks: int, repeats: int, as_json: bool) -> None:
    """Measure how quickly files are read in: parsed, split, stored and embedded, beside plain encoding.

    About a minute. Plain encoding is `SentenceTransformer.encode` as it comes, over the same texts.
    """
    set_up_logging("WARNING")
    from bot.cli.bench_store import measure_index

    _tell(measure_index(Settings.load(), chunks, repeats), as_json)


@bench.command()
@click.option("--chunks", default=100_000, show_default=True, type=click.IntRange(100), help="In the large scope.")
@click.option("--questions", default=250, show_default=True, type=click.IntRange(20), help="A fifth in a small scope.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else on standard output.")
def search(chunks: int, questions: int, as_json: bool) -> None:
    """Measure searches over a large store, made for the purpose in about two minutes and removed afterwards.

    It takes 500 MB on disk and as much memory for a hundred thousand chunks. Each part of a search is told:
    embedding the question, its words, its meaning, looking up rows, and the rest, which is arithmetic.
    """
    set_up_logging("WARNING")
    from bot.cli.bench_store import measure_search

    _tell(measure_search(Settings.load(), chunks, questions), as_json)


def _tell(result: Result, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(result.as_dict(), ensure_ascii=False))
        return
    from rag.bench.report import report

    click.echo(report(result), nl=False)


@bench.command()
@click.option("--repeats", default=DEFAULTS.repeats, show_default=True, type=click.IntRange(1, 50))
@click.option("--once", is_flag=True, hidden=True, help="Be the process that is measured.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else on standard output.")
def start(repeats: int, once: bool, as_json: bool) -> None:
    """Measure how long it takes from the start of the program to its first answer.

    A round before, which may have to convert the model, is told but not counted.
    """
    set_up_logging("WARNING")
    if once:
        click.echo(json.dumps(_start_here(Settings.load())))
        return
    say("starting for the first time")
    first_s, _ = _start_elsewhere()
    rounds = []
    for number in range(repeats):
        say(f"start {number + 1} of {repeats}")
        rounds.append(_start_elsewhere())
    found = _started(first_s, rounds)
    if as_json:
        click.echo(json.dumps(found))
        return
    ready = found["ready_s"]
    click.echo(f"From the start to the first answer of {found['model']}: {ready['median']:.1f} s")
    click.echo(f"  ({ready['min']:.1f} to {ready['max']:.1f}); of it loading {found['load_s']:.1f} s")
    click.echo(f"The first start took {first_s:.1f} s. The goal is {MOST_START_S:.0f} s.")


def _start_here(settings: Settings) -> dict[str, Any]:
    """Load what `inhouse run` loads, and answer once."""
    from rag.types import Message

    started = time.perf_counter()
    llm, _ = load_models(settings)
    load_s = time.perf_counter() - started
    llm.write([Message("user", "Good morning!")], max_tokens=1)
    llm.close()
    return {"model": llm.name, "load_s": load_s}


def _start_elsewhere() -> tuple[float, dict[str, Any]]:
    """Seconds until a fresh process has answered, and what it says. Raises: ModelFailed."""
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "bot.cli", "bench", "start", "--once"], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout
        line = child.stdout.readline()
        ready_s = time.perf_counter() - started
    if child.returncode or not line:
        raise ModelFailed("The model did not start; what it said stands above.")
    return ready_s, json.loads(line)


def _started(first_s: float, rounds: list[tuple[float, dict[str, Any]]]) -> dict[str, Any]:
    from rag.bench.figures import Measure, Spread, rounded

    ready = Measure("start", "start to first answer", "s", {"inhouse": Spread.of(ready_s for ready_s, _ in rounds)})
    figures = ready.as_dict()["figures"]
    assert isinstance(figures, dict)
    load = Spread.of(said["load_s"] for _, said in rounds)
    return {
        "bench": "start",
        "model": rounds[0][1]["model"],
        "ready_s": figures["inhouse"],
        "load_s": rounded(load.median),
        "first_start_s": rounded(first_s),
        "goal_s": MOST_START_S,
        "held": ready.spreads["inhouse"].median <= MOST_START_S,
    }
