"""The rule of scope in every case there is: who may be answered where, and from what."""

from __future__ import annotations

import itertools

import pytest

from bot.scope import (
    LEFT,
    NOT_A_MEMBER,
    SHARED_OUTSIDE,
    STRANGER,
    UNKNOWN,
    Allowed,
    Asker,
    Denied,
    Fact,
    Place,
    Standing,
    decide,
)

HOME = Place("T1/C1", Fact.YES)
MEMBER = Asker(Standing.COLLEAGUE, Fact.YES)
PLACES = [
    Place("T1/C1", has_us, *marks, partner=partner)
    for has_us in Fact
    for marks in itertools.product((False, True), repeat=3)
    for partner in ("", "U1")
]
ASKERS = [None, *(Asker(standing, is_member) for standing in Standing for is_member in Fact)]


@pytest.mark.parametrize(
    ("place", "asker", "verdict"),
    [
        (HOME, MEMBER, Allowed("T1/C1")),
        (HOME, Asker(Standing.GUEST, Fact.YES), Allowed("T1/C1")),
        (HOME, None, Allowed("T1/C1")),
        (Place("T1/G1", Fact.YES, is_group_direct=True), MEMBER, Allowed("T1/G1")),
        (Place("T1/C1", Fact.YES, True, is_outside_allowed=True), MEMBER, Allowed("T1/C1")),
        (HOME, Asker(Standing.COLLEAGUE, Fact.NO), Denied(LEFT)),
        (HOME, Asker(Standing.COLLEAGUE, Fact.UNKNOWN), Denied(UNKNOWN)),
        (HOME, Asker(Standing.UNKNOWN, Fact.YES), Denied(UNKNOWN)),
        (HOME, Asker(Standing.STRANGER, Fact.YES), Denied(STRANGER, is_silent=True)),
        (HOME, Asker(Standing.BOT, Fact.YES), Denied(LEFT, is_silent=True)),
        (HOME, Asker(Standing.GONE, Fact.YES), Denied(LEFT, is_silent=True)),
        (Place("T1/C1", Fact.NO), MEMBER, Denied(NOT_A_MEMBER)),
        (Place("T1/C1", Fact.UNKNOWN), MEMBER, Denied(UNKNOWN)),
        (Place("T1/C1", Fact.YES, True), MEMBER, Denied(SHARED_OUTSIDE, is_silent=True)),
        (Place("T1/C1", Fact.YES, True, True), Asker(Standing.STRANGER, Fact.YES), Denied(STRANGER, is_silent=True)),
    ],
)
def test_the_rule(place: Place, asker: Asker | None, verdict: Allowed | Denied) -> None:
    assert decide(place, asker) == verdict


def test_of_all_cases_only_members_of_ours_are_answered_where_we_are_and_no_stranger_reads_along() -> None:
    allowed = [(p, a) for p in PLACES for a in ASKERS if isinstance(decide(p, a), Allowed)]
    assert len(PLACES) * len(ASKERS) == 912 and len(allowed) == 36
    for place, asker in allowed:
        assert place.has_us is Fact.YES and (place.is_outside_allowed or not place.is_shared_outside)
        assert asker is None or (asker.is_member is Fact.YES and asker.standing in {Standing.COLLEAGUE, Standing.GUEST})


def test_whatever_is_allowed_is_the_conversations_own_scope() -> None:
    scopes = {v.scope_id for p in PLACES for a in ASKERS if isinstance(v := decide(p, a), Allowed)}
    assert scopes == {"T1/C1"}


def test_what_is_not_known_is_never_a_yes() -> None:
    for place, asker in itertools.product(PLACES, ASKERS):
        facts = [place.has_us, *((asker.standing, asker.is_member) if asker else ())]
        if "unknown" in facts:
            assert isinstance(decide(place, asker), Denied)


def test_where_others_read_along_a_denial_is_silent() -> None:
    for place, asker in itertools.product(PLACES, ASKERS):
        verdict = decide(place, asker)
        if isinstance(verdict, Denied) and place.has_us is Fact.YES and place.is_shared_outside:
            assert verdict.is_silent or place.is_outside_allowed
