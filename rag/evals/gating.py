"""Questions of which it is known whether the files answer them, as the gate sees them; and the gate fitted to them.

Each question is asked of all files, and of all but those that answer it: then nothing does. Over the public sets
that is what the calibration was fitted on which ships (development halves), over a team's folder what its own is
fitted on.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rag.calibration import Cases
from rag.errors import SetUnreadable
from rag.evals.library import SCOPE, Library, as_bytes, open_library, parse_pages
from rag.evals.measured import Progress, in_half
from rag.evals.mtrag import read_mtrag
from rag.evals.pages import add_all
from rag.evals.plan import Plan
from rag.evals.questions import Asked, read_questions, sources_in
from rag.evals.squad import read_squad
from rag.gate import Gate
from rag.types import Embedder

ENOUGH_UNANSWERABLE = 10  # where there are so many, no others are made by hiding files: another file might answer
HITS = 8  # that the product looks at before it answers
TOTAL = 200.0  # weight of a set, half of it that of its answerable questions, times the set's own
SEED = 3
GROUP_BYTES = 6
WEIGHTS = {"mtrag": 2.0, "short": 2.0, "en": 0.7, "de": 0.8, "changed": 1.5}
EVERY = {"en": 24, "de": 30, "changed": 20}  # of how many questions one is asked


@dataclass(frozen=True, slots=True)
class Probe:
    """A question, those before it, the files that answer it (none: nothing does), and those that are hidden from it."""

    text: str
    history: tuple[str, ...] = ()
    files: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    group: str = ""

    @property
    def is_answerable(self) -> bool:
        """Whether a file that answers it can be seen."""
        return bool(self.files - self.hidden)


def with_hidden(probes: Iterable[Probe], names: Iterable[str]) -> list[Probe]:
    """Each probe, and the same with what answers it hidden, where any of the files ``names`` is left then."""
    known = set(names)
    return [
        form
        for one in probes
        for form in ((one, replace(one, hidden=one.files)) if one.files and known - one.files else (one,))
    ]


def collect(library: Library, ids: dict[str, int], gate: Gate, probes: Sequence[Probe], progress: Progress) -> Cases:
    """Every probe asked. ``ids``: of the documents, by the names of their files."""
    signals = []
    for number, probe in enumerate(probes, 1):
        within = frozenset(key for name, key in ids.items() if name not in probe.hidden) if probe.hidden else None
        found = library.search(probe.text, probe.history, within=within, limit=HITS)
        signals.append(gate.signals(found, probe.text, probe.history))
        progress("questions", number, len(probes))
    answerable = np.array([probe.is_answerable for probe in probes], dtype=bool)
    return Cases(
        np.stack(signals), answerable, np.ones(len(probes)), np.array([group_number(one.group) for one in probes])
    )


def weighed(cases: Cases, weight: float) -> Cases:
    """The cases with ``weight`` shared among them, half of it by those that are answerable."""
    yes = cases.answerable
    each = np.where(yes, 0.5 / max(int(yes.sum()), 1), 0.5 / max(int((~yes).sum()), 1))
    return replace(cases, weights=each * weight * TOTAL)


def joined(parts: Sequence[Cases]) -> Cases:
    """Several lots as one."""
    return Cases(
        np.concatenate([part.signals for part in parts]),
        np.concatenate([part.answerable for part in parts]),
        np.concatenate([part.weights for part in parts]),
        np.concatenate([part.groups for part in parts]),
    )


def group_number(group: str) -> int:
    """What stands for a group in `Cases.groups`."""
    return int.from_bytes(hashlib.sha256(group.encode()).digest()[:GROUP_BYTES], "big")


# --- a team's own folder ---------------------------------------------------------------------


def folder_cases(path: Path, embedder: Embedder, gate: Gate, folder: Path, plan: Plan) -> Cases:
    """Of a folder with questions.jsonl (`rag.evals.questions`), asked of all its files. Raises: SetUnreadable."""
    questions = read_questions(path)
    asked = plan.chosen([_probe(one) for one in questions], [one.text for one in questions])
    with open_library(folder, embedder) as library:
        names, _ = add_all(library, sources_in(path if path.is_dir() else path.parent), plan)
        ids = {one.name: one.document_id for one in library.store.sources(SCOPE) if one.name in names}
        has_enough = sum(not probe.files for probe in asked) >= ENOUGH_UNANSWERABLE
        return collect(library, ids, gate, asked if has_enough else with_hidden(asked, ids), plan.progress)


def _probe(asked: Asked) -> Probe:
    return Probe(asked.text, files=frozenset(asked.files), group=asked.text)


# --- the public sets ---------------------------------------------------------------------------


def public_cases(data: Path, short: Path, embedder: Embedder, gate: Gate, folder: Path, plan: Plan) -> dict[str, Cases]:
    """By set; ``short`` is a folder of short questions. Raises: SetUnreadable."""
    squad = data / "xquad"
    return {
        "mtrag": _mtrag_cases(data / "mtrag_un", embedder, gate, folder / "mtrag", plan),
        "short": folder_cases(short, embedder, gate, folder / "short", plan),
        "en": _squad_cases(squad / "xquad.en.json", embedder, gate, folder / "en", plan, "en"),
        "de": _squad_cases(squad / "xquad.de.json", embedder, gate, folder / "de", plan, "de"),
        "changed": _squad_cases(squad / "xquad.en.json", embedder, gate, folder / "changed", plan, "changed"),
    }


def half_of(cases: Cases, half: str) -> Cases:
    """Those of the half "dev", on which constants may be chosen, or of "test": by `rag.evals.measured.in_half`."""
    first_bytes = cases.groups >> (8 * (GROUP_BYTES - 1))
    return cases.only((first_bytes % 2 == 0) == (half == "dev"))


def _mtrag_cases(path: Path, embedder: Embedder, gate: Gate, folder: Path, plan: Plan) -> Cases:
    files, tasks = read_mtrag(path)
    probes = [
        Probe(task.question.text, task.question.history, _seen(task.label), group=task.question.group)
        for task in tasks
        if task.label in {"ANSWERABLE", "UNANSWERABLE"}
    ]
    chosen = plan.chosen(probes, [probe.group for probe in probes])
    with open_library(folder, embedder, parse=parse_pages) as library:
        ids = {file.name: library.add(file.name, as_bytes(file)).document_id for file in files}
        return collect(library, ids, gate, chosen, plan.progress)


def _seen(label: str) -> frozenset[str]:
    return frozenset({"a file"}) if label == "ANSWERABLE" else frozenset()


def _squad_cases(path: Path, embedder: Embedder, gate: Gate, folder: Path, plan: Plan, kind: str) -> Cases:
    files, questions = read_squad(path)
    probes = [
        Probe(one.text, (), frozenset(name for name, _ in one.places), group=one.group)
        for one in questions
        if in_half(one.group, plan.half)
    ][:: EVERY[kind]]
    if kind == "changed":
        probes = _after_another_subject(probes)
    with open_library(folder, embedder, parse=parse_pages) as library:
        ids = {file.name: library.add(file.name, as_bytes(file)).document_id for file in files}
        return collect(library, ids, gate, with_hidden(probes, ids), plan.progress)


def _after_another_subject(probes: Sequence[Probe]) -> list[Probe]:
    """Each question after one to three about another article."""
    draw, changed = random.Random(SEED), []
    for probe in probes:
        group = draw.choice([one.group for one in probes if one.group != probe.group])
        before = [one.text for one in probes if one.group == group]
        changed.append(replace(probe, history=tuple(draw.sample(before, min(len(before), draw.randint(1, 3))))))
    if not changed:
        raise SetUnreadable("There is no question in this half of the set.")
    return changed
