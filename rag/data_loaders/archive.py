"""Zip containers (Word, PowerPoint, Excel, OpenDocument): judged before any reader opens them.

Knows how archives attack (bombs, entities, paths) and which kind of document one holds.
"""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path, PurePosixPath
from typing import IO

from rag.data_loaders.limits import Limits
from rag.errors import BrokenFile, EncryptedFile, FileError, FileTooLarge, UnsupportedFile

# Main part's content type -> kind. Macro and template variants hold the same text; nothing is run.
_MAIN_PARTS = {
    "wordprocessingml.document.main": "docx",
    "wordprocessingml.template.main": "docx",
    "ms-word.document.macroenabled": "docx",
    "ms-word.template.macroenabled": "docx",
    "presentationml.presentation.main": "pptx",
    "presentationml.slideshow.main": "pptx",
    "presentationml.template.main": "pptx",
    "ms-powerpoint.presentation.macroenabled": "pptx",
    "ms-powerpoint.slideshow.macroenabled": "pptx",
    "ms-powerpoint.template.macroenabled": "pptx",
    "spreadsheetml.sheet.main": "xlsx",
    "spreadsheetml.template.main": "xlsx",
    "ms-excel.sheet.macroenabled": "xlsx",
    "ms-excel.template.macroenabled": "xlsx",
}
_REFUSED_MIME = {
    "application/vnd.oasis.opendocument.text": "an OpenDocument text; save it as .docx",
    "application/vnd.oasis.opendocument.spreadsheet": "an OpenDocument spreadsheet; save it as .xlsx",
    "application/vnd.oasis.opendocument.presentation": "an OpenDocument presentation; save it as .pptx",
    "application/epub+zip": "an e-book (EPUB); save it as PDF",
}
_XML = (".xml", ".rels", ".vml", ".xhtml")
_DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY)|<\0!\0(?:D\0O\0C\0T|E\0N\0T)|\0<\0!\0(?:D\0O\0C|E\0N\0T)", re.I)
_STRICT = b"http://purl.oclc.org/ooxml/"
_STRICT_NAME = re.compile(re.escape(_STRICT) + rb"(\w+)/(\w+)")
_USUAL_NAME = rb"http://schemas.openxmlformats.org/\1/2006/\2"
_STEP_BYTES = 1 << 20


def zip_kind(path: Path, limits: Limits) -> str:
    """The kind of document in the zip at ``path``: "docx", "pptx" or "xlsx".

    Raises: UnsupportedFile, EncryptedFile, FileTooLarge or BrokenFile.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_directory(archive, limits)
            kind = _kind(archive)
            _check_parts(archive, limits)
            return kind
    except FileError:
        raise
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, KeyError, NotImplementedError, RuntimeError) as error:
        raise BrokenFile(detail=type(error).__name__) from error
    except zipfile.zlib.error as error:  # type: ignore[attr-defined]
        raise BrokenFile(detail="zlib") from error


def opened(path: Path) -> IO[bytes]:
    """The document as the readers know it: those saved as “Strict Open XML” get the usual namespaces.

    A stream, because from a path some readers would judge the file by its extension.
    """
    with zipfile.ZipFile(path) as archive:
        if _STRICT not in archive.read("_rels/.rels"):
            return path.open("rb")
        copy = io.BytesIO()
        with zipfile.ZipFile(copy, "w") as target:
            for entry in archive.infolist():
                target.writestr(entry.filename, _STRICT_NAME.sub(_USUAL_NAME, archive.read(entry)))
    copy.seek(0)
    return copy


def embedded_count(path: Path) -> int:
    """How many foreign files lie inside; the workbooks behind charts do not count."""
    with zipfile.ZipFile(path) as archive:
        inside = [PurePosixPath(name) for name in archive.namelist() if "/embeddings/" in name]
    return sum(not item.name.startswith("Microsoft_Excel") for item in inside)


def _check_directory(archive: zipfile.ZipFile, limits: Limits) -> None:
    entries = archive.infolist()
    if len(entries) > limits.zip_entries:
        raise FileTooLarge(f"This file holds more than {limits.zip_entries:,} parts, so it was not opened.")
    if sum(entry.file_size for entry in entries) > limits.zip_total_bytes:
        raise _bomb()
    for entry in entries:
        if entry.flag_bits & 1:
            raise EncryptedFile
        if entry.filename.startswith(("/", "\\")) or ".." in PurePosixPath(entry.filename).parts:
            raise BrokenFile("This file holds parts with unsafe paths, so it was not opened.")
        if entry.file_size > limits.zip_entry_bytes or _swells(entry, limits):
            raise _bomb()


def _swells(entry: zipfile.ZipInfo, limits: Limits) -> bool:
    return entry.file_size > limits.zip_small_bytes and entry.file_size > max(entry.compress_size, 1) * limits.zip_ratio


def _bomb() -> FileTooLarge:
    return FileTooLarge("This file unpacks to far more than its size, as a “zip bomb” does, so it was not opened.")


def _kind(archive: zipfile.ZipFile) -> str:
    names = set(archive.namelist())
    if not names:
        raise BrokenFile
    if "mimetype" in names:
        mime = archive.open("mimetype").read(200).decode("ascii", "replace").strip()
        if mime in _REFUSED_MIME:
            raise UnsupportedFile(f"This file is {_REFUSED_MIME[mime]} and upload that.")
    if "[Content_Types].xml" not in names:
        raise UnsupportedFile("This file is a ZIP archive; unpack it and upload the documents inside.")
    types = archive.open("[Content_Types].xml").read(_STEP_BYTES).decode("utf-8", "replace").lower()
    for part, kind in _MAIN_PARTS.items():
        if part in types:
            return kind
    if "ms-excel.sheet.binary" in types:
        raise UnsupportedFile("This file is a binary Excel workbook (.xlsb); save it as .xlsx and upload that.")
    raise UnsupportedFile("This file is an Office file of a kind that is not read; save it as PDF and upload that.")


def _check_parts(archive: zipfile.ZipFile, limits: Limits) -> None:
    """Unpack every XML part once: real sizes (a directory can lie), checksums, no entities."""
    for entry in archive.infolist():
        if entry.filename.lower().endswith(_XML):
            with archive.open(entry) as part:
                _check_xml(part, limits)


def _check_xml(part: IO[bytes], limits: Limits) -> None:
    total, tail = 0, b""
    while step := part.read(_STEP_BYTES):
        total += len(step)
        if total > limits.zip_entry_bytes:
            raise _bomb()
        if _DECLARATION.search(tail + step):
            raise BrokenFile("This file declares XML entities, which documents never need, so it was not opened.")
        tail = step[-16:]
