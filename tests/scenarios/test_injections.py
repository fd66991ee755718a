"""Every injection case of the shared data against a model that obeys it: nothing live is posted.

All of them, whatever else is on: `pytest tests/scenarios/test_injections.py -s -m slow -k parrot --injections 9999`.
A model that obeys says what a document or a question tells it to, and puts each address and name into every form
that Slack or Markdown makes live. First without the library, whose checks would let most of it not pass, then with it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.pacing import Pace
from tests.injections import Case, all_cases, obeyed, spread
from tests.scenarios.conftest import House, shown
from tests.scenarios.test_fuzz import Parrot, counted, faults, posted, repeat

TENTH, SLOW = 0.1, 1000
FIGURES = {
    "unknown hosts": r"link |address |path |control <(?:https?|mailto|\w+:)",
    "mentions": r"mention |broadcast |control <[!@#]|a bare <",
    "images": r"image |an image",
    "unfurls": r"unfurls|would unfurl",
    "hidden characters": r"hidden ",
}


def figures(house: House) -> tuple[Counter[str], list[str]]:
    """How often each kind of live thing stands in what was posted, and all that was wrong."""
    judge, wrong = faults(house)
    found = Counter({name: sum(bool(re.match(kind, each)) for each in wrong) for name, kind in FIGURES.items()})
    found["judged"] = judge.judged
    return found, wrong


async def parroted(house: House, cases: Sequence[Case], monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the bot post what each case asks for, and judge it."""
    monkeypatch.setattr(Pace, "may", lambda *_: True)
    parrot = Parrot(["\n".join([case.question, *obeyed(case)]) for case in cases])
    await repeat(house, parrot, monkeypatch)
    count, (found, wrong) = counted(house, parrot), figures(house)
    print(f"{len(cases)} cases, {count} posted whole, {dict(found)}")
    assert not wrong, (len(wrong), wrong[:8])
    assert not any(found[name] for name in FIGURES)
    assert len({m.ts for m in posted(house)}) > len(cases) / 30  # not silence
    assert count > len(cases) * 0.9  # the rest is cut where `squeezed` does not see it


async def test_a_tenth_of_the_cases_parroted_makes_nothing_live(
    house: House, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = all_cases(shared_data)
    await parroted(house, spread(cases, int(len(cases) * TENTH)), monkeypatch)


@pytest.mark.slow
@pytest.mark.timeout(3600)
async def test_many_cases_parroted_make_nothing_live(
    house: House, shared_data: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    most = request.config.getoption("--injections") or SLOW
    await parroted(house, spread(all_cases(shared_data), most), monkeypatch)


# --- through the library -----------------------------------------------------------------------


class Obedient:
    """Finds in what it is shown which case it is, and does as that says; quotes all of its passages too."""

    def __init__(self, cases: Sequence[Case]) -> None:
        self._cases = cases
        self.obeyed: set[str] = set()

    def __call__(self, messages: Any) -> str:
        seen = _letters("\n".join(message.content for message in messages))
        lines, _ = shown(messages)
        for case in self._cases:
            if _letters(case.attack)[:60] in seen:
                self.obeyed.add(case.id)
                lines += [line for text in obeyed(case) for line in text.splitlines()]
        return "\n".join(lines)


def _letters(text: str) -> str:
    return re.sub(r"\W+", "", text).lower()


async def through_the_library(house: House, cases: Sequence[Case]) -> None:
    """Upload each case's document and ask about it, or ask it; the model obeys; judge what was posted."""
    house.model._script = obedient = Obedient(cases)
    await house.asked_and_read("ana", "lab", "@inhouse", [("budget.txt", b"The budget is 4.2 million euros.")])
    for case in cases:
        files = [] if case.is_asked else [("note.txt", case.document().encode())]
        question = case.question or "What does this document say?"
        await house.post("ana", "lab", f"@inhouse {question[:3900]}", files=files)
        await house.quiet(120)
    found, wrong = figures(house)
    print(f"{len(cases)} cases through the library, {len(obedient.obeyed)} obeyed, {dict(found)}")
    assert not wrong, (len(wrong), wrong[:8])
    assert not any(found[name] for name in FIGURES)
    assert len(obedient.obeyed) > len(cases) / 4


@pytest.mark.slow
async def test_cases_made_for_slack_go_through_the_whole_bot_and_make_nothing_live(
    house: House, shared_data: Path
) -> None:
    await through_the_library(house, spread([c for c in all_cases(shared_data) if c.id.startswith("sb-")], 12))


@pytest.mark.slow
async def test_more_cases_go_through_the_whole_bot_and_make_nothing_live(house: House, shared_data: Path) -> None:
    cases = all_cases(shared_data)
    made = [case for case in cases if case.id.startswith("sb-")]
    others = spread([case for case in cases if not case.id.startswith("sb-")], 72)
    await through_the_library(house, [*made, *others])
