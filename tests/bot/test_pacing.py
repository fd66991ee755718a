"""All replies together stay below Slack's limits, and none keeps another from its turn."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from bot import pacing
from bot.pacing import Appends, Pace


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def run(pace: Pace, clock: Clock, asking: list[str], seconds: float, step_s: float = 0.1) -> list[tuple[float, str]]:
    """Who showed something when, where all ask again and again."""
    shown = []
    for _ in range(round(seconds / step_s)):
        shown += [(clock.now_s, key) for key in asking if pace.may(key)]
        clock.now_s += step_s
    return shown


def test_one_reply_alone_shows_something_each_second() -> None:
    clock = Clock()
    assert 9 <= len(run(Pace(90, clock=clock), clock, ["a"], 10)) <= 11


def test_many_replies_together_keep_the_limit_of_every_minute() -> None:
    clock = Clock()
    shown = run(Pace(90, clock=clock), clock, [f"reply {n}" for n in range(30)], 200)
    times = [at for at, _ in shown]
    assert max(sum(start <= at < start + 60 for at in times) for start in times) <= 90
    assert len(times) >= 200 / 60 * 75


def test_a_reply_that_asks_most_often_gets_no_more_than_its_share() -> None:
    clock = Clock()
    shown = run(Pace(90, clock=clock), clock, [*["greedy"] * 5, "b", "c", "d", "e", "f", "g", "h"], 120)
    counts = [sum(key == each for _, key in shown) for each in ("greedy", "b", "h")]
    assert max(counts) - min(counts) <= 2


def test_a_reply_never_shows_two_parts_within_a_second() -> None:
    clock = Clock()
    shown = [at for at, key in run(Pace(90, clock=clock), clock, ["a", "b"], 30) if key == "a"]
    assert all(later - earlier >= pacing.SECONDS_BETWEEN - 0.001 for earlier, later in itertools.pairwise(shown))


def test_a_reply_that_is_done_leaves_nothing_behind() -> None:
    pace = Pace(90, clock=Clock())
    assert pace.may("a") and not pace.may("a")
    pace.forget("a")
    assert pace.may("a")
    assert len(pace._last_s) == 1 and not pace._slots_s


def test_appends_and_updates_have_a_limit_each() -> None:
    appends = Appends(clock=Clock())
    assert appends.streams.may("a") and appends.updates.may("a")
    appends.forget("a")
    assert appends.streams.may("a") and appends.updates.may("a")


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.floats(0, 3)), max_size=200))
def test_no_pattern_of_asking_exceeds_the_limit(asked: list[tuple[str, float]]) -> None:
    clock = Clock()
    pace = Pace(20, burst=5, clock=clock)
    times = []
    for key, wait_s in asked:
        clock.now_s += wait_s
        if pace.may(key):
            times.append(clock.now_s)
    assert all(sum(start <= at < start + 60 for at in times) <= 20 for start in times)
