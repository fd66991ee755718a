"""Bytes -> text, whatever encoding they are in. Knows no format beyond that."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from rag.errors import UnsupportedFile

_MARKS = (  # UTF-32 first: its little-endian mark begins like that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS = re.compile("[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffd]")
_LATIN = {
    **dict.fromkeys(("Polish", "Czech", "Slovak", "Hungarian", "Slovene", "Croatian", "Romanian"), "cp1250"),
    "Turkish": "cp1254",
}
_SAMPLE_BYTES = 64 * 1024


def read_text(path: Path) -> str:
    """The file's text. Raises: UnsupportedFile when the bytes are not text."""
    return decode(path.read_bytes())


def decode(data: bytes) -> str:
    """The text of ``data``, with ``\\n`` line ends and without NULs.

    Raises: UnsupportedFile when the bytes are not text.
    """
    text = _decoded(data)
    sample = text[:_SAMPLE_BYTES]
    if sample.count("\0") > 0.3 * len(sample) or len(_CONTROLS.findall(sample)) > 0.03 * len(sample):
        raise UnsupportedFile
    return text.replace("\0", "").replace("\ufeff", "").replace("\r\n", "\n").replace("\r", "\n")


def _decoded(data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    if wide := _wide_encoding(data[:_SAMPLE_BYTES]):
        return data.decode(wide, "replace")
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(data)  # forgives a character cut at the end
    except UnicodeDecodeError:
        return data.decode(_guess(data[:_SAMPLE_BYTES]), "replace")


def _wide_encoding(sample: bytes) -> str | None:
    """UTF-16 without a mark: nearly every other byte of Western text is NUL."""
    half = len(sample) / 2
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > 0.6 * half and even < 0.05 * half:
        return "utf-16-le"
    if even > 0.6 * half and odd < 0.05 * half:
        return "utf-16-be"
    return None


def _guess(sample: bytes) -> str:
    """An 8-bit or East Asian encoding.

    In mostly-ASCII text the few other letters give the detector too little to go by (it takes
    German for Central European): there Windows-1252 is the better bet unless the language says otherwise.
    """
    from charset_normalizer import from_bytes

    matches = from_bytes(sample.replace(b"\0", b""))
    best = next((match for match in matches if not match.encoding.startswith(("mac_", "utf"))), None)
    ascii_letters = sum(chr(byte).isalpha() for byte in sample if byte < 128)
    if best is None:
        return "cp1252"
    if ascii_letters > 3 * sum(byte >= 128 for byte in sample):
        return _LATIN.get(best.language, "cp1252")
    return best.encoding
