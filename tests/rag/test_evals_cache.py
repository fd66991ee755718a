"""Vectors of earlier measurements give the same figures, in less time, and no text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag.evals.cache import CachedEmbedder
from tests.rag.fakes import HashEmbedder

TEXTS = ["Penguins live on ice.", "Bread needs yeast."]


class Crowded(HashEmbedder):
    """As real models in half precision do: what stands beside a text moves its vector a little."""

    def embed(self, texts: object) -> np.ndarray:
        rows = super().embed(texts)  # type: ignore[arg-type]
        return rows + np.float32(0.001 * len(rows))


def test_what_was_embedded_before_is_not_embedded_again(tmp_path: Path) -> None:
    with CachedEmbedder(HashEmbedder(), tmp_path) as first:
        rows, query = first.embed(TEXTS), first.embed_query("ice?")
    below = HashEmbedder()
    with CachedEmbedder(below, tmp_path) as second:
        assert np.array_equal(second.embed(TEXTS), rows)
        assert np.array_equal(second.embed_query("ice?"), query)
    assert below.embedded == []


def test_texts_embedded_together_are_another_entry_than_alone(tmp_path: Path) -> None:
    """Else a figure would depend on what was measured before."""
    with CachedEmbedder(Crowded(), tmp_path) as cached:
        cached.embed(TEXTS)
    with CachedEmbedder(Crowded(), tmp_path) as cached:
        for alone in (TEXTS[:1], TEXTS[1:]):
            assert np.array_equal(cached.embed(alone), Crowded().embed(alone))
        assert np.array_equal(cached.embed(TEXTS), Crowded().embed(TEXTS))


def test_a_question_and_a_document_of_the_same_words_are_kept_apart(tmp_path: Path) -> None:
    with CachedEmbedder(Crowded(), tmp_path) as cached:
        cached.embed_query(TEXTS[0])
        cached.embed(TEXTS[:1])
    assert len(CachedEmbedder(Crowded(), tmp_path)._known) == 2


def test_another_embedder_shares_nothing(tmp_path: Path) -> None:
    with CachedEmbedder(HashEmbedder(), tmp_path) as cached:
        cached.embed(TEXTS)
    other = HashEmbedder()
    other.fingerprint = "hash-2"
    with CachedEmbedder(other, tmp_path) as cached:
        cached.embed(TEXTS)
    assert other.embedded == TEXTS


@pytest.mark.parametrize("damage", [b"", b"no zip at all", None])
def test_a_damaged_file_is_made_anew(tmp_path: Path, damage: bytes | None) -> None:
    with CachedEmbedder(HashEmbedder(), tmp_path) as cached:
        cached.embed(TEXTS)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-200] if damage is None else damage)
    below = HashEmbedder()
    with CachedEmbedder(below, tmp_path) as cached:
        cached.embed(TEXTS)
    assert below.embedded == TEXTS
    assert len(CachedEmbedder(HashEmbedder(), tmp_path)._known) == 1


def test_no_text_is_kept(tmp_path: Path) -> None:
    with CachedEmbedder(HashEmbedder(), tmp_path) as cached:
        cached.embed(TEXTS)
    (path,) = tmp_path.iterdir()
    assert b"Penguins" not in path.read_bytes()


def test_nothing_new_writes_nothing(tmp_path: Path) -> None:
    with CachedEmbedder(HashEmbedder(), tmp_path):
        pass
    assert not list(tmp_path.iterdir())
