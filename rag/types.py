"""The values that cross rooms: frozen, slotted, and without behaviour that needs another room.

Vocabulary: a *document* is one file's bytes known in one *scope* (whoever may see the scope may
see the document). A *block* is a piece of a parsed document, a *chunk* a piece small enough to
embed, a *hit* a chunk that a search found, a *citation* a hit that a sentence was checked against.
A *source* is one appearance of a document under a name; this room treats its reference as opaque.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # the process that reads files imports this module, and should start quickly
    import numpy as np


@dataclass(frozen=True, slots=True)
class Location:
    """Where in a file a text stands; every field is optional, counts start at 1."""

    page: int | None = None
    slide: int | None = None
    sheet: str | None = None
    row: int | None = None
    heading_path: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()  # of a chunk of table rows: the row of each of its lines
    last_row: int | None = None  # of a stretch of rows that begins at ``row``
    is_scanned: bool = False  # read from a picture: letters may be wrong

    def label(self) -> str:
        """What a person would write: ``page 3``, ``slide 2``, ``Prices, row 7``, ``Terms › Price``."""
        if self.is_scanned:
            return f"page {self.page} (scanned)" if self.page is not None else "scanned"
        if self.page is not None:
            return f"page {self.page}"
        if self.slide is not None:
            return f"slide {self.slide}"
        if self.row is not None:
            several = self.last_row is not None and self.last_row != self.row
            rows = f"rows {self.row}–{self.last_row}" if several else f"row {self.row}"
            return f"{self.sheet}, {rows}" if self.sheet else rows
        return " › ".join(self.heading_path)


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a parsed file that lies at one place: a paragraph, a heading, a table row."""

    text: str
    location: Location = Location()
    kind: str = "text"  # "text" | "heading" | "row" | "code"


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """What a parser read. ``notes`` are sentences for the receipt ("2 of 9 pages hold no text")."""

    kind: str  # "pdf" | "docx" | "pptx" | "xlsx" | "csv" | "markdown" | "html" | "text" | "code"
    blocks: tuple[Block, ...]
    page_count: int | None = None  # pages, slides or sheets; None where the format has none
    notes: tuple[str, ...] = ()


class DocumentStatus(StrEnum):
    """How far a document has come. Only searchable and ready ones are ever found."""

    READING = "reading"
    SEARCHABLE = "searchable"  # by its words; the vectors are not all there
    READY = "ready"
    FAILED = "failed"
    ERASING = "erasing"  # gone for everybody; its rows are being cleared away


@dataclass(frozen=True, slots=True)
class Document:
    """One file's bytes in one scope, keyed by (scope_id, sha256)."""

    document_id: int
    scope_id: str
    sha256: str
    kind: str
    size_bytes: int
    page_count: int | None
    chunk_count: int
    notes: tuple[str, ...] = ()
    status: DocumentStatus = DocumentStatus.READY
    user_message: str = ""  # why reading it failed


@dataclass(frozen=True, slots=True)
class Source:
    """A document's appearance under a name. Two sources in one scope may share a document."""

    source_ref: str
    scope_id: str
    document_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document, 100 to 200 word pieces long; ``text`` is verbatim from the file."""

    chunk_id: int
    document_id: int
    ordinal: int  # position in the document, from 0
    text: str
    location: Location = Location()


@dataclass(frozen=True, slots=True, weakref_slot=True)  # what is known of a hit ends with it: `rag.windows`
class Hit:
    """A chunk that a search found, with the name it has in the scope that was searched."""

    chunk: Chunk
    source_ref: str
    file_name: str
    score: float  # fused, higher is better, comparable within one search only
    cosine: float  # of question and chunk, -1 to 1; 0.0 where no vector exists yet


@dataclass(frozen=True, slots=True)
class Citation:
    """Proof for a sentence: file, place, and a quote that stands there verbatim."""

    number: int  # as in the answer's [1]
    file_name: str
    source_ref: str
    location: Location
    quote: str
    chunk_id: int


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier question and its answer in the same conversation."""

    question: str
    answer: str
    passages: tuple[int, ...] = ()  # chunk ids that its prompt added to those before it, in their order
    length: str = ""  # as asked for: a key of `rag.prompts.LENGTHS`


@dataclass(frozen=True, slots=True)
class Utterance:
    """One message of a conversation; ``ref`` is the caller's own and comes back wherever it is named."""

    ref: str
    author: str
    text: str
    month: int = 0  # in which it was written, 1 to 12; 0 where that is unknown
    sitting: int = 0  # messages of one number were written in one go; only those lean on one another


class Outcome(StrEnum):
    """How a question ended."""

    ANSWERED = "answered"  # at least one checked sentence of the model's
    PASSAGE = "passage"  # no sentence passed the check: the best passage, verbatim
    REFUSED = "refused"  # the files searched do not say
    ASKED = "asked"  # the question can mean several things: it is asked back which
    STOPPED = "stopped"  # cancelled; the text so far stands


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer. ``searched`` are the names of the files that were looked through."""

    text: str
    outcome: Outcome
    citations: tuple[Citation, ...] = ()
    searched: tuple[str, ...] = ()
    timing: dict[str, float] = field(default_factory=dict)  # seconds by stage
    is_foreign: bool = False  # the question is in a language that the model does not know
    quoted: frozenset[int] = frozenset()  # numbers of the citations whose quote stands in ``text`` itself
    absent: tuple[str, ...] = ()  # of a refusal: words of the question that stand in none of the files searched
    passages: tuple[int, ...] = ()  # chunk ids that its prompt added to the conversation's
    choices: tuple[str, ...] = ()  # what the question can mean, where it was asked back: files, headings, subjects
    query: str = ""  # the SELECT whose result is the answer, where a table was asked

    @property
    def refused(self) -> bool:
        return self.outcome is Outcome.REFUSED


# --- what a model yields while it writes -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a prompt: role is "system", "user" or "assistant"."""

    role: str
    content: str
    is_public: bool = False  # the product's own words, the same for everybody: what was read of them may be shared


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf a model works.

    What it has read for a scope is used again for that scope alone; turns are taken by user, then by thread.
    """

    scope_id: str = ""
    user: str = ""
    thread: str = ""
    is_background: bool = False  # nobody is waiting for it: people come first
    deadline_s: float | None = None  # from the moment of asking; then the text so far stands


@dataclass(frozen=True, slots=True)
class TextDelta:
    """Newly generated text; never any of the prompt."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of every stream that was not cut by an error."""

    reason: str  # "stop" | "length" | "cancelled" | "deadline"
    prompt_tokens: int
    new_tokens: int
    first_token_s: float
    total_s: float
    reused_tokens: int = 0  # of the prompt: known from before, not read again


ModelEvent = TextDelta | Finished


# --- what turns text into vectors ------------------------------------------------------------


class Embedder(Protocol):
    """Texts to vectors; safe to share between threads."""

    name: str
    dimension: int
    fingerprint: str  # identifies the weights: a change means that stored vectors are of no use
    languages: frozenset[str]  # that it was made for, ISO 639-1; empty: many, or unknown

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Shape: (n, dimension) float32, unit rows."""

    def embed_query(self, text: str) -> np.ndarray:
        """Shape: (dimension,) float32, unit length."""

    def count_pieces(self, texts: Sequence[str]) -> list[int]:
        """Word pieces of each text, as the model would count them."""

    def held(self, question: str, texts: Sequence[str]) -> np.ndarray:
        """How much of ``question`` stands in each text, exactly or nearly; see `rag.pieces`. Shape: (n,), 0 to 1."""

    def forget(self) -> None:
        """Drop whatever is kept of texts, if anything is."""
