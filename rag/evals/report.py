"""Figures as people read them: a table, and the cases that went worst."""

from __future__ import annotations

from collections.abc import Iterator

from rag.evals.measured import Measured


def as_dict(measured: Measured, seconds: float) -> dict[str, object]:
    """What `inhouse eval --json` prints."""
    return {
        "set": measured.set,
        "n": measured.n,
        "metrics": {name: round(value, 4) for name, value in measured.metrics.items()},
        "seconds": round(seconds, 1),
        "notes": list(measured.notes),
    }


def as_text(measured: Measured, seconds: float) -> str:
    """A table for the terminal, and the worst cases below it."""
    return "\n".join([*_head(measured, seconds, "{}"), *_table(measured), "", *_worst(measured, "{}")]).rstrip() + "\n"


def as_markdown(measured: Measured, seconds: float) -> str:
    """The same as a file of Markdown."""
    rows = [f"| {name} | {_figure(name, value)} |" for name, value in measured.metrics.items()]
    table = ["| figure | |", "|---|---|", *rows]
    head = _head(measured, seconds, "# {}")
    return "\n".join(
        [head[0], "", *(f"- {line.strip()}" for line in head[1:]), "", *table, "", *_worst(measured, "## {}")]
    )


def _head(measured: Measured, seconds: float, title: str) -> list[str]:
    cases = f"{measured.n:,} questions" if measured.set != "grounding" else f"{measured.n:,} claims"
    return [title.format(f"{measured.set}: {cases}, {seconds:.0f} s"), *(f"  {note}" for note in measured.notes)]


def _table(measured: Measured) -> Iterator[str]:
    width = max(map(len, measured.metrics), default=0)
    for name, value in measured.metrics.items():
        yield f"  {name.ljust(width)}  {_figure(name, value)}"


def _figure(name: str, value: float) -> str:
    """Shares with three digits, as papers give them; seconds and counts as they are."""
    if name.endswith("_s"):
        return f"{value:.2f} s"
    return f"{value:.3f}" if -1 <= value <= 1 else f"{value:,.0f}"


def _worst(measured: Measured, title: str) -> Iterator[str]:
    if not measured.worst:
        return
    yield title.format("The worst cases")
    for number, miss in enumerate(measured.worst, 1):
        yield ""
        yield f"{number}. {miss.question}"
        yield f"   - wanted: {miss.wanted}"
        yield f"   - came: {miss.got}"
        if miss.detail:
            yield f"   - {miss.detail}"
    yield ""
