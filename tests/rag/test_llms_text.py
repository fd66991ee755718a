"""From tokens to text, and who goes first: no model needed."""

from collections.abc import Sequence

import pytest

from rag.engine.engine import loops
from rag.llms.prompting import stop_markers
from rag.llms.text_stream import TextStream
from rag.llms.wording import DEFAULT_TEMPLATE


def decode_bytes(ids: Sequence[int]) -> str:
    return bytes(ids).decode("utf-8", errors="replace")


@pytest.mark.parametrize("text", ["plain", "naïve – café", "γειά 😀 👩‍👩‍👧", "日本語", "a�b"])
def test_pieces_are_whole_characters_and_join_to_the_text(text: str) -> None:
    stream = TextStream(decode_bytes)
    pieces = [stream.add(byte) for byte in text.encode()] + [stream.rest()]
    assert "".join(pieces) == text
    assert all("�" not in piece for piece in pieces) or "�" in text


def test_a_character_that_never_ends_is_left_out() -> None:
    stream = TextStream(decode_bytes)
    pieces = [stream.add(byte) for byte in b"ok" + "é".encode()[:1]]
    assert "".join(pieces) + stream.rest() == "ok"


def test_nothing_from_a_stop_marker_on_is_shown() -> None:
    stream = TextStream(decode_bytes, ("\nQuestion:",))
    pieces = [stream.add(byte) for byte in b"Blue.\nQuestion: and?"]
    assert "".join(pieces) + stream.rest() == "Blue."
    assert stream.stopped


def test_what_only_looked_like_a_marker_is_shown_in_the_end() -> None:
    stream = TextStream(decode_bytes, ("\nQuestion:",))
    pieces = [stream.add(byte) for byte in b"Blue.\nQuest"]
    assert "".join(pieces) == "Blue."
    assert stream.rest() == "\nQuest"


def test_stop_markers_come_from_the_template() -> None:
    assert stop_markers(DEFAULT_TEMPLATE) == ("\nContext:", "\nQuestion:", "\nAnswer:")
    assert stop_markers("{context}{question}") == ()


def test_a_circle_is_seen_and_a_list_is_not() -> None:
    assert loops([5] * 48)
    assert loops([1, 2, 3] * 20)
    assert not loops(list(range(200)))
    assert not loops([1, 2, 3] * 5)
