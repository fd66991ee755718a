"""XQuAD, or any file in SQuAD's format: every paragraph is one passage, and a question's right passage its own.

Every article becomes a file whose name says nothing, and every paragraph a page of it; titles are not used.
Source: MTEB's XQuADRetrieval, which ranks the same paragraphs.
"""

from __future__ import annotations

from pathlib import Path

from rag.errors import SetUnreadable
from rag.evals import metrics
from rag.evals.library import Pages, as_bytes, open_library, parse_pages
from rag.evals.measured import Measured, worst_of
from rag.evals.places import Question, rank
from rag.evals.plan import Plan
from rag.evals.reading import file_in, json_of
from rag.types import Embedder


def read_squad(path: Path) -> tuple[list[Pages], list[Question]]:
    """The file's passages and questions. Raises: SetUnreadable."""
    files, questions = [], []
    try:
        for number, article in enumerate(json_of(file_in(path, "xquad.en.json"))["data"]):
            name = f"file-{number:02d}.txt"
            files.append(Pages(name, tuple(paragraph["context"] for paragraph in article["paragraphs"])))
            for page, paragraph in enumerate(article["paragraphs"], 1):
                place = frozenset({(name, page)})
                questions += [Question(asked["question"], (), place, name) for asked in paragraph["qas"]]
    except (TypeError, KeyError) as error:
        raise SetUnreadable(f"{path.name} is not in SQuAD's format: data, paragraphs, qas.") from error
    if not questions:
        raise SetUnreadable(f"There is no question in {path.name}.")
    return files, questions


def measure(path: Path, embedder: Embedder, folder: Path, plan: Plan) -> Measured:
    """nDCG@10, recall@1/5/10 and MRR of passages; one that was cut in two counts once, at its better rank.

    ``folder`` is for the store, which may be thrown away afterwards. Raises: SetUnreadable.
    """
    files, questions = read_squad(path)
    asked = plan.chosen(questions, [question.group for question in questions])
    with open_library(folder, embedder, plan.weights, parse_pages) as library:
        for number, file in enumerate(files, 1):
            library.add(file.name, as_bytes(file))
            plan.progress("files", number, len(files))
        found = rank(library, asked, plan.progress)
    figures = {
        "ndcg_at_10": metrics.mean(metrics.ndcg(one.places, one.question.places, 10) for one in found),
        **{
            f"recall_at_{at}": metrics.mean(metrics.recall(one.places, one.question.places, at) for one in found)
            for at in (1, 5, 10)
        },
        "mrr": metrics.mean(metrics.reciprocal_rank(one.places, one.question.places) for one in found),
    }
    worst = worst_of((metrics.ndcg(one.places, one.question.places, 10), one.miss()) for one in found)
    note = f"{sum(len(file.pages) for file in files)} passages in {len(files)} files whose names say nothing"
    return Measured("squad", len(found), figures, worst, (note,))
