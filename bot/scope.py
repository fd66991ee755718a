"""The rule of scope: who may be answered where, and from what. Facts in, a verdict out.

Asks nobody and remembers nothing, so that it can be read in a minute and tried in every case; finding out the
facts is `bot.access`' work. Fails closed: what is not known is never a yes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fact(StrEnum):
    """What Slack said to a question with two answers."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"  # it did not say


class Standing(StrEnum):
    """What somebody is in the workspace."""

    COLLEAGUE = "colleague"
    GUEST = "guest"
    STRANGER = "stranger"  # of another organisation
    BOT = "bot"
    GONE = "gone"  # deactivated
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Place:
    """A conversation of any kind, as it is now."""

    scope_id: str
    has_us: Fact  # a conversation that is not there has us as little as one that we may not see
    is_shared_outside: bool = False  # another organisation is in it, or was asked to be
    is_outside_allowed: bool = False  # an administrator wants answers there nevertheless
    is_group_direct: bool = False
    partner: str = ""  # of a direct conversation: whoever it is with


@dataclass(frozen=True, slots=True)
class Asker:
    """Whoever wants something of a conversation, as they are now."""

    standing: Standing
    is_member: Fact  # of that conversation


@dataclass(frozen=True, slots=True)
class Allowed:
    """Answers may use what is shared in the conversation of this scope, and nothing else."""

    scope_id: str


@dataclass(frozen=True, slots=True)
class Denied:
    """No answer; ``reason`` is the id of the sentence that says why to whoever asked."""

    reason: str
    is_silent: bool = False  # where others than the asker would see it, nothing is said


SHARED_OUTSIDE, NOT_A_MEMBER, UNKNOWN = "denied-outside", "denied-not-member", "denied-unknown"
STRANGER, LEFT = "denied-stranger", "denied-left"


def decide(place: Place, asker: Asker | None) -> Allowed | Denied:
    """Whether ``asker`` may be answered in ``place``; None stands for everybody in it, where nobody asks.

    Everybody in a conversation reads what is answered there. So an answer uses what is shared in that
    conversation and nothing else, whatever its asker may see besides: who asks can narrow, and never widens.
    A public channel is no exception: nothing changes when a private one becomes public.
    """
    if place.has_us is not Fact.YES:
        return Denied(NOT_A_MEMBER if place.has_us is Fact.NO else UNKNOWN)
    if place.is_shared_outside and not place.is_outside_allowed:
        return Denied(SHARED_OUTSIDE, is_silent=True)
    if asker is None:
        return Allowed(place.scope_id)
    if asker.standing is Standing.STRANGER:
        return Denied(STRANGER, is_silent=True)
    if asker.standing in {Standing.BOT, Standing.GONE}:
        return Denied(LEFT, is_silent=True)
    if Standing.UNKNOWN is asker.standing or asker.is_member is Fact.UNKNOWN:
        return Denied(UNKNOWN)
    return Allowed(place.scope_id) if asker.is_member is Fact.YES else Denied(LEFT)
