"""Faults on demand: errors, statuses and delays that the Web API answers instead of its own.

Each is used up after ``times`` calls of its method, in the order in which they were asked for.
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


class Faults:
    """The faults that wait to happen."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._waiting.append(fault)

    def clear(self) -> None:
        self._waiting.clear()

    def take(self, method: str) -> Fault | None:
        """The fault for this call, if any; ``*`` stands for every method."""
        fault = next((f for f in self._waiting if f.method in (method, "*")), None)
        if fault is None:
            return None
        fault.times -= 1
        if fault.times <= 0:
            self._waiting.remove(fault)
        return fault
