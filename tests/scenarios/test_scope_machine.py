"""The bot does what the rule of scope says, whatever people do; 20,000 steps of it: `scope_machine`'s own command."""

from __future__ import annotations

import pytest

from tests.scenarios.scope_machine import live
from tests.scenarios.scope_rule import Town


def test_random_lives_show_no_difference_from_the_rule() -> None:
    counts = live(30, first_seed=11, lives=6, of_steps=12)
    assert counts["steps"] >= 30 and min(counts["answer"], counts["reason"]) > 0, counts


@pytest.mark.slow
def test_more_random_lives_show_no_difference_from_the_rule() -> None:
    counts = live(250, first_seed=100)
    assert min(counts["answer"], counts["reason"], counts["silence"]) > 5, counts


@pytest.mark.slow
def test_a_difference_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that forbids what the bot does: the lives must stop at the first question that is answered."""
    monkeypatch.setattr(Town, "outcome", lambda *_: "reason")
    with pytest.raises(AssertionError):
        live(400, first_seed=11, lives=8, of_steps=15)
