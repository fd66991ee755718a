"""What an examination sees: `inhouse doctor` of this machine, `inhouse doctor --live` of Slack."""

from __future__ import annotations

from dataclasses import dataclass

OK, WARN, FAIL, SKIPPED = "ok", "warn", "fail", "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was seen. ``state`` is "ok", "warn", "fail" or "skipped"; ``mend`` says what to do."""

    check: str
    state: str
    text: str
    mend: str = ""
