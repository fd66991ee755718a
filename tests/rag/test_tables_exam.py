"""A model may ask people's tables only after it has shown that it can."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from rag.llms.machine import set_up_machine
from rag.tables.database import Result
from rag.tables.exam import CASES, Exam, holds, measure, passes
from rag.types import Message
from tests.rag.fakes import ScriptedModel

RIGHT = dict(
    zip(
        (case.question for case in CASES),
        (
            "SELECT COUNT(*) FROM sales WHERE region = 'North'",
            "SELECT SUM(amount_eur) FROM sales",
            "SELECT SUM(amount_eur) FROM sales WHERE region = 'South'",
            "SELECT customer FROM sales WHERE order_ = 1006",
            "SELECT order_ FROM sales ORDER BY amount_eur DESC LIMIT 1",
            "SELECT SUM(quantity) FROM sales WHERE article = 'Hose H-5'",
            "SELECT COUNT(DISTINCT customer) FROM sales",
            "SELECT region, SUM(amount_eur) AS total FROM sales GROUP BY region ORDER BY total DESC",
            "SELECT COUNT(*) FROM sales WHERE ordered < '2024-02-01'",
            "SELECT order_, amount_eur FROM sales WHERE amount_eur > 400",
            "SELECT AVG(salary) FROM staff WHERE department = 'Engineering'",
            "SELECT name FROM staff ORDER BY salary LIMIT 1",
            "SELECT COUNT(*) FROM staff WHERE city = 'Berlin'",
            "SELECT city FROM staff WHERE name = 'Eva Roth'",
            "SELECT department, COUNT(*) FROM staff GROUP BY department",
            "SELECT name FROM staff WHERE hired > '2020-12-31'",
            "SELECT bestand FROM lager WHERE artikel = 'Lager 6204'",
            "SELECT artikel FROM lager WHERE bestand < mindestbestand",
            "SELECT COUNT(*) FROM lager WHERE lagerort = 'Halle B'",
            "SELECT artikel FROM lager ORDER BY preis DESC LIMIT 1",
        ),
        strict=True,
    )
)


def clever(wrong: int = 0) -> ScriptedModel:
    """A model that knows all answers but the first ``wrong``."""
    unknown = list(RIGHT)[:wrong]

    def write(messages: Sequence[Message]) -> str:
        question = messages[1].content.rsplit("Question: ", 1)[1].removesuffix("\nSQL:")
        return "SELECT 1" if question in unknown else RIGHT[question]

    return ScriptedModel(write, name="clever")


def test_right_statements_pass_and_every_question_can_be_answered() -> None:
    marks = measure(clever())
    assert (marks.right, marks.total, marks.wrong, marks.is_passed) == (20, 20, (), True)


def test_four_mistakes_are_forgiven_and_five_are_not() -> None:
    assert measure(clever(4)).is_passed
    marks = measure(clever(5))
    assert (marks.right, marks.is_passed, len(marks.wrong)) == (15, False, 5)


def test_the_trial_model_is_not_even_asked() -> None:
    model = clever()
    model.is_trial = True
    assert not passes(model) and not model.seen


def test_it_is_put_to_the_model_when_nobody_waits() -> None:
    model = clever()
    measure(model)
    assert all(caller.is_background for caller in model.callers)


def test_a_model_sits_it_once_and_another_one_again(tmp_path: Path) -> None:
    exam = Exam(tmp_path / "exam.json", "clever-1")
    assert exam.is_due(clever()) and not exam.is_passed()
    exam.sit(clever())
    again = Exam(tmp_path / "exam.json", "clever-1")
    assert again.is_passed() and not again.is_due(clever())
    other = Exam(tmp_path / "exam.json", "clever-2")
    assert other.is_due(clever()) and not other.is_passed()
    other.sit(clever(9))
    assert not other.is_passed() and not other.is_due(clever()) and again.is_passed()


def test_a_damaged_record_is_as_none(tmp_path: Path) -> None:
    path = tmp_path / "exam.json"
    path.write_text("{")
    assert not Exam(path, "x").is_passed() and Exam(path, "x").is_due(clever())


def test_a_result_may_show_more_columns_but_not_other_rows() -> None:
    def result(*rows: tuple[object, ...]) -> Result:
        return Result((), rows, False, frozenset())  # type: ignore[arg-type]

    assert holds(result((1008.0, 898.0), (1004.0, 449.0)), ((1004,), (1008,)))
    assert not holds(result((1008.0,)), ((1004,), (1008,)))
    assert not holds(result((1008.0,), (1008.0,)), ((1004,), (1008,)))
    assert not holds(result((1008.0,), (1004.0,), (1.0,)), ((1004,), (1008,)))


@pytest.mark.slow
def test_the_embedded_model_fails(checkpoints: Path) -> None:
    from rag.llms.embedded import load_embedded_model

    set_up_machine(None)
    model = load_embedded_model(checkpoints)
    try:
        assert not measure(model).is_passed
    finally:
        model.close()
