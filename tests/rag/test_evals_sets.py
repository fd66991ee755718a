"""Each set is read in its own form, goes through the product's rooms, and is refused with a sentence otherwise."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from rag.errors import SetUnreadable
from rag.evals import chunking, locomo, mtrag, squad
from rag.evals.measured import Measured
from rag.evals.plan import PARTS, Plan
from rag.gate import Gate
from rag.types import Utterance
from tests.rag.fakes import HashEmbedder

CORPUS = """Penguins live on ice and
never fly. They eat fish.

Bread needs flour, water and yeast. It is baked for an hour."""

SPAN = '"[{""start_index"": 0, ""end_index"": 5}]"'


def write(path: Path, value: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return path


def squad_file(folder: Path) -> Path:
    def article(*paragraphs: tuple[str, str]) -> dict[str, Any]:
        return {
            "title": "Secret title",
            "paragraphs": [
                {"context": text, "qas": [{"id": asked, "question": asked, "answers": []}]}
                for text, asked in paragraphs
            ],
        }

    articles = [
        article(("Penguins live on ice.", "Where do penguins live?"), ("The fee is 100 euros.", "What is the fee?")),
        article(("Bread needs yeast.", "What does bread need?")),
    ]
    return write(folder / "squad.json", {"data": articles})


def mtrag_folder(folder: Path) -> Path:
    passages = [
        {"id": "77-0-50", "title": "Penguins", "text": "Penguins live on ice."},
        {"id": "77-50-99", "title": "Penguins", "text": "Penguins eat krill and squid."},
        {"id": "88-0-50", "title": "", "text": "Bread needs yeast and flour."},
    ]
    tasks = [
        task("a<::>2", "ANSWERABLE", "Where do penguins live?", "What do they eat, krill?"),
        task("b<::>1", "PARTIAL", "What does bread need, yeast?"),
        task("c<::>1", "UNANSWERABLE", "Who won the cup in Brazil?"),
        task("d<::>1", "UNDERSPECIFIED", "What about it?"),
    ]
    write(folder / "passages.jsonl", "\n".join(map(json.dumps, passages)))
    write(folder / "tasks.jsonl", "\n".join(map(json.dumps, tasks)))
    write(folder / "qrels" / "x.tsv", "query-id\tcorpus-id\tscore\na<::>2\t77-50-99\t1\nb<::>1\t88-0-50\t1\n")
    return folder


def task(task_id: str, label: str, *asked: str) -> dict[str, Any]:
    turns = [turn for text in asked for turn in ({"speaker": "user", "text": text}, {"speaker": "agent", "text": "…"})]
    return {
        "task_id": task_id,
        "conversation_id": task_id[0],
        "answerability": [label],
        "input": turns[:-1],
    }


def gate() -> Gate:
    return Gate.of(HashEmbedder())


def chunking_folder(folder: Path) -> Path:
    write(folder / "corpora" / "animals.md", CORPUS)
    start = CORPUS.index("Bread")
    spans = [{"content": "Bread needs flour", "start_index": start, "end_index": start + 17}]
    with (folder / "questions_df.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["question", "references", "corpus_id"])
        rows.writerow(["What does bread need?", json.dumps(spans), "animals"])
    return folder


def chat(folder: Path) -> Path:
    turns = [
        {"speaker": "Ann", "dia_id": "D1:1", "text": "I bought a canoe."},
        {"speaker": "Bob", "dia_id": "D1:2", "text": "Look!", "blip_caption": "a photo of a red bicycle"},
    ]
    later = [{"speaker": "Ann", "dia_id": "D10:1", "text": "The canoe leaks."}]
    asked = [
        {"question": "What leaks?", "evidence": ["D10:1"], "category": 4},
        {"question": "What did Ann buy and Bob show?", "evidence": ["D1:1; D:1:2"], "category": 1},
        {"question": "What never was?", "evidence": ["D9:9", "D"], "category": 5},
    ]
    return write(
        folder / "7.json",
        {"session_10": later, "session_2": turns, "session_2_date_time": "1:56 pm on 8 May, 2023", "qa": asked},
    )


# --- squad ---------------------------------------------------------------------------------------


def test_squad_ranks_paragraphs_and_hides_titles(tmp_path: Path) -> None:
    measured = squad.measure(squad_file(tmp_path), HashEmbedder(), tmp_path / "store", Plan())
    assert measured.n == 3
    assert measured.metrics["ndcg_at_10"] == pytest.approx(1.0)
    assert measured.metrics["recall_at_1"] == measured.metrics["mrr"] == 1.0
    assert measured.worst == ()
    files, _ = squad.read_squad(squad_file(tmp_path))
    assert "Secret" not in "".join(file.name for file in files)


def test_a_limit_asks_fewer_of_the_same_library(tmp_path: Path) -> None:
    measured = squad.measure(squad_file(tmp_path), HashEmbedder(), tmp_path / "store", Plan(limit=2))
    assert measured.n == 2
    assert "3 passages" in measured.notes[0]


def test_the_halves_share_no_article_and_miss_none(tmp_path: Path) -> None:
    sizes = [
        squad.measure(squad_file(tmp_path), HashEmbedder(), tmp_path / half, Plan(half)).n
        for half in ("dev", "test", "all")
    ]
    assert sizes[0] + sizes[1] == sizes[2]


@pytest.mark.parametrize("part", PARTS)
def test_every_part_can_be_left_out(part: str) -> None:
    plan = Plan(without=part)
    assert (plan.weights != Plan().weights) == (part not in {"names", "history"})


def test_meaning_alone_finds_nothing_by_rare_words(tmp_path: Path) -> None:
    """With unit vectors that all look alike only the words can tell."""

    class Blind(HashEmbedder):
        def _vector(self, text: str) -> Any:
            return super()._vector("same")

    with_words = squad.measure(squad_file(tmp_path), Blind(), tmp_path / "a", Plan())
    without = squad.measure(squad_file(tmp_path), Blind(), tmp_path / "b", Plan(without="words"))
    assert with_words.metrics["recall_at_1"] > without.metrics["recall_at_1"]


# --- mtrag ---------------------------------------------------------------------------------------


def test_mtrag_scores_answerable_and_partial_tasks_and_the_gate(tmp_path: Path) -> None:
    measured = mtrag.measure(mtrag_folder(tmp_path), HashEmbedder(), tmp_path / "store", Plan(), gate())
    assert measured.n == 2
    assert measured.metrics["recall_at_5"] == 1.0
    assert measured.metrics["answer_or_refuse_auc"] == 1.0
    assert "1 answerable, 1 unanswerable, 1 underspecified" in measured.notes[1]


def test_mtrag_without_history_asks_the_last_turn_alone(tmp_path: Path) -> None:
    asked: list[str] = []

    class Noting(HashEmbedder):
        def embed_query(self, text: str) -> Any:
            asked.append(text)
            return super().embed_query(text)

    mtrag.measure(mtrag_folder(tmp_path), Noting(), tmp_path / "a", Plan(without="history"), gate())
    assert not any("Where do penguins live" in text for text in asked)
    mtrag.measure(tmp_path, Noting(), tmp_path / "b", Plan(), gate())
    assert any("Where do penguins live" in text for text in asked)


# --- chunking ------------------------------------------------------------------------------------


def test_chunking_counts_the_characters_of_the_corpus(tmp_path: Path) -> None:
    measured = chunking.measure(chunking_folder(tmp_path), HashEmbedder(), tmp_path / "store", Plan())
    assert measured.metrics["recall_at_5"] == 1.0
    assert 17 / len(CORPUS) * 0.9 < measured.metrics["precision_at_5"] < 17 / len(CORPUS) * 1.1


def test_naming_one_file_of_a_set_means_its_folder(tmp_path: Path) -> None:
    assert chunking.read_chunking(chunking_folder(tmp_path) / "questions_df.csv") == chunking.read_chunking(tmp_path)
    assert mtrag.read_mtrag(mtrag_folder(tmp_path) / "tasks.jsonl") == mtrag.read_mtrag(tmp_path)


def test_a_passage_is_found_again_whatever_became_of_its_white_space() -> None:
    corpus = chunking.Corpus("One two-\nthree.   Four\n\nfive. One two-\nthree.")
    assert corpus.find("One twothree. Four", 0) == (0, 22)
    assert corpus.find("One two- three.", 5) == (30, 45)
    assert corpus.find("Six", 0) is None


# --- locomo --------------------------------------------------------------------------------------


class Latest:
    """Remembers the last turns, best first."""

    def recall(self, utterances: Sequence[Utterance], question: str, limit: int = 10) -> tuple[int, ...]:
        return tuple(range(len(utterances)))[::-1][:limit]


class Nothing:
    def recall(self, utterances: Sequence[Utterance], question: str, limit: int = 10) -> tuple[int, ...]:
        return ()


def test_locomo_reads_sessions_in_their_order_with_pictures_as_captions(tmp_path: Path) -> None:
    chats, questions, without = locomo.read_locomo(chat(tmp_path))
    assert [utterance.ref for utterance in chats["7"]] == ["D1:1", "D1:2", "D10:1"]
    assert chats["7"][1] == Utterance("D1:2", "Bob", "Look! [picture: a photo of a red bicycle]", month=5, sitting=2)
    assert (chats["7"][2].month, chats["7"][2].sitting) == (0, 10)
    assert [sorted(question.evidence) for question in questions] == [["D10:1"], ["D1:1", "D1:2"]]
    assert without == 1


def test_locomo_as_it_was_published_is_read_too(tmp_path: Path) -> None:
    """One file with a list of samples, the turns one level deeper."""
    one = json.loads(chat(tmp_path).read_text())
    qa = one.pop("qa")
    samples = [{"sample_id": f"conv-{number}", "conversation": one, "qa": qa} for number in (26, 30)]
    chats, questions, _ = locomo.read_locomo(write(tmp_path / "all" / "locomo10.json", samples))
    assert list(chats) == ["conv-26", "conv-30"]
    assert len(questions) == 4


def test_locomo_recall_is_the_share_of_the_evidence_that_was_returned(tmp_path: Path) -> None:
    measured = locomo.measure(chat(tmp_path), Latest(), Plan())
    assert (measured.n, measured.metrics["recall_at_10"]) == (2, 1.0)
    nothing = locomo.measure(tmp_path, Nothing(), Plan())
    assert nothing.metrics["recall_at_10_single_hop"] == 0.0
    assert nothing.worst[0].got == "nothing"


def test_no_more_than_ten_turns_count(tmp_path: Path) -> None:
    turns = [{"speaker": "Ann", "dia_id": f"D1:{number}", "text": "Hm."} for number in range(1, 21)]
    write(
        tmp_path / "1.json",
        {"session_1": turns, "qa": [{"question": "What?", "evidence": ["D1:1"], "category": 4}]},
    )

    class All(Latest):
        def recall(self, utterances: Sequence[Utterance], question: str, limit: int = 10) -> tuple[int, ...]:
            return super().recall(utterances, question, len(utterances))

    assert locomo.measure(tmp_path, All(), Plan()).metrics["recall_at_10"] == 0.0


# --- what is not in its form ---------------------------------------------------------------------


def _squad(path: Path) -> Measured:
    return squad.measure(path, HashEmbedder(), path.parent / "store", Plan())


def _mtrag(path: Path) -> Measured:
    return mtrag.measure(path, HashEmbedder(), path.parent / "store", Plan(), gate())


def _chunking(path: Path) -> Measured:
    return chunking.measure(path, HashEmbedder(), path.parent / "store", Plan())


def _locomo(path: Path) -> Measured:
    return locomo.measure(path, Latest(), Plan())


@pytest.mark.parametrize(
    ("measure", "files", "part"),
    [
        (_squad, {"x.json": "no JSON"}, "is not JSON"),
        (_squad, {"x.json": "[]"}, "SQuAD"),
        (_squad, {"x.json": '{"data": []}'}, "no question"),
        (_squad, {"x.json": '{"data": [{"paragraphs": [{"context": 3}]}]}'}, "SQuAD"),
        (_mtrag, {"readme.txt": "x"}, "passages.jsonl"),
        (_mtrag, {"passages.jsonl": "{}", "tasks.jsonl": "{}"}, "mtRAG"),
        (_mtrag, {"passages.jsonl": "", "tasks.jsonl": ""}, "no task"),
        (_mtrag, {"passages.jsonl": "[1]", "tasks.jsonl": ""}, "passages.jsonl, line 1"),
        (_chunking, {"questions_df.csv": "a,b\n1,2\n"}, "columns"),
        (_chunking, {"questions_df.csv": "question,references,corpus_id\n"}, "no question"),
        (_chunking, {"questions_df.csv": f"question,references,corpus_id\nq,{SPAN},moon\n"}, "moon.md"),
        (_chunking, {"questions_df.csv": "question,references,corpus_id\nq,[],moon\n"}, "columns"),
        (_locomo, {"1.json": "{}"}, "LoCoMo"),
        (_locomo, {"1.json": '{"qa": []}'}, "no question with evidence"),
    ],
)
def test_what_is_not_in_its_form_is_refused_in_a_sentence(
    tmp_path: Path, measure: Callable[[Path], Measured], files: dict[str, str], part: str
) -> None:
    for name, text in files.items():
        write(tmp_path / "set" / name, text)
    path = tmp_path / "set" / "x.json" if "x.json" in files else tmp_path / "set"
    with pytest.raises(SetUnreadable) as refused:
        measure(path)
    assert part in refused.value.user_message
    assert str(tmp_path) not in refused.value.user_message


def test_the_public_sets_are_read_whole(shared_data: Path) -> None:
    files, questions = squad.read_squad(shared_data / "xquad" / "xquad.en.json")
    assert (len(files), sum(len(file.pages) for file in files), len(questions)) == (48, 240, 1190)
    pool, tasks = mtrag.read_mtrag(shared_data / "mtrag_un")
    assert sum(len(file.pages) for file in pool) == 1152
    assert (len(tasks), sum(one.label == "UNANSWERABLE" for one in tasks)) == (265, 40)
    corpora, asked = chunking.read_chunking(shared_data / "chunking")
    assert (len(corpora), len(asked), sum(len(question.spans) for question in asked)) == (5, 472, 790)
    chats, questions_about, without = locomo.read_locomo(shared_data / "locomo")
    assert (len(chats), sum(map(len, chats.values()))) == (6, 3435)
    assert (len(questions_about), without) == (1155, 2)
