"""The loaders by name, for programs: ``Pdf(pdf_path="manual.pdf").load()``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rag.data_loaders.encoding import read_text
from rag.data_loaders.parse import parse_file
from rag.types import Block

StrPath = str | Path


class _Loader:
    """Reads one file, in a process of its own. Raises: FileError; FileNotFoundError where there is none."""

    kind: ClassVar[str]

    @property
    def path(self) -> Path:
        """The one field each loader has, under its own name."""
        return Path(getattr(self, f"{type(self).__name__.lower()}_path"))

    def blocks(self) -> tuple[Block, ...]:
        """The file's blocks, each with its place."""
        return parse_file(self.path, self.path.name, kind=self.kind).blocks

    def load(self) -> str:
        """The file's text: table rows on lines of their own, an empty line between other blocks."""
        text, previous = "", ""
        for block in self.blocks():
            glue = "\n" if block.kind == previous == "row" else "\n\n"
            text += glue + block.text if text else block.text
            previous = block.kind
        return text


@dataclass(frozen=True, slots=True)
class Txt(_Loader):
    """Plain text in any common encoding."""

    txt_path: StrPath
    kind: ClassVar[str] = "text"

    def load(self) -> str:
        """The whole text as it stands, line ends as ``\\n``. Raises: UnsupportedFile for bytes that are not text."""
        return read_text(self.path)


@dataclass(frozen=True, slots=True)
class Pdf(_Loader):
    """PDF, by page."""

    pdf_path: StrPath
    kind: ClassVar[str] = "pdf"


@dataclass(frozen=True, slots=True)
class Docx(_Loader):
    """Word, by heading."""

    docx_path: StrPath
    kind: ClassVar[str] = "docx"


@dataclass(frozen=True, slots=True)
class Pptx(_Loader):
    """PowerPoint, by slide."""

    pptx_path: StrPath
    kind: ClassVar[str] = "pptx"


@dataclass(frozen=True, slots=True)
class Xlsx(_Loader):
    """Excel, by sheet and row."""

    xlsx_path: StrPath
    kind: ClassVar[str] = "xlsx"


@dataclass(frozen=True, slots=True)
class Csv(_Loader):
    """CSV with any delimiter, by row."""

    csv_path: StrPath
    kind: ClassVar[str] = "csv"


@dataclass(frozen=True, slots=True)
class Markdown(_Loader):
    """Markdown, by heading."""

    markdown_path: StrPath
    kind: ClassVar[str] = "markdown"


@dataclass(frozen=True, slots=True)
class Html(_Loader):
    """A web page, by heading."""

    html_path: StrPath
    kind: ClassVar[str] = "html"
