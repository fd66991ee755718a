"""Fixtures of the library's rooms."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rag.shelf import Shelf


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    """An empty store in a folder of its own."""
    shelf = Shelf(tmp_path / "data")
    yield shelf
    shelf.close()
