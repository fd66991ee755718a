"""The test that a model must pass before it may ask tables: twenty questions over three small tables.

Right is what gives the expected values through the product's own way, `rag.tables.solving`; the names of
columns and the order of rows do not count. The result is kept beside the data, once for each model.
"""

from __future__ import annotations

import csv
import json
import logging
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from rag.data_loaders.tables import Sheet, SheetHead, SheetRow
from rag.llms.base import BaseLLM
from rag.tables.database import Result, TableDatabase
from rag.tables.matching import Vocabulary
from rag.tables.schema import Table, tables_of
from rag.tables.solving import solve
from rag.types import Caller

PASS_SHARE = 0.8
VERSION = 1  # of the questions: a new one asks every model again

log = logging.getLogger(__name__)

_SALES = """Order,Customer,Region,Article,Quantity,Amount (€),Ordered
1001,Birch Ltd,North,Pump P-100,2,258.00,2024-01-15
1002,Oak GmbH,South,Valve V-20,10,320.50,2024-01-22
1003,Birch Ltd,North,Valve V-20,4,128.20,2024-02-03
1004,Elm SA,West,Pump P-200,1,449.00,2024-02-17
1005,Oak GmbH,South,Pump P-100,3,387.00,2024-03-05
1006,Fir Inc,North,Hose H-5,25,62.50,2024-03-11
1007,Elm SA,West,Hose H-5,40,100.00,2024-04-02
1008,Birch Ltd,North,Pump P-200,2,898.00,2024-04-19
"""
_STAFF = """Name,Department,City,Salary,Hired,Remote
Ann Meyer,Sales,Berlin,52000,2019-04-01,yes
Bob Stone,Engineering,Hamburg,68000,2017-09-15,no
Cara Lind,Engineering,Berlin,71500,2021-01-10,yes
Dan Voss,Support,Munich,43500,2022-06-01,no
Eva Roth,Sales,Munich,56000,2016-03-20,no
Finn Kerr,Engineering,Berlin,64000,2020-11-02,yes
"""
_LAGER = """Artikel;Lagerort;Bestand;Mindestbestand;Preis
Schraube M6;Halle A;1.200;500;0,12 €
Mutter M6;Halle A;800;1.000;0,08 €
Scheibe 6 mm;Halle B;2.500;1.000;0,03 €
Lager 6204;Halle B;45;20;7,90 €
Dichtung 40 mm;Halle C;130;150;1,25 €
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A question and the values that its answer holds, row by row."""

    table: str  # "sales" | "staff" | "lager"
    question: str
    expected: tuple[tuple[float | str, ...], ...]


CASES = (
    Case("sales", "How many orders are there from the North region?", ((4,),)),
    Case("sales", "What is the total amount of all orders?", ((2603.2,),)),
    Case("sales", "What is the total amount for the region South?", ((707.5,),)),
    Case("sales", "Which customer placed order 1006?", (("Fir Inc",),)),
    Case("sales", "Which order has the highest amount?", ((1008,),)),
    Case("sales", "What quantity of Hose H-5 was ordered altogether?", ((65,),)),
    Case("sales", "How many different customers are there?", ((4,),)),
    Case("sales", "What is the total amount per region?", (("North", 1346.7), ("South", 707.5), ("West", 549.0))),
    Case("sales", "How many orders were placed before 2024-02-01?", ((2,),)),
    Case("sales", "Which orders have an amount over 400?", ((1004,), (1008,))),
    Case("staff", "What is the average salary in the department Engineering?", ((67833.3333,),)),
    Case("staff", "Who has the lowest salary?", (("Dan Voss",),)),
    Case("staff", "How many employees work in Berlin?", ((3,),)),
    Case("staff", "In which city does Eva Roth work?", (("Munich",),)),
    Case("staff", "How many people are there in each department?", (("Engineering", 3), ("Sales", 2), ("Support", 1))),
    Case("staff", "Who was hired after 2020-12-31?", (("Cara Lind",), ("Dan Voss",))),
    Case("lager", "Wie hoch ist der Bestand von Lager 6204?", ((45,),)),
    Case(
        "lager", "Welche Artikel haben einen Bestand unter dem Mindestbestand?", (("Mutter M6",), ("Dichtung 40 mm",))
    ),
    Case("lager", "Wie viele Artikel liegen in Halle B?", ((2,),)),
    Case("lager", "Welcher Artikel hat den höchsten Preis?", (("Lager 6204",),)),
)


@dataclass(frozen=True, slots=True)
class Marks:
    """How a model did. ``wrong`` are the questions that it failed."""

    right: int
    total: int
    wrong: tuple[str, ...] = ()

    @property
    def is_passed(self) -> bool:
        """Whether it may ask people's tables."""
        return self.right >= PASS_SHARE * self.total


def measure(llm: BaseLLM, cancel: threading.Event | None = None) -> Marks:
    """Put all questions to a model; takes twenty short answers, at most forty. Raises: ModelError."""
    tables = {name: tables_of([_sheet(text)], f"{name}.csv") for name, text in _TEXTS.items()}
    databases = {name: TableDatabase(each) for name, each in tables.items()}
    wrong = [case.question for case in CASES if not _is_right(llm, case, databases[case.table], cancel)]
    for database in databases.values():
        database.close()
    return Marks(len(CASES) - len(wrong), len(CASES), tuple(wrong))


def passes(llm: BaseLLM) -> bool:
    """Whether a model answers at least 80% of the questions. A trial model is not asked. Raises: ModelError."""
    return not llm.is_trial and measure(llm).is_passed


@dataclass(slots=True)
class Exam:
    """What is known of one model, kept in a file: it is asked once, however often it is started.

    ``model`` names it with its weights. Safe to share between threads.
    """

    path: Path
    model: str
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def is_passed(self) -> bool:
        """Whether this model has sat the test and passed it."""
        known = self._known().get(self.model)
        return bool(known and known.get("version") == VERSION and known.get("passed"))

    def is_due(self, llm: BaseLLM) -> bool:
        """Whether this model has yet to sit the test."""
        return not llm.is_trial and self._known().get(self.model, {}).get("version") != VERSION

    def sit(self, llm: BaseLLM, cancel: threading.Event | None = None) -> Marks:
        """Put the questions to the model when nobody waits for it, and keep the marks. Raises: ModelError, OSError."""
        marks = measure(llm, cancel)
        if not (cancel and cancel.is_set()):
            self._keep(marks)
        log.info("tables exam model=%s right=%d of %d", llm.name, marks.right, marks.total)
        return marks

    def _known(self) -> dict[str, dict[str, object]]:
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _keep(self, marks: Marks) -> None:
        with self._lock:
            record = {"version": VERSION, "right": marks.right, "total": marks.total, "passed": marks.is_passed}
            content = json.dumps({**self._known(), self.model: record}, indent=1)
            part = self.path.with_suffix(".part")
            part.write_text(content, encoding="utf-8")
            part.replace(self.path)


_TEXTS = {"sales": _SALES, "staff": _STAFF, "lager": _LAGER}


def _sheet(text: str) -> Sheet:
    mark = ";" if ";" in text else ","
    rows = csv.reader(text.splitlines(), delimiter=mark)
    numbered = tuple(SheetRow(number, tuple(cells)) for number, cells in enumerate(rows, start=1))
    return Sheet(SheetHead(None, "," if mark == ";" else "."), numbered)


def _is_right(llm: BaseLLM, case: Case, database: TableDatabase, cancel: threading.Event | None) -> bool:
    match = Vocabulary(database.tables, case.table).match(case.question)
    values = match.values if match else ()
    asked: tuple[Table, ...] = database.tables
    caller = Caller(is_background=True)
    solved = solve(llm, case.question, database, asked, values, (), cancel, caller)
    return solved is not None and holds(solved.result, case.expected)


def holds(result: Result, expected: tuple[tuple[float | str, ...], ...]) -> bool:
    """Whether the result is the expected rows, in any order; each may show a column or two beside its values."""
    wanted = Counter(frozenset(map(_plain, row)) for row in expected)
    if len(result.rows) != len(expected):
        return False
    left = list(wanted.elements())
    for row in result.rows:
        there = frozenset(map(_plain, row))
        fitting = next((each for each in left if each <= there), None)
        if fitting is None:
            return False
        left.remove(fitting)
    return True


def _plain(value: float | str | None) -> str:
    return f"{value:.2f}" if isinstance(value, int | float) else str(value).casefold()
