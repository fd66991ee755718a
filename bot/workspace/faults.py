"""Faults on demand: errors, statuses and delays that the Web API answers instead of its own.

Each is used up after ``times`` calls of its method, in the order in which they were asked for. A standing
fault holds until it is cleared; those of any call are answered here, those of events, files and streams are looked
up in ``standing`` by whom they concern.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Fault:
    """What one method answers for the next ``times`` calls; ``then_work`` does the work before failing."""

    method: str
    error: str | None = None
    status: int = 200
    delay_s: float = 0.0
    times: int = 1
    retry_after_s: int = 1
    then_work: bool = False


# What can be switched on and off, by name.
STANDING = (
    "away",
    "late_events",
    "double_events",
    "swapped_events",
    "slow_calls",
    "ratelimited",
    "server_errors",
    "expired_streams",
    "slow_downloads",
    "cut_downloads",
)


def _standing_fault(name: str, method: str) -> Fault | None:
    """What a standing fault does to one call, if anything."""
    return {
        "slow_calls": Fault(method, delay_s=2.0),
        "ratelimited": Fault(method, status=429),
        "server_errors": Fault(method, status=503),
    }.get(name)


class Faults:
    """The faults that wait to happen."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self.standing: set[str] = set()

    def add(self, fault: Fault) -> None:
        self._waiting.append(fault)

    def clear(self) -> None:
        self._waiting.clear()

    def take(self, method: str) -> Fault | None:
        """The fault for this call, if any; ``*`` stands for every method."""
        fault = next((f for f in self._waiting if f.method in (method, "*")), None)
        if fault is None:
            return next(filter(None, (_standing_fault(name, method) for name in sorted(self.standing))), None)
        fault.times -= 1
        if fault.times <= 0:
            self._waiting.remove(fault)
        return fault
