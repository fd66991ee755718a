"""What was erased is found nowhere: no file, no memory, no model; 200 times: `erasures`' own command."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.postings import Postings
from rag.vectors import VectorIndex
from tests.scenarios.erasures import WAYS, engine_erasures, erasures
from tests.scenarios.memory_walk import traces


def test_what_an_engine_read_is_in_its_memory_no_more_once_its_scope_is_forgotten() -> None:
    counts = engine_erasures(6)
    assert counts["rows planted"] > 5 and counts["found"] == counts["ids found"] == 0, counts


@pytest.mark.slow
async def test_what_was_erased_in_any_way_is_found_nowhere(tmp_path: Path) -> None:
    found = await erasures(tmp_path / "data", len(WAYS), walk_every=3)
    assert found.counts["planted"] == found.counts["erased"] == len(WAYS), found.counts
    assert not found.found, found.found[:5]


@pytest.mark.slow
async def test_what_is_kept_in_memory_or_in_the_index_would_be_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Postings, "forget", lambda _: None)
    monkeypatch.setattr(VectorIndex, "remove", lambda *_: None)
    found = (await erasures(tmp_path / "data", 1, walk_every=1)).found
    assert any("memory" in each for each in found), found
    assert any("vector" in each for each in found), found


def test_a_text_in_memory_is_found_wherever_it_hides() -> None:
    class Holder:
        __slots__ = ("kept",)

    holder = Holder()
    Holder.__module__ = "rag.made"
    for hidden in (
        "the CANARY sings",
        b"a canary",
        {"a": [("canary",)]},
        {frozenset({"canary"})},
        lambda x="canary": x,
    ):
        holder.kept = hidden
        assert traces([holder], ["canary"]), hidden
        assert not traces([holder], ["heron"])
