"""Broken files made from real ones lead to text or to one clear sentence; 2,000 of them: `mutants`' own command."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY
from tests.rag import mutants
from tests.rag.mutants import bad_files

MEMORY_MIB = 1024


def checked(count: int, seed: int) -> dict[str, Any]:
    """The command, in a process that is small itself: a child's peak begins with what its parent has at the fork."""
    command = [sys.executable, "-m", "tests.rag.mutants", "--no-files", "--count", str(count), "--seed", str(seed)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[0])
    assert found["read"] == count and not found["wrong"], done.stdout
    assert 0 < found["largest_mib"] <= MEMORY_MIB, found
    return found


def test_a_few_broken_files_lead_to_text_or_a_clear_sentence(shared_data: Path) -> None:
    checked(5, seed=21)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_broken_files_lead_to_text_or_a_clear_sentence(shared_data: Path) -> None:
    kinds = checked(20, seed=22)["kinds"]
    assert kinds["text"] and len(kinds) > 2, kinds


def test_every_way_of_breaking_a_file_changes_it(shared_data: Path) -> None:
    chance, changed = random.Random(1), set()
    for path in bad_files(shared_data):
        content = path.read_bytes()
        if 0 < len(content) < 50_000:
            for way in mutants.ways_for(content):
                if way(content, chance) != content:
                    changed.add(way.__name__)
    assert changed == {"cut", "flip", "repeat", "recode", "renumber", "attribute", "element", "archive", "pdf"}
