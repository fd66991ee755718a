"""Pages that are pictures of text, read by text recognition in a second throw-away process.

It has limits of its own: a page takes seconds, and one that takes too long ends the process; what it
read until then stays. Knows no format and no recognition.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from rag.data_loaders.limits import Limits
from rag.data_loaders.process import Message, error_in, run_child
from rag.errors import FileError, NoTextFound, UnsupportedFile
from rag.types import Block, Location, ParsedFile

START_S = 30  # until the recognition is loaded


@dataclass(frozen=True, slots=True)
class Scanned:
    """A file and those of its pages that are pictures."""

    kind: str
    page_count: int
    pages: tuple[int, ...]  # from 1


@dataclass(frozen=True, slots=True)
class Scans:
    """What was read of the pages that were tried: their paragraphs. A page that is not in it was not finished."""

    tried: tuple[int, ...]
    paragraphs: dict[int, tuple[str, ...]]


def read_scans(request: Message, limits: Limits, scanned: Scanned, report: Callable[[int, int, str], None]) -> Scans:
    """Read the pages, as many as the limits allow; whatever happens to one, the others stay."""
    tried = scanned.pages[: limits.scanned_pages]
    typed_pages = scanned.page_count - len(scanned.pages)
    paragraphs: dict[int, tuple[str, ...]] = {}

    def take(message: Message) -> None:
        if error := error_in(message):
            raise error
        if "scan" in message:
            page, texts = message["scan"]
            paragraphs[int(page)] = tuple(map(str, texts))
            report(typed_pages + len(paragraphs), scanned.page_count, scanned.kind)

    whole_s = START_S + limits.scanned_page_s * len(tried)
    own = replace(limits, cpu_s=whole_s, wall_s=float(whole_s))
    with suppress(FileError):  # it stumbled over a page
        run_child({**request, "kind": None, "scans": tried}, own, take)
    return Scans(tried, paragraphs)


def with_scans(parsed: ParsedFile | None, scanned: Scanned, scans: Scans) -> ParsedFile:
    """The file with its scanned pages in their places, and what the receipt says of them.

    ``parsed``: what was read without recognition, if anything. Raises: FileError where nothing was read at all.
    """
    typed = parsed.blocks if parsed else ()
    blocks = [block for page in scans.tried for block in _blocks(page, scans.paragraphs.get(page, ()), typed, scanned)]
    if not typed and not blocks:
        raise _nothing_found(scanned.kind)
    merged = sorted((*typed, *blocks), key=lambda block: block.location.page or 0)  # keeps a page's own order
    notes = parsed.notes if parsed else ()
    return ParsedFile(scanned.kind, tuple(merged), scanned.page_count, (*notes, *_notes(scanned, scans)))


def _blocks(page: int, texts: Sequence[str], typed: Sequence[Block], scanned: Scanned) -> list[Block]:
    """The paragraphs of one page, under the heading that was open before it."""
    above = [block.location.heading_path for block in typed if (block.location.page or 0) < page]
    is_alone = scanned.kind == "picture" and scanned.page_count == 1
    place = Location(page=None if is_alone else page, heading_path=above[-1] if above else (), is_scanned=True)
    return [Block(text, place) for text in texts]


def _notes(scanned: Scanned, scans: Scans) -> list[str]:
    read, total = sum(map(bool, scans.paragraphs.values())), scanned.page_count
    unread = len(scans.tried) - len(scans.paragraphs)
    said: list[str] = []
    if read and total == 1:
        said.append("This text was read from a picture; check what matters against the original.")
    elif read == 1:
        said.append(f"1 of {total:,} pages was read from a picture; check what matters against the original.")
    elif read:
        said.append(f"{read:,} of {total:,} pages were read from pictures; check what matters against the original.")
    if unread == 1:
        said.append(f"1 of {total:,} pages is a picture that could not be read.")
    elif unread:
        said.append(f"{unread:,} of {total:,} pages are pictures that could not be read.")
    if len(scans.tried) < len(scanned.pages):
        said.append(f"Only the first {len(scans.tried):,} of {len(scanned.pages):,} pages that are pictures were read.")
    return said


def _nothing_found(kind: str) -> FileError:
    if kind == "picture":
        return UnsupportedFile(
            "This file is a picture in which no text was found; upload a copy with typed text, such as a PDF."
        )
    return NoTextFound(
        "This PDF holds only pictures in which no text was found; upload a sharper scan or a copy with a text layer."
    )
