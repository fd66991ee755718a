"""Votes in the bot's own database, as questions of which it is known whether the files answer them.

A thumbs-up under an answer, and a thumbs-down that says "the files say it", mean that they do; a thumbs-up under a
refusal, and "it is not in the file", mean that they do not. Other votes say nothing of that.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bot.records import Tables, rows, scope_of
from rag.calibration import Cases
from rag.evals.gating import HITS, group_number
from rag.evals.measured import Progress
from rag.gate import Gate
from rag.retrieve import Retriever

TURNS = 6  # of a thread that are known to a question, as to the bot


@dataclass(frozen=True, slots=True)
class Judged:
    """A question that somebody voted on. ``within`` are the documents that could be searched."""

    scope_id: str
    question: str
    history: tuple[str, ...]
    within: frozenset[int]
    rested_on: frozenset[int]  # the documents that a good answer rested on
    is_answerable: bool


def judged_in(db: Tables) -> list[Judged]:
    """Every vote that says whether the files answer, as far as its files are still here; the oldest first."""
    sql = (
        "select feedback.*, turns.outcome, turns.thread_ts from feedback"
        " left join turns using (team, channel, message_ts) order by feedback.created_at"
    )
    found = (_judged(db, row) for row in rows(db, sql, ()))
    return [one for one in found if one is not None]


def _judged(db: Tables, row: dict[str, Any]) -> Judged | None:
    is_answerable = _verdict(row["verdict"], row["reason"] or "", row["outcome"] or "")
    place = (row["team"], row["channel"])
    sql = "select file_id, document_id from shares where team = ? and channel = ? and state = 'read'"
    shared = {share["file_id"]: share["document_id"] for share in rows(db, sql, place) if share["document_id"]}
    rested_on = frozenset(shared[key] for key in json.loads(row["files"] or "[]") if key in shared)
    was_good = row["verdict"] == "up" and is_answerable
    if is_answerable is None or not shared or (was_good and not rested_on):
        return None
    sql = (
        "select question from turns where team = ? and channel = ? and thread_ts = ? and message_ts < ?"
        " order by message_ts desc limit ?"
    )
    before = rows(db, sql, (*place, row["thread_ts"], row["message_ts"], TURNS)) if row["thread_ts"] else []
    history = tuple(turn["question"] for turn in reversed(before))
    kept = rested_on if was_good else frozenset()
    return Judged(scope_of(*place), row["question"], history, frozenset(shared.values()), kept, is_answerable)


def _verdict(vote: str, reason: str, outcome: str) -> bool | None:
    """Whether the files answer; None where the vote does not say."""
    if vote == "up":
        return {"answered": True, "passage": True, "refused": False}.get(outcome)
    return {"missed": True, "made-up": False}.get(reason)


def collect(judged: Sequence[Judged], retriever: Retriever, gate: Gate, progress: Progress) -> Cases:
    """Each asked of its conversation's files; those with a good answer again, without the files that it rested on."""
    forms = [*judged, *(_hidden(one) for one in judged if one.rested_on and one.within - one.rested_on)]
    signals = []
    for number, one in enumerate(forms, 1):
        found = retriever.search(one.scope_id, one.question, history=one.history, within=one.within, limit=HITS)
        signals.append(gate.signals(found, one.question, one.history))
        progress("questions", number, len(forms))
    answerable = np.array([one.is_answerable for one in forms], dtype=bool)
    groups = np.array([group_number(one.scope_id + one.question) for one in forms])
    return Cases(np.array(signals), answerable, np.ones(len(forms)), groups)


def _hidden(one: Judged) -> Judged:
    return replace(one, within=one.within - one.rested_on, is_answerable=False)
