"""Bytes -> text, whatever encoding they are in. Knows no format beyond that."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from rag.data_loaders.legibility import legibility
from rag.errors import UnsupportedFile

_MARKS = (  # UTF-32 first: its little-endian mark begins like that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS = re.compile("[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffd]")
_CANDIDATES = (  # the likelier first: of two that read equally well, the first is taken
    *("cp1252", "cp1250", "cp1251", "gb18030", "cp932", "big5", "euc_kr", "koi8_r", "cp1254", "cp1253", "cp1255"),
    *("cp1256", "euc_jp", "iso8859_2", "mac_roman", "cp850", "cp866", "iso8859_5", "mac_cyrillic"),
)
_WIDE = ("utf-16-le", "utf-16-be")
_LEGIBLE = 0.5
_GUESSED_BYTES = 6 * 1024  # from which an encoding is guessed
_SAMPLE_BYTES = 64 * 1024


def read_text(path: Path) -> str:
    """The file's text. Raises: UnsupportedFile when the bytes are not text."""
    return decode(path.read_bytes())


def decode(data: bytes) -> str:
    """The text of ``data``, with ``\\n`` line ends and without NULs.

    Raises: UnsupportedFile when the bytes are not text.
    """
    text = _decoded(data)
    if _is_binary(text):
        text = _as_wide(data)
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
        return data.decode(_guess(data), "replace")


def _wide_encoding(sample: bytes) -> str | None:
    """UTF-16 without a mark: nearly every other byte of Western text is NUL."""
    half = len(sample) / 2
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > 0.6 * half and even < 0.05 * half:
        return "utf-16-le"
    if even > 0.6 * half and odd < 0.05 * half:
        return "utf-16-be"
    return None


def _is_binary(text: str) -> bool:
    sample = text[:_SAMPLE_BYTES]
    return sample.count("\0") > 0.3 * len(sample) or len(_CONTROLS.findall(sample)) > 0.03 * len(sample)


def _as_wide(data: bytes) -> str:
    """UTF-16 without a mark, of a script whose letters hold no NUL. Raises: UnsupportedFile where it is none."""
    scored = ((legibility(data[:_GUESSED_BYTES].decode(each, "replace")), each) for each in _WIDE)
    score, encoding = max(scored)
    text = data.decode(encoding, "replace")
    if score < _LEGIBLE or _is_binary(text):
        raise UnsupportedFile
    return text


def _guess(data: bytes) -> str:
    """The encoding in which the sample reads best, of the usual ones and what `charset_normalizer` takes it for."""
    from charset_normalizer import from_bytes

    sample = _beyond_ascii(data)
    best = from_bytes(sample).best()
    guessed = (best.encoding,) if best is not None and not best.encoding.startswith("utf") else ()
    scores = {each: _read_score(sample, each) for each in (*_CANDIDATES, *guessed)}
    scores |= {each: _read_score(data[:_GUESSED_BYTES], each) for each in _WIDE}
    return max(scores, key=lambda each: scores[each])


def _beyond_ascii(data: bytes) -> bytes:
    """The first lines that tell anything, wherever they stand."""
    found, size = [], 0
    for line in data.replace(b"\0", b"").splitlines(keepends=True):
        if not line.isascii():
            found.append(line[:_GUESSED_BYTES])
            size += len(found[-1])
        if size >= _GUESSED_BYTES:
            break
    return b"".join(found)[:_GUESSED_BYTES]


def _read_score(sample: bytes, encoding: str) -> float:
    """How legible the sample is in an encoding; a character that is cut at its end does not count."""
    text = codecs.getincrementaldecoder(encoding)("replace").decode(sample)
    return round(legibility(text), 2)
