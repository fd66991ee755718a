"""A whole store on disk with small stand-ins for the parser and the embedder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rag.database import Database
from rag.erase import Eraser
from rag.errors import EmptyFile
from rag.ingest import Ingester, IngestResult
from rag.originals import Originals
from rag.retrieve import Retriever
from rag.store import MIGRATIONS, Store
from rag.types import Block, Location, ParsedFile
from rag.vectors import VectorIndex
from tests.rag.fakes import HashEmbedder


def parse_paragraphs(path: Path, name: str, *, progress: object = None) -> ParsedFile:
    """One page for each paragraph; a paragraph that starts with # is the heading of what follows."""
    headings: tuple[str, ...] = ()
    blocks = []
    for number, text in enumerate(path.read_text(encoding="utf-8").split("\n\n"), 1):
        if text.startswith("#"):
            headings = (text.removeprefix("#").strip(),)
        elif text.strip():
            blocks.append(Block(text, Location(page=number, heading_path=headings)))
    if not blocks:
        raise EmptyFile()
    return ParsedFile("text", tuple(blocks), page_count=len(blocks))


class Shelf:
    """Everything below the bot over one folder; close it before opening the folder again."""

    def __init__(
        self,
        folder: Path,
        *,
        parse: Callable[..., ParsedFile] = parse_paragraphs,
        embedder: HashEmbedder | None = None,
        pause: Callable[[], None] = lambda: None,
    ) -> None:
        self.folder = folder
        self.index_path = folder / "vectors.faiss"
        self.embedder = embedder or HashEmbedder()
        self.database = Database(folder / "inhouse.db", [MIGRATIONS])
        self.store = Store(self.database)
        self.vectors = VectorIndex.open(self.index_path, self.store, self.embedder.dimension, self.embedder.fingerprint)
        self.originals = Originals(folder / "originals")
        self.ingester = Ingester(self.store, self.vectors, self.embedder, self.originals, parse=parse, pause=pause)
        self.retriever = Retriever(self.store, self.vectors, self.embedder)
        self.forgotten: list[str] = []  # scopes that a language model was told to forget
        self.eraser = Eraser(
            self.store, self.vectors, self.originals, self.index_path, forget=lambda scope: self.forgotten.append(scope)
        )

    def put(self, text: str, *, name: str = "file.txt", ref: str = "", scope: str = "here") -> IngestResult:
        return self.ingester.ingest(scope, ref or name, name, text.encode())

    def texts(self, question: str, *, scope: str = "here", **options: object) -> list[str]:
        found = self.retriever.search(scope, question, **options)  # type: ignore[arg-type]
        return [hit.chunk.text for hit in found.hits]

    def bytes_on_disk(self) -> bytes:
        return b"\n".join(path.read_bytes() for path in sorted(self.folder.rglob("*")) if path.is_file())

    def close(self) -> None:
        self.database.close()
