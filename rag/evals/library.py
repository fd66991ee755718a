"""Files to search, read by the product's own rooms into a store of their own that is thrown away.

The only difference to a running bot: who is asked for vectors (they may come from a cache), and, for sets that
hold passages instead of files, what stands in for the parser.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rag.data_loaders import parse_file
from rag.database import Database
from rag.evals.measured import Progress, unwatched
from rag.ingest import Ingester, Parser
from rag.ingest import Progress as Reached
from rag.originals import Originals
from rag.retrieve import Retrieval, Retriever, Weights
from rag.store import MIGRATIONS, Store
from rag.types import Block, Document, Embedder, Location, ParsedFile
from rag.vectors import VectorIndex

SCOPE = "evaluation"
DEEP = 30  # hits that are looked through for the right place, so that ten places are there after counting each once


@dataclass(frozen=True, slots=True)
class Pages:
    """A file that a set gives as passages: each becomes a page."""

    name: str
    pages: tuple[str, ...]


class Library:
    """A store with a search over it."""

    def __init__(
        self,
        database: Database,
        folder: Path,
        embedder: Embedder,
        weights: Weights | None = None,
        parse: Parser = parse_file,
    ) -> None:
        self.store = Store(database)
        vectors = VectorIndex(embedder.dimension, embedder.fingerprint)
        self.ingester = Ingester(self.store, vectors, embedder, Originals(folder / "originals"), parse=parse)
        self.retriever = Retriever(self.store, vectors, embedder, weights=weights)

    def add(self, name: str, data: bytes | Path, progress: Progress = unwatched) -> Document:
        """Read a file in. Raises: FileError."""

        def tell(now: Reached) -> None:
            progress(f"{now.unit}s of {name}", now.done, now.total)

        return self.ingester.ingest(SCOPE, name, name, data, tell).document

    def search(
        self,
        question: str,
        history: Sequence[str] = (),
        *,
        within: frozenset[int] | None = None,
        limit: int = DEEP,
    ) -> Retrieval:
        """What the product finds."""
        return self.retriever.search(SCOPE, question, history=history, within=within, limit=limit)


@contextmanager
def open_library(
    folder: Path, embedder: Embedder, weights: Weights | None = None, parse: Parser = parse_file
) -> Iterator[Library]:
    """An empty library in ``folder``; its database is closed at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    with Database(folder / "evaluation.db", [MIGRATIONS]) as database:
        yield Library(database, folder, embedder, weights, parse)


def as_bytes(file: Pages) -> bytes:
    """A set's passages as bytes that `parse_pages` reads."""
    return json.dumps([file.name, *file.pages]).encode()


def parse_pages(path: Path, name: str, *, progress: object = None) -> ParsedFile:
    """Stands in for the parser where a set gives passages: one block and one page for each."""
    _, *pages = json.loads(path.read_bytes())
    blocks = tuple(Block(text, Location(page=page)) for page, text in enumerate(pages, 1))
    return ParsedFile("text", blocks, page_count=len(pages))
