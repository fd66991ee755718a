"""Claims with their evidence: how often the product tells supported ones from others, as balanced accuracy.

Two judges. `rag.cite.check` is the one that decides what an answer may say: every sentence of the claim must be proved,
so it refuses much that is true in other words. `rag.support.support_score` gives a number, for sets whose claims are
long paraphrases; it decides nothing in the product. Partly supported counts as not supported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.cite import Supported, Unsupported, check
from rag.errors import SetUnreadable
from rag.evals.citing import DEV_ARTICLES, TEST_ARTICLES
from rag.evals.made_claims import made_claims
from rag.evals.measured import Measured, Miss, Progress, in_half, shortened, spread_over, unwatched, worst_of
from rag.evals.reading import json_of, lines_of
from rag.sentences import split_sentences
from rag.support import THRESHOLD, support_score
from rag.types import Chunk, Hit

MADE = 1200  # claims made from a set of questions
_LABELS = {"supported": True, "not_supported": False, "partially_supported": False, "1": True, "0": False}
_LABELS |= {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim, the texts that may support it, and whether they do so in full."""

    text: str
    evidence: tuple[str, ...]
    is_supported: bool
    kind: str = ""  # how it was made, where it was


@dataclass(frozen=True, slots=True)
class Judged:
    """A claim with what both judges say of it."""

    claim: Claim
    score: float
    reason: str  # why the check refuses it; empty where it does not


def read_claims(path: Path, half: str = "all") -> list[Claim]:
    """The claims of a JSON-lines or JSON file, of one half or all; from a SQuAD-format file they are made by rule.

    Sample: ``{"claim": "…", "evidence": ["…", "…"], "label": "supported"}``; labels are also true, false, 1, 0,
    "not_supported" and "partially_supported". WiCE's own files are in this form. Claims with the same evidence stay in
    one half. Raises: SetUnreadable.
    """
    if path.suffix == ".json":
        value = json_of(path)
        if isinstance(value, dict) and isinstance(value.get("data"), list):
            articles = {"dev": DEV_ARTICLES, "test": TEST_ARTICLES}.get(half, slice(None))
            return [Claim(*made) for made in made_claims(value["data"][articles], MADE)]
        if not isinstance(value, list):
            raise SetUnreadable(f"{path.name} holds no list of claims.")
        rows = [(f"{path.name}, claim {number}", row) for number, row in enumerate(value, 1)]
    else:
        rows = list(lines_of(path))
    claims = [_claim(place, row) for place, row in rows]
    if not claims:
        raise SetUnreadable(f"{path.name} holds no claims.")
    return [claim for claim in claims if in_half("\n".join(claim.evidence), half)]


def measure(path: Path, *, half: str = "all", limit: int | None = None, progress: Progress | None = None) -> Measured:
    """Both judges over the claims of ``path``. Raises: SetUnreadable.

    With ``half="test"`` there is a figure for the score with a threshold chosen on the file's own dev half, too.
    """
    judged = _judge_all(spread_over(read_claims(path, half), limit), progress or unwatched)
    if not judged:
        raise SetUnreadable(f"{path.name} holds no claims in its {half} half.")
    labels, scores = [each.claim.is_supported for each in judged], [each.score for each in judged]
    metrics = {
        "balanced_accuracy": balanced_accuracy(labels, [score >= THRESHOLD for score in scores]),
        "auc": auc(labels, scores),
        "check_balanced_accuracy": balanced_accuracy(labels, [not each.reason for each in judged]),
        "check_false_accepted": _share(not each.reason for each in judged if not each.claim.is_supported),
        "check_true_refused": _share(bool(each.reason) for each in judged if each.claim.is_supported),
    }
    if half == "test" and (dev := _judge_all(spread_over(read_claims(path, "dev"), limit), unwatched)):
        threshold = best_threshold([each.claim.is_supported for each in dev], [each.score for each in dev])
        metrics["tuned_balanced_accuracy"] = balanced_accuracy(labels, [score >= threshold for score in scores])
    return Measured("grounding", len(judged), metrics, worst_of(map(_miss, judged)), _NOTES)


_NOTES = (
    "balanced_accuracy: support_score at its fixed threshold; it decides nothing in the product.",
    "check_…: the check that every shown sentence has passed; it refuses what it cannot look up.",
    "Partly supported claims count as not supported.",
)


def balanced_accuracy(labels: Sequence[bool], decisions: Sequence[bool]) -> float:
    """The mean of the shares of true claims accepted and of false ones refused; 0.5 is chance."""
    true = _share(said for label, said in zip(labels, decisions, strict=True) if label)
    false = _share(not said for label, said in zip(labels, decisions, strict=True) if not label)
    return (true + false) / 2


def auc(labels: Sequence[bool], scores: Sequence[float]) -> float:
    """The chance that a supported claim scores higher than another one; equal scores count half."""
    order = sorted(zip(scores, labels, strict=True))
    below = above = 0.0
    number = 0
    while number < len(order):
        same = [label for score, label in order[number:] if score == order[number][0]]
        above += sum(same) * (below + (len(same) - sum(same)) / 2)
        below += len(same) - sum(same)
        number += len(same)
    positive = sum(labels)
    return above / (positive * (len(labels) - positive)) if 0 < positive < len(labels) else 0.5


def best_threshold(labels: Sequence[bool], scores: Sequence[float]) -> float:
    """The score from which on claims should be accepted, for the best balanced accuracy."""
    return max(sorted(set(scores)), key=lambda least: balanced_accuracy(labels, [score >= least for score in scores]))


def _judge_all(claims: Sequence[Claim], progress: Progress) -> list[Judged]:
    judged = []
    for number, claim in enumerate(claims):
        progress("claims", number, len(claims))
        judged.append(Judged(claim, support_score(claim.text, claim.evidence), _refused(claim)))
    return judged


def _refused(claim: Claim) -> str:
    """The first reason against one of the claim's sentences; one that claims nothing is no reason."""
    hits = [Hit(Chunk(0, 0, 0, "\n".join(claim.evidence)), "", "", score=1.0, cosine=0.0)]
    verdicts = [check(sentence, hits) for sentence in split_sentences(claim.text)]
    said = [verdict for verdict in verdicts if verdict != Unsupported("nothing claimed")]
    reasons = [verdict.reason for verdict in said if not isinstance(verdict, Supported)]
    return reasons[0] if reasons else "" if said else "nothing claimed"


def _claim(place: str, row: Any) -> Claim:
    if not isinstance(row, dict) or not isinstance(row.get("claim"), str):
        raise SetUnreadable(f"{place} has no claim.")
    evidence = row.get("evidence")
    texts = [evidence] if isinstance(evidence, str) else evidence
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise SetUnreadable(f"{place} has no evidence: a text, or a list of texts.")
    label = _LABELS.get(str(row.get("label")).lower())
    if label is None:
        raise SetUnreadable(f'{place} has no label such as "supported" or "not_supported".')
    return Claim(row["claim"], tuple(texts), label)


def _miss(judged: Judged) -> tuple[float, Miss]:
    """A claim judged wrongly by the score comes the earlier the surer the score was."""
    claim, is_right = judged.claim, (judged.score >= THRESHOLD) == judged.claim.is_supported
    wanted = "supported" if claim.is_supported else "not supported"
    got = f"score {judged.score:.2f}, check: {judged.reason or 'proved'}"
    miss = Miss(shortened(claim.text), wanted, got, claim.kind)
    return (1.0 if is_right else 0.5 - abs(judged.score - THRESHOLD), miss)


def _share(decisions: Any) -> float:
    listed = list(decisions)
    return sum(listed) / len(listed) if listed else 0.0
