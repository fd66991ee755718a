"""Fixtures that several rooms share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The evaluation sets and hostile files, which are read in place and never copied."""
    folder = Path(os.environ.get("INHOUSE_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the shared data folder is not here; INHOUSE_DATA may name it")
    return folder


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder of converted models for all tests that load the real one: converting takes its time only once."""
    return tmp_path_factory.mktemp("checkpoints")
