"""Fixtures that several rooms share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--injections", type=int, help="how many injection cases the slow test takes; unset: 1,000")
    parser.addoption("--upgrades", type=int, default=20, help="how many upgrades the slow test kills")


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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Rooms whose files take long come first, so that processes that take a file at a time end together."""
    rooms = ("workspace", "rag", "scenarios", "tests", "bot")
    items.sort(key=lambda item: rooms.index(item.path.parent.name) if item.path.parent.name in rooms else len(rooms))
