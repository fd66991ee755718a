"""What kind of file this is, by its content. Its name decides only between kinds of text.

Everything that is not read is refused here, with a sentence that says what it is and what to do.
"""

from __future__ import annotations

import mmap
import re
from pathlib import Path, PurePosixPath

from rag.data_loaders.archive import zip_kind
from rag.data_loaders.encoding import decode
from rag.data_loaders.limits import MIB, Limits
from rag.data_loaders.recognition import is_installed
from rag.errors import BrokenFile, EmptyFile, EncryptedFile, FileTooLarge, UnsupportedFile

_PROGRAM = "This file is a program, not a document; it was not opened."
_PICTURE = "This file is a picture, and text in pictures is not read; upload a copy with typed text, such as a PDF."
_PICTURE_WITHOUT = (
    "This file is a picture, and text in pictures is not read here; upload a copy with typed text, such as a PDF, "
    "or ask the administrator to install the extra “ocr”."
)
_SOUND = "This file is sound or video, which is not read; upload a written version."
_ARCHIVE = "This file is an archive; unpack it and upload the documents inside."
_RTF = "This file is in Rich Text Format (.rtf), which is not read; save it as .docx or PDF and upload that."
_POSTSCRIPT = "This file is PostScript, which is not read; save it as PDF and upload that."
_DATABASE = "This file is a database, which is not read; export what matters as .csv and upload that."

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x7fELF", _PROGRAM),
    (b"\xfe\xed\xfa\xce", _PROGRAM),
    (b"\xfe\xed\xfa\xcf", _PROGRAM),
    (b"\xce\xfa\xed\xfe", _PROGRAM),
    (b"\xcf\xfa\xed\xfe", _PROGRAM),
    (b"\xca\xfe\xba\xbe", _PROGRAM),
    (b"\0asm", _PROGRAM),
    (b"GIF8", _PICTURE),
    (b"8BPS", _PICTURE),
    (b"\0\0\1\0", _PICTURE),
    (b"ID3", _SOUND),
    (b"\xff\xfb", _SOUND),
    (b"OggS", _SOUND),
    (b"fLaC", _SOUND),
    (b"\x1a\x45\xdf\xa3", _SOUND),
    (b"\x1f\x8b", _ARCHIVE),
    (b"BZh", _ARCHIVE),
    (b"\xfd7zXZ\0", _ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", _ARCHIVE),
    (b"Rar!\x1a\x07", _ARCHIVE),
    (b"\x28\xb5\x2f\xfd", _ARCHIVE),
    (b"MSCF", _ARCHIVE),
    (b"{\\rtf", _RTF),
    (b"%!PS", _POSTSCRIPT),
    (b"SQLite format 3\0", _DATABASE),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_STREAMS = (  # directory names are UTF-16 inside the file
    ("WordDocument", "This file is in the old Word format (.doc); save it as .docx and upload that."),
    ("PowerPoint Document", "This file is in the old PowerPoint format (.ppt); save it as .pptx and upload that."),
    ("Workbook", "This file is in the old Excel format (.xls); save it as .xlsx and upload that."),
    ("__substg1.0_", "This file is an Outlook message (.msg); save it as PDF or text and upload that."),
)
_BY_SUFFIX = {
    **dict.fromkeys((".md", ".markdown", ".mdx"), "markdown"),
    **dict.fromkeys((".csv", ".tsv"), "csv"),
    **dict.fromkeys((".html", ".htm", ".xhtml"), "html"),
    **dict.fromkeys(
        ".py .js .ts .jsx .tsx .java .c .h .cc .cpp .hpp .cs .go .rs .rb .php .swift .kt .scala .sh .bash .ps1 .sql "
        ".r .jl .lua .pl .m .css .scss .json .jsonl .yaml .yml .toml .ini .cfg .conf .xml .tf .proto "
        ".gradle .vue".split(),
        "code",
    ),
}
_NEVER_TEXT = (".pdf", ".docx", ".docm", ".pptx", ".pptm", ".xlsx", ".xlsm", ".doc", ".ppt")
_HTML = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.S)
_SVG = re.compile(rb"\s*(?:<\?xml|<!doctype svg|<!--|<svg).*?<(?:!doctype )?svg\b|\s*<svg\b", re.I | re.S)


def detect(path: Path, name: str, limits: Limits) -> str:
    """The file's kind: one of the kinds of `rag.types.ParsedFile`.

    Raises: FileError, with a sentence for whoever uploaded it.
    """
    size_bytes = path.stat().st_size
    if size_bytes == 0:
        raise EmptyFile
    if size_bytes > limits.size_bytes:
        raise FileTooLarge(f"This file is larger than {limits.size_bytes // MIB} MB, the most that is read.")
    with path.open("rb") as file:
        head = file.read(64 * 1024)
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if head.startswith((b"PK\3\4", b"PK\5\6", b"PK\7\x08", b"PK00")):
        return zip_kind(path, limits)
    if _is_readable_picture(head):
        if limits.scanned_pages and is_installed():
            return "picture"
        raise UnsupportedFile(_PICTURE_WITHOUT)
    _refuse_binary(path, head)
    return _text_kind(head, name)


def _is_readable_picture(head: bytes) -> bool:
    """PNG, JPEG, TIFF or WebP: what text recognition takes."""
    is_webp = head.startswith(b"RIFF") and head[8:12] == b"WEBP"
    return is_webp or head.startswith((b"\x89PNG", b"\xff\xd8\xff", b"II*\0", b"MM\0*"))


def _refuse_binary(path: Path, head: bytes) -> None:
    if head.startswith(_OLE):
        raise _ole_error(path)
    for signature, sentence in _SIGNATURES:
        if head.startswith(signature):
            raise UnsupportedFile(sentence)
    if head.startswith(b"MZ") and b"\0" in head:
        raise UnsupportedFile(_PROGRAM)
    if head.startswith(b"BM") and b"\0\0\0\0" in head[:16]:
        raise UnsupportedFile(_PICTURE)
    if head.startswith(b"RIFF"):
        raise UnsupportedFile(_SOUND)
    if head[4:8] == b"ftyp":
        raise UnsupportedFile(_PICTURE if head[8:12] in (b"heic", b"heix", b"avif", b"mif1") else _SOUND)
    if head[257:262] == b"ustar":
        raise UnsupportedFile(_ARCHIVE)
    if _SVG.match(head[:4096]):
        raise UnsupportedFile(_PICTURE)


def _ole_error(path: Path) -> EncryptedFile | UnsupportedFile:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if content.find("EncryptedPackage".encode("utf-16-le")) >= 0:
            return EncryptedFile()
        for stream, sentence in _OLE_STREAMS:
            if content.find(stream.encode("utf-16-le")) >= 0:
                return UnsupportedFile(sentence)
    return UnsupportedFile("This file is in an old Office format; save it as PDF or .docx and upload that.")


def _text_kind(head: bytes, name: str) -> str:
    suffix = PurePosixPath(name.lower()).suffix
    decode(head)
    is_html = _HTML.match(head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe")[:4096]) is not None
    if suffix in _NEVER_TEXT:
        what = "a web page" if is_html else "plain text"
        raise BrokenFile(f"This file is named {suffix} but holds {what}; download or export the original again.")
    if is_html and _BY_SUFFIX.get(suffix) != "markdown":
        return "html"
    return _BY_SUFFIX.get(suffix, "text")
