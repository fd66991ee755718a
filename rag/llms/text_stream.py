"""From tokens to text: whole characters only, and nothing from a stop marker on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

_UNFINISHED = "�"  # what a decoder writes for a character whose bytes have not all come


class TextStream:
    """Turns token ids, one at a time, into pieces of text that can be shown at once."""

    def __init__(self, decode: Callable[[Sequence[int]], str], stop_markers: Sequence[str] = ()) -> None:
        self._decode = decode
        self._markers = tuple(stop_markers)
        self._ids: list[int] = []
        self._shown_from = 0  # ids before this are settled; decoding starts here, for the sake of leading spaces
        self._read = 0  # ids whose text has been taken
        self._held = ""  # text that may turn out to be the begin of a marker
        self.stopped = False

    def add(self, token: int) -> str:
        """The text that ``token`` completed; often empty."""
        self._ids.append(token)
        before = self._decode(self._ids[self._shown_from : self._read])
        after = self._decode(self._ids[self._shown_from :])
        if after.endswith(_UNFINISHED) and len(self._ids) - self._read < 8:  # no character is longer than 4 bytes
            return ""
        self._shown_from, self._read = self._read, len(self._ids)
        return self._release(after[len(before) :])

    def rest(self) -> str:
        """What is left when no more tokens come."""
        before = self._decode(self._ids[self._shown_from : self._read])
        tail = self._decode(self._ids[self._shown_from :])[len(before) :].rstrip(_UNFINISHED)
        self._read = len(self._ids)
        text = self._release(tail) + self._held
        self._held = ""
        return text

    def _release(self, text: str) -> str:
        """``text`` without a marker and what follows it; a possible begin of one is held back."""
        if self.stopped:
            return ""
        text = self._held + text
        found = [place for marker in self._markers if (place := text.find(marker)) >= 0]
        if found:
            self.stopped, self._held = True, ""
            return text[: min(found)]
        keep = max((_overlap(text, marker) for marker in self._markers), default=0)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]


def _overlap(text: str, marker: str) -> int:
    """Length of the longest end of ``text`` that begins ``marker``."""
    return next((size for size in range(min(len(text), len(marker) - 1), 0, -1) if text.endswith(marker[:size])), 0)
