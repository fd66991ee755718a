"""A file in a few lines, each with the place that it comes from.

Knows how a digest is shown; how it is made, and what of it is proved, is the library's concern.
"""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from bot import blocks
from bot.brief import Brief, heading
from bot.events import IncomingMessage
from bot.progress import told
from bot.records import Share, scope_of
from bot.texts import Texts
from bot.writing import caller_of
from rag.digest import Digest, Digester, DigestLine
from rag.ingest import Progress
from rag.llms.base import BaseLLM
from rag.types import Citation

LINES = {"shorter": 4, "": 8, "longer": 16}  # by the length that is wanted
HEADING_CHARS = 60

Status = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Digests:
    """Everything a file's summary needs; built once."""

    digester: Digester
    llm: BaseLLM
    model_threads: Executor  # the library below is synchronous

    async def brief(
        self, share: Share, message: IncomingMessage, texts: Texts, status: Status, cancel: threading.Event, length: str
    ) -> Brief | str:
        """The file's summary, or a sentence to say instead. Raises: InhouseError."""
        name = blocks.status_name(share.name)

        def doing(progress: Progress | None) -> str:
            if progress is None:
                return texts("status-summarising", name=name)
            return texts("status-summarising-part", name=name, done=progress.done, total=progress.total)

        async with told(status, doing) as note:
            digest = functools.partial(
                self.digester.digest,
                scope_of(share.team, share.channel),
                share.document_id or 0,
                cancel=cancel,
                on_progress=lambda done, total: note(Progress(done, total, "section")),
                # Whoever asks a question waits for one prompt; this takes a dozen.
                caller=replace(caller_of(message), is_background=True),
            )
            found: Digest = await asyncio.get_running_loop().run_in_executor(self.model_threads, digest)
        if not found.lines:
            return texts("stopped") if not found.is_whole else texts("digest-nothing", name=blocks.code(share.name))
        return brief_of(texts, share, found, LINES.get(length, LINES[""]), self.llm)


def brief_of(texts: Texts, share: Share, digest: Digest, count: int, llm: BaseLLM) -> Brief:
    """``count`` lines of a digest below a heading, and where each stands."""
    lines = digest.top(count)
    citations, cited = _cited(share, lines)
    titles = _titles(lines)
    top = texts("digest-heading", name=blocks.code(share.name))
    built = [heading(top)]
    for number, line in enumerate(lines):
        title = titles[number] if number == 0 or titles[number] != titles[number - 1] else ""
        built.append(_line(line, cited[number], title))
    quoted = frozenset(each.number for line, own in zip(lines, cited, strict=True) if line.is_quote for each in own)
    more = texts("more-sources", count=len(citations) - blocks.MAX_SOURCES)
    sources = blocks.sources(citations, {share.file_id: share.permalink}, quoted, more)
    said = [
        f"{line.text} [{', '.join(str(each.number) for each in own)}]" for line, own in zip(lines, cited, strict=True)
    ]
    return Brief(
        parts=tuple(built),
        tail=(*sources, blocks.context(_small_print(texts, digest, llm))),
        text="\n".join([share.name, *said]),
        files=(share.file_id,),
        cited=tuple(dict.fromkeys(each.chunk_id for each in citations)),
    )


def _cited(share: Share, lines: Sequence[DigestLine]) -> tuple[list[Citation], list[list[Citation]]]:
    """Every citation once, and those of each line."""
    known: dict[tuple[int, str], Citation] = {}
    cited = []
    for line in lines:
        for proof in line.proofs:
            number = len(known) + 1
            citation = Citation(number, share.name, share.file_id, proof.location, proof.quote, proof.chunk_id)
            known.setdefault((proof.chunk_id, proof.quote), citation)
        cited.append([known[proof.chunk_id, proof.quote] for proof in line.proofs])
    return list(known.values()), cited


def _titles(lines: Sequence[DigestLine]) -> list[str]:
    """The heading that each line stands under: of the first level on which they differ, without the file's title."""
    paths = [line.proofs[0].location.heading_path for line in lines]
    depth = next((n for n in range(1, 7) if len({path[:n] for path in paths}) > 1), 0)
    if depth and len({path[: depth - 1] for path in paths}) == 1:
        return [path[depth - 1] if len(path) >= depth else "" for path in paths]
    return [""] * len(lines)


def _line(line: DigestLine, citations: Sequence[Citation], title: str) -> tuple[str, str]:
    marks = "".join(f"[{citation.number}]" for citation in citations)
    title = blocks.shorten(" ".join(title.replace("*", "").split()), HEADING_CHARS)
    shown, streamed = blocks.escape(line.text), blocks.markdown(line.text)
    if line.is_quote:
        shown, streamed = f"“{shown}”", f"“{streamed}”"
    over = (f"*{blocks.escape(title)}:* ", f"**{blocks.markdown(title)}:** ") if title else ("", "")
    return f"• {over[0]}{shown} {marks}", f"- {over[1]}{streamed} {marks}"


def _small_print(texts: Texts, digest: Digest, llm: BaseLLM) -> str:
    notes = [texts("digest-extract" if digest.is_extract else "digest-checked")]
    if digest.is_extract and llm.is_trial:
        notes.append(texts("digest-trial", model=blocks.escape(llm.name)))
    if digest.passages_read < digest.passages:
        notes.append(texts("digest-read", read=digest.passages_read, all=digest.passages))
    if not digest.is_whole:
        notes.append(texts("stopped"))
    return " ".join(notes)
