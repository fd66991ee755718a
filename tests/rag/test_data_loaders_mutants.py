"""Broken files made from real ones lead to text or to one clear sentence; 2,000 of them: `mutants`' own command."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.rag import mutants
from tests.rag.mutants import bad_files, outcomes

MEMORY_MIB = 1024


def check(found: mutants.Outcomes, count: int) -> None:
    assert found.read == count and not found.wrong, found.wrong[:5]
    assert found.largest_mib <= MEMORY_MIB, found


def test_a_few_broken_files_lead_to_text_or_a_clear_sentence(shared_data: Path) -> None:
    check(outcomes(bad_files(shared_data), 5, seed=21, with_files=False), 5)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_broken_files_lead_to_text_or_a_clear_sentence(shared_data: Path) -> None:
    found = outcomes(bad_files(shared_data), 20, seed=22, with_files=False)
    check(found, 20)
    assert found.kinds["text"] and len(found.kinds) > 2, found.kinds


def test_every_way_of_breaking_a_file_changes_it(shared_data: Path) -> None:
    chance, changed = random.Random(1), set()
    for path in bad_files(shared_data):
        content = path.read_bytes()
        if 0 < len(content) < 50_000:
            for way in mutants.ways_for(content):
                if way(content, chance) != content:
                    changed.add(way.__name__)
    assert changed == {"cut", "flip", "repeat", "recode", "renumber", "attribute", "element", "archive", "pdf"}
