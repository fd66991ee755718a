"""How often Slack lets an app call each method, and the refusal beyond that; off until somebody switches it on.

Calls are counted for each method over the last minute, those of chat.postMessage over the last second of each channel.
Source: docs.slack.dev, "Rate limits", and the tier on each method's page, read 2026-11-22; where a page says "special",
the nearest tier is taken.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable

MINUTE_S = 60.0
TIER_2, TIER_3, TIER_4 = 20, 50, 100  # calls a minute that are promised; Slack allows short bursts beyond
A_MINUTE = {
    **dict.fromkeys(
        """bookmarks.add bookmarks.edit bookmarks.remove chat.startStream chat.stopStream conversations.archive
        conversations.close conversations.create conversations.list conversations.rename conversations.setPurpose
        conversations.setTopic conversations.unarchive emoji.list pins.add pins.list pins.remove reactions.list
        reactions.remove usergroups.list users.list""".split(),
        TIER_2,
    ),
    **dict.fromkeys(
        """api.test assistant.threads.setSuggestedPrompts assistant.threads.setTitle chat.appendStream
        chat.postEphemeral conversations.members files.completeUploadExternal files.getUploadURLExternal files.info
        users.info views.open views.publish views.push views.update users.profile.get auth.test chat.getPermalink
        assistant.threads.setStatus agents.sessions.setStatus agents.sessions.rename""".split(),
        TIER_4,
    ),
}  # all others: tier 3


class Tiers:
    """Counts calls. ``clock``: seconds that only grow."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.are_on = False
        self._clock = clock
        self._calls: dict[tuple[str, str], deque[float]] = {}

    def wait_s(self, method: str, channel: str) -> int:
        """Whole seconds to wait before this call is allowed; 0: it is, and counts."""
        if not self.are_on:
            return 0
        most, within_s = (1, 1.0) if method == "chat.postMessage" else (A_MINUTE.get(method, TIER_3), MINUTE_S)
        key = (method, channel if method == "chat.postMessage" else "")
        calls, now = self._calls.setdefault(key, deque()), self._clock()
        while calls and calls[0] <= now - within_s:
            calls.popleft()
        if len(calls) >= most:
            return max(1, math.ceil(calls[0] + within_s - now))
        calls.append(now)
        return 0
