"""questions.jsonl: what a team asks of its own files, where the answer stands, and what it is.

    {"question": "What is the notice period?", "file": "contract.docx", "page": 3, "answer": ["thirty days"]}
    {"question": "Who is the landlord?", "answer": null}

``page`` is the number of the page, slide or row, a list of such, or left out. ``answer`` is one string, or a list of
which any will do; null means that the files do not say. Knows no search.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import SetUnreadable
from rag.evals.reading import file_in, lines_of

QUESTIONS = "questions.jsonl"
NOT_SOURCES = (QUESTIONS, "readme.md", "license", "license.txt")  # files of the folder that are not asked about


@dataclass(frozen=True, slots=True)
class Asked:
    """One line. ``answers`` is None where none is given, and empty where the files hold none."""

    text: str
    files: tuple[str, ...]
    pages: tuple[int, ...]
    answers: tuple[str, ...] | None

    @property
    def is_unanswerable(self) -> bool:
        return self.answers == () and not self.files


def sources_in(folder: Path) -> list[Path]:
    """The files that are asked about: those beside questions.jsonl, but notes, hidden files and scripts."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_file()
        and path.name.lower() not in NOT_SOURCES
        and not path.name.startswith((".", "_"))
        and path.suffix != ".py"
    )


def read_questions(folder: Path) -> list[Asked]:
    """Every line of the folder's questions.jsonl. Raises: SetUnreadable, which names the line."""
    if folder.is_file() and folder.name == QUESTIONS:
        folder = folder.parent
    names = {path.name for path in sources_in(folder)} if folder.is_dir() else set()
    questions = [_asked(place, line, names) for place, line in lines_of(file_in(folder, QUESTIONS))]
    if not questions:
        raise SetUnreadable(f"There is no question in {QUESTIONS}.")
    return questions


def _asked(place: str, line: dict[str, Any], names: set[str]) -> Asked:
    text = line.get("question")
    if not isinstance(text, str) or not text.strip():
        raise SetUnreadable(f'{place}: "question" must be a text.')
    files = _strings(place, "file", line.get("file"))
    if missing := [name for name in files if name not in names]:
        raise SetUnreadable(f"{place}: there is no file {missing[0]} in this folder.")
    pages = _numbers(place, line.get("page"))
    answers = _strings(place, "answer", line["answer"]) if "answer" in line else None
    if not files and answers != ():
        raise SetUnreadable(f'{place}: name the "file" that answers this, or set "answer" to null if none does.')
    return Asked(text.strip(), files, pages, answers)


def _strings(place: str, name: str, value: object) -> tuple[str, ...]:
    given = value if isinstance(value, list) else [] if value is None else [value]
    if not all(isinstance(one, str) and one.strip() for one in given):
        raise SetUnreadable(f'{place}: "{name}" must be a text or a list of texts.')
    return tuple(given)


def _numbers(place: str, value: object) -> tuple[int, ...]:
    given = value if isinstance(value, list) else [] if value is None else [value]
    if not all(isinstance(one, int) and not isinstance(one, bool) and one > 0 for one in given):
        raise SetUnreadable(f'{place}: "page" must be a number from 1, or a list of such.')
    return tuple(given)
