"""A run's result as a picture: bars, one panel for each measure. SVG, for light and dark backgrounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape

from rag.bench.figures import Measure, Spread
from rag.bench.indexing import BESIDE
from rag.bench.report import LABELS, listed, number
from rag.bench.result import Result
from rag.bench.streams import STREAMS
from rag.bench.written import BASELINE, OURS, PEER

WIDTH, LEFT, BAR, ROW, HEAD = 760, 170, 300, 22, 46
_TOP = 64

_STYLE = """
  svg { font: 13px system-ui, sans-serif; }
  .paper { fill: #ffffff; } .ink { fill: #1f2328; } .soft { fill: #59636e; } .line { stroke: #59636e; }
  .ours { fill: #0a7d5a; } .plain { fill: #6fbf9f; } .base { fill: #9aa4af; } .peer { fill: #b9770e; }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117; } .ink { fill: #f0f3f6; } .soft { fill: #9ea7b3; } .line { stroke: #9ea7b3; }
    .ours { fill: #3fcf9a; } .plain { fill: #23765a; } .base { fill: #6b7683; } .peer { fill: #e3a53b; }
  }
"""


@dataclass(frozen=True, slots=True)
class _Bar:
    label: str
    kind: str  # of `_STYLE`
    spread: Spread
    share: float | None = None


@dataclass(frozen=True, slots=True)
class _Panel:
    title: str
    unit: str
    bars: tuple[_Bar, ...]


def plot(result: Result) -> str:
    """The whole SVG file. The spread is a thin line across each bar's end."""
    drawn, top = [], _TOP
    for panel in _panels(result.measures):
        drawn.append("\n".join(_draw(panel, top)))
        top += HEAD + ROW * len(panel.bars)
    size = f'width="{WIDTH}" height="{top + 10}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {WIDTH} {top + 10}" role="img">',
            f"<title>{escape(f'inhouse bench engine: {result.model}')}</title>",
            f"<style>{_STYLE}</style>",
            f'<rect class="paper" {size}/>',
            f'<text class="ink" x="20" y="28" font-size="17" font-weight="600">{escape(result.model)}</text>',
            f'<text class="soft" x="20" y="48">{escape(listed(result.machine))}</text>',
            *drawn,
            "</svg>\n",
        ]
    )


def _panels(measures: Mapping[str, Measure]) -> Iterator[_Panel]:
    """One for each measure; the streams share one."""
    for measure in measures.values():
        if measure.unit != "MB" and not measure.name.startswith(STREAMS):
            bars = [
                _Bar(LABELS.get(name, name), _kind(name), measure.spreads[name], measure.share(name))
                for name in measure.spreads
            ]
            yield _Panel(measure.title, measure.unit, tuple(bars))
    streams = [measure for measure in measures.values() if measure.name.startswith(STREAMS)]
    if streams:
        bars = [
            _Bar(f"{measure.name.removeprefix(STREAMS)} at once", "ours", measure.spreads[OURS]) for measure in streams
        ]
        yield _Panel("several answers at once, reading included", streams[0].unit, tuple(bars))


def _draw(panel: _Panel, top: int) -> Iterator[str]:
    better = "more is better" if panel.unit.endswith("/s") else "less is better"
    title = f"{panel.title[0].upper()}{panel.title[1:]}"
    yield f'<text class="ink" x="20" y="{top + 20}" font-weight="600">{escape(title)}</text>'
    yield f'<text class="soft" x="{WIDTH - 20}" y="{top + 20}" text-anchor="end">{panel.unit}, {better}</text>'
    longest = max(bar.spread.high for bar in panel.bars) or 1.0
    for place, bar in enumerate(panel.bars):
        yield from _draw_bar(bar, BAR / longest, top + 30 + ROW * place)


def _draw_bar(bar: _Bar, scale: float, top: int) -> Iterator[str]:
    spread = bar.spread
    low, middle, high = (LEFT + scale * value for value in (spread.low, spread.median, spread.high))
    text = number(spread.median) + (f" · {100 * bar.share:.0f}% of the ceiling" if bar.share is not None else "")
    width = max(1.0, middle - LEFT)
    yield f'<text class="ink" x="{LEFT - 8}" y="{top + 12}" text-anchor="end">{escape(bar.label)}</text>'
    yield f'<rect class="{bar.kind}" x="{LEFT}" y="{top}" width="{width:.1f}" height="16" rx="2"/>'
    yield f'<line class="line" x1="{low:.1f}" y1="{top + 8}" x2="{high:.1f}" y2="{top + 8}"/>'
    yield f'<text class="ink" x="{max(high, middle) + 8:.1f}" y="{top + 12}">{escape(text)}</text>'


def _kind(name: str) -> str:
    if name in (BASELINE, PEER):
        return "base" if name == BASELINE else "peer"
    return "ours" if name in (OURS, f"{OURS}_warm", BESIDE) else "plain"
