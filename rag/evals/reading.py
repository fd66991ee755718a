"""Reads the files of a set; whatever is missing or not in its form becomes one sentence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rag.errors import SetUnreadable


def text_of(path: Path) -> str:
    """A file's text. Raises: SetUnreadable."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SetUnreadable(f"{path.name} is not UTF-8 text.") from error
    except OSError as error:
        raise SetUnreadable(
            f"{path.name or path} cannot be read: {error.strerror or 'it is not there'}.", detail=str(error)
        ) from error


def json_of(path: Path) -> Any:
    """A JSON file's value. Raises: SetUnreadable."""
    try:
        return json.loads(text_of(path))
    except ValueError as error:
        raise SetUnreadable(f"{path.name} is not JSON.", detail=str(error)) from error


def lines_of(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a JSON-lines file, each with "name, line n" for a sentence about it. Raises: SetUnreadable."""
    for number, line in enumerate(text_of(path).split("\n"), 1):  # a JSON text may hold the other line ends
        place = f"{path.name}, line {number}"
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError as error:
            raise SetUnreadable(f"{place} is not JSON.", detail=str(error)) from error
        if not isinstance(value, dict):
            raise SetUnreadable(f"{place} is not a JSON object with a question.")
        yield place, value


def folder_of(path: Path) -> Path:
    """``path`` itself, or the folder it lies in where somebody named one of a set's files."""
    return path.parent if path.is_file() else path


def file_in(path: Path, name: str) -> Path:
    """``path`` itself where it is a file, else the file of this name in it. Raises: SetUnreadable."""
    if not path.exists():
        raise SetUnreadable(f"There is no {path.name or path} at the path given.")
    found = path / name if path.is_dir() else path
    if not found.is_file():
        raise SetUnreadable(f"There is no {name} in the folder {path.name or path}.")
    return found
