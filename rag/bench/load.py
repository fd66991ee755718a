"""Whether the machine is free to be measured. Other programs cost everybody, and most those whose threads spin."""

from __future__ import annotations

import psutil

MOST_BUSY_CORES = 0.2


def busy_cores(interval_s: float = 1.0) -> float:
    """How many cores others keep busy, while this process sleeps for a moment."""
    return float(psutil.cpu_percent(interval=interval_s)) / 100 * (psutil.cpu_count() or 1)


def remark_on(busy: float) -> str | None:
    """A sentence where the machine was not free."""
    if busy <= MOST_BUSY_CORES:
        return None
    return (
        f"Other programs kept {busy:.1f} cores busy when this began, so all figures are too low; those of software "
        "whose threads wait spinning, as llama.cpp's and plain Transformers' do, may be too low many times over. "
        "Close the others and measure again."
    )
