"""Which calibration holds for which embedder: those that ship, and a team's own in one small file.

The cosines of two embedders are not comparable, so a calibration is of use for one alone.
"""

from __future__ import annotations

import json
from pathlib import Path

from rag.calibration import Calibration, as_known, from_known
from rag.errors import StoreError

# Order of the weights: rag.calibration.SIGNALS. Fitted by `inhouse calibrate tests/short --sets` on the development
# halves of mtRAG-UN, XQuAD (English, German, and English after questions about something else) and tests/short; how
# often it errs on the other halves stands in docs/log.md. The thresholds are rounded.
MINILM = Calibration(
    weights=(2.55, 3.34, 6.83, 5.60, 2.80, 2.41, 3.86),
    bias=-10.39,
    refuse_below=0.2,
    answer_from=0.7,
    source="development halves of mtRAG-UN, XQuAD and tests/short",
    n=333,
)

# For any other embedder: words alone, which mean the same to all, fitted to the same cases; and a wide band in
# which nothing is decided.
NEUTRAL = Calibration(
    weights=(0.0, 0.0, 0.0, 8.51, 2.17, 1.04, 0.0),
    bias=-3.92,
    refuse_below=0.25,
    answer_from=0.85,
    source="words alone; run `inhouse calibrate` for this embedder",
    n=333,
)

_SHIPPED = {"all-MiniLM-L6-v2": MINILM}


def shipped_for(embedder_name: str) -> Calibration:
    """The calibration that ships for an embedder, or the neutral one."""
    return _SHIPPED.get(embedder_name, NEUTRAL)


def read_own(path: Path, fingerprint: str) -> Calibration | None:
    """A team's own calibration for an embedder; None where it has none. Raises: StoreError."""
    known = _read(path).get(fingerprint)
    if known is None:
        return None
    try:
        return from_known(known)
    except ValueError as error:
        raise _unreadable(path, error) from error


def write_own(path: Path, calibration: Calibration) -> None:
    """Keep a calibration beside those for other embedders. Raises: StoreError, OSError."""
    every = _read(path) | {calibration.embedder: as_known(calibration)}
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(every, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    beside.replace(path)


def _read(path: Path) -> dict[str, object]:
    if not path.exists():
        return {}
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    if not isinstance(known, dict):
        raise _unreadable(path, "it is no object")
    return known


def _unreadable(path: Path, why: object) -> StoreError:
    return StoreError(
        f"The file {path.name} in the data folder cannot be used. Delete it to go back to the calibration that ships, "
        "or run `inhouse calibrate` again after that.",
        detail=str(why),
    )
