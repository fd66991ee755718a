"""mtRAG-UN: conversations over a pool of passages; some questions cannot be answered from it.

A folder with passages.jsonl, tasks.jsonl and qrels/*.tsv; pooled passages of one source become the pages of one
file. Earlier questions are known as they were asked: no model rewrites them. Source: IBM/mt-rag-benchmark.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rag.errors import SetUnreadable
from rag.evals import metrics
from rag.evals.library import Library, Pages, as_bytes, open_library, parse_pages
from rag.evals.measured import Measured, Miss, Progress, worst_of
from rag.evals.places import Question, rank
from rag.evals.plan import Plan
from rag.evals.reading import file_in, folder_of, lines_of, text_of
from rag.gate import Decision, Gate, Verdict
from rag.types import Embedder

HITS = 8  # that the product looks at before it answers
ANSWERABLE, PARTIAL, UNANSWERABLE, UNDERSPECIFIED = "ANSWERABLE", "PARTIAL", "UNANSWERABLE", "UNDERSPECIFIED"
JUDGED = (ANSWERABLE, UNANSWERABLE, UNDERSPECIFIED)


@dataclass(frozen=True, slots=True)
class Task:
    """A question with what people said of it: one of the four labels."""

    question: Question
    label: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A task with what the gate made of it."""

    task: Task
    decision: Decision


def read_mtrag(path: Path) -> tuple[list[Pages], list[Task]]:
    """The pool as files, and every task. Raises: SetUnreadable."""
    folder = folder_of(path)
    pages: dict[str, list[tuple[str, str]]] = {}
    places: dict[str, tuple[str, int]] = {}
    try:
        for _, passage in lines_of(file_in(folder, "passages.jsonl")):
            name = "".join(passage["id"].rsplit("-", 2)[:1])
            kept = pages.setdefault(name, [])
            kept.append((passage["id"], f"{passage['title']}\n{passage['text']}".strip()))
            places[passage["id"]] = (name, len(kept))
        right = _relevant(folder / "qrels")
        tasks = [_task(task, right, places) for _, task in lines_of(file_in(folder, "tasks.jsonl"))]
    except (TypeError, KeyError, IndexError, ValueError) as error:
        raise SetUnreadable(f"The files in {folder.name} are not in mtRAG's format.") from error
    if not tasks:
        raise SetUnreadable(f"There is no task in {folder.name}.")
    return [Pages(name, tuple(text for _, text in kept)) for name, kept in pages.items()], tasks


def _task(task: dict, right: dict[str, list[str]], places: dict[str, tuple[str, int]]) -> Task:
    turns = [turn["text"] for turn in task["input"] if turn["speaker"] == "user"]
    known = frozenset(places[key] for key in right.get(task["task_id"], ()) if key in places)
    return Task(Question(turns[-1], tuple(turns[:-1]), known, task["conversation_id"]), task["answerability"][0])


def _relevant(folder: Path) -> dict[str, list[str]]:
    relevant: dict[str, list[str]] = {}
    for path in sorted(folder.glob("*.tsv")):
        for line in text_of(path).splitlines()[1:]:
            task, passage, _ = line.split("\t")
            relevant.setdefault(task, []).append(passage)
    return relevant


def measure(path: Path, embedder: Embedder, folder: Path, plan: Plan, gate: Gate) -> Measured:
    """Recall@5 and nDCG@5 of answerable and partly answerable tasks; how well ``gate`` tells what cannot be answered.

    ``answer_or_refuse_auc`` compares the gate's probabilities of answerable and unanswerable tasks; the other shares
    are of its verdicts. Raises: SetUnreadable.
    """
    files, tasks = read_mtrag(path)
    asked = plan.chosen(tasks, [task.question.group for task in tasks])
    if plan.without == "history":
        asked = [replace(task, question=replace(task.question, history=())) for task in asked]
    with open_library(folder, embedder, plan.weights, parse_pages) as library:
        for number, file in enumerate(files, 1):
            library.add(file.name, as_bytes(file))
            plan.progress("files", number, len(files))
        known = [task.question for task in asked if task.label in {ANSWERABLE, PARTIAL} and task.question.places]
        found = rank(library, known, plan.progress)
        judged = _judge(library, gate, [task for task in asked if task.label != PARTIAL], plan.progress)
    figures = {
        "recall_at_5": metrics.mean(metrics.recall(one.places, one.question.places, 5) for one in found),
        "ndcg_at_5": metrics.mean(metrics.ndcg(one.places, one.question.places, 5) for one in found),
        **_refusing(judged),
    }
    missed = [(metrics.recall(one.places, one.question.places, 5), one.miss()) for one in found]
    return Measured("mtrag", len(found), figures, worst_of([*missed, *_wrong(judged)]), _notes(files, judged))


def _judge(library: Library, gate: Gate, tasks: Sequence[Task], progress: Progress) -> list[Judged]:
    judged = []
    for number, task in enumerate(tasks, 1):
        judged.append(Judged(task, _decide(library, gate, task.question)))
        progress("answer or refuse", number, len(tasks))
    return judged


def _decide(library: Library, gate: Gate, asked: Question) -> Decision:
    """With the earlier questions, as `rag.answering.Answerer` searches."""
    found = library.search(asked.text, asked.history, limit=HITS)
    return gate.decide(found, asked.text, asked.history)


def _refusing(judged: Sequence[Judged]) -> dict[str, float]:
    yes, no, vague = ([one.decision for one in judged if one.task.label == label] for label in JUDGED)
    return {
        "answer_or_refuse_auc": metrics.auc([one.probability for one in yes], [one.probability for one in no]),
        "false_refusals": _share(yes, Verdict.REFUSE),
        "false_answers": _share(no, Verdict.ANSWER, Verdict.UNSURE),
        "unsure": _share([*yes, *no], Verdict.UNSURE),
        "asked_back_answerable": _share(yes, Verdict.ASK),
        "asked_back_underspecified": _share(vague, Verdict.ASK),
    }


def _share(decisions: Sequence[Decision], *verdicts: Verdict) -> float:
    return metrics.mean(one.verdict in verdicts for one in decisions)


def _wrong(judged: Sequence[Judged]) -> Iterator[tuple[float, Miss]]:
    """Refused and answerable, or answered and not; the surer the worse, but never worse than a passage not found."""
    for one in judged:
        is_refused, probability = one.decision.verdict is Verdict.REFUSE, one.decision.probability
        if is_refused and one.task.label == ANSWERABLE:
            yield 0.5 + probability / 2, _miss(one, "an answer")
        elif not is_refused and one.task.label == UNANSWERABLE:
            yield 0.99 - probability / 2, _miss(one, "a refusal")


def _miss(one: Judged, wanted: str) -> Miss:
    return Miss(one.task.question.text, wanted, one.decision.verdict, f"probability {one.decision.probability:.2f}")


def _notes(files: Sequence[Pages], judged: Sequence[Judged]) -> tuple[str, ...]:
    counts = [f"{sum(one.task.label == label for one in judged)} {label.lower()}" for label in JUDGED]
    passages = f"{sum(len(file.pages) for file in files)} pooled passages in {len(files)} files"
    return (passages, f"answer or refuse: {', '.join(counts)} tasks")
