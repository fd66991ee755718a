"""How long the live checks wait for what; tests pass smaller times."""

from __future__ import annotations

from dataclasses import dataclass

from bot.pacing import SECONDS_BETWEEN
from bot.replies import STREAM_LASTS_S


@dataclass(frozen=True, slots=True)
class Pace:
    """All times of an examination (seconds); the longest of them, makes the whole take a little under six minutes.

    ``lasts_s``: how long a stream must stay open for us; ``stream_s``: after how long Slack is said to end one.
    ``retry_s``: how long an event is left unacknowledged; ``first_retry_s``: when it should be back at the latest.
    ``ack_s``: how late an acknowledgement may come; ``event_s``: after how long an event is taken for lost;
    ``settle_s``: how long Slack may take to unfurl, share and tell.
    """

    lasts_s: float = STREAM_LASTS_S
    stream_s: float = 300.0
    append_every_s: float = 20.0
    between_appends_s: float = SECONDS_BETWEEN
    retry_s: float = 300.0
    first_retry_s: float = 15.0
    ack_s: float = 2.5
    event_s: float = 30.0
    settle_s: float = 15.0
    person_s: float = 180.0
    poll_s: float = 8.0
    between_posts_s: float = 1.1  # Slack takes about one message a second in a channel

    @property
    def beyond_s(self) -> float:
        """When a stream that was to end must have ended."""
        return self.stream_s * 1.1
