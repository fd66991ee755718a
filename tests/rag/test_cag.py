"""The library's pipeline: each key its own texts, each session its own history, nothing sent anywhere.

Many of these are what a known implementation gets wrong (its flaws are named in the docstrings).
"""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from rag.errors import EmptyQuestion, ModelError, StoreCorrupt, UnknownKey, WebSearchRefused
from rag.pipelines.cag import CAG, REFUSAL, TURNS, KVCache
from tests.rag.fakes import HashEmbedder

P53 = "The p53 protein is often called the guardian of the genome."
SALARY = "Anna earns 5,100 euros a month."


class Echo:
    """Answers with what it was asked, and notes it."""

    name = "echo"
    context_tokens = 200

    def __init__(self, *, is_trial: bool = True) -> None:
        self.is_trial = is_trial
        self.asked: list[tuple[str, str]] = []
        self.preloaded: list[str] = []

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def preload_context(self, context: str) -> None:
        self.preloaded.append(context)

    def answer_question(self, context: str, question: str, max_tokens: int = 200, prompt_template: str | None = None):
        self.asked.append((context, question))
        return f"answer {len(self.asked)}"


@pytest.fixture
def llm() -> Echo:
    return Echo()


@pytest.fixture
def cache(tmp_path: Path) -> KVCache:
    return KVCache(tmp_path / "kv_cache")


@pytest.fixture
def cag(llm: Echo, cache: KVCache) -> CAG:
    return CAG(llm, HashEmbedder(), cache)


def test_a_question_is_answered_from_the_texts_of_its_key(cag: CAG, llm: Echo):
    cag.preload_documents([P53, SALARY], "k")
    assert cag.infer("What is the p53 protein called?", "k", top_k=1) == "answer 1"
    assert llm.asked == [(P53, "What is the p53 protein called?")]


def test_each_key_answers_only_from_its_own_texts(cag: CAG, llm: Echo):
    """The first key that was loaded used to answer for all: B's question got A's salary table."""
    cag.preload_documents([SALARY], "a")
    cag.preload_documents([P53], "b")
    assert cag.infer("What does Anna earn in a month?", "b") == REFUSAL
    assert cag.infer("What does Anna earn in a month?", "a") == "answer 1"
    assert all(P53 not in context for context, _ in llm.asked)


def test_other_texts_under_the_same_key_are_seen(cag: CAG, llm: Echo):
    cag.preload_documents(["Anna earns 5,100 euros a month."], "k")
    cag.infer("What does Anna earn a month?", "k")
    cag.preload_documents(["Anna earns 9,900 euros a month."], "k")
    cag.infer("What does Anna earn a month?", "k")
    assert "9,900" in llm.asked[1][0]
    assert "5,100" not in llm.asked[1][0]


def test_other_texts_that_another_object_prepared_are_seen_too(cag: CAG, llm: Echo, cache: KVCache):
    cag.preload_documents([SALARY], "k")
    CAG(llm, HashEmbedder(), KVCache(cache.folder)).preload_documents([P53], "k")
    assert cag.infer("What does Anna earn a month?", "k") == REFUSAL
    cache.delete("k")
    with pytest.raises(UnknownKey):
        cag.infer("What is p53?", "k")


def test_a_second_run_computes_nothing_again(llm: Echo, cache: KVCache):
    CAG(llm, HashEmbedder(), cache).preload_documents([P53, SALARY], "k")
    second = HashEmbedder()
    cag = CAG(llm, second, KVCache(cache.folder))
    cag.preload_documents([P53, SALARY], "k")
    assert second.embedded == []
    assert cag.infer("What is the p53 protein called?", "k") == "answer 1"
    assert second.embedded == ["What is the p53 protein called?"]


def test_a_key_can_be_asked_in_a_new_process_without_preloading(llm: Echo, cache: KVCache):
    CAG(llm, HashEmbedder(), cache).preload_documents([P53], "k")
    assert CAG(llm, HashEmbedder(), KVCache(cache.folder)).infer("the p53 protein", "k") == "answer 1"


def test_another_embedder_computes_again(llm: Echo, cache: KVCache):
    class Other(HashEmbedder):
        fingerprint = "hash-2"

    CAG(llm, HashEmbedder(), cache).preload_documents([P53], "k")
    other = Other()
    with pytest.raises(UnknownKey):
        CAG(llm, other, cache).infer("p53", "k")
    CAG(llm, other, cache).preload_documents([P53], "k")
    assert P53 in other.embedded


def test_where_no_text_is_near_the_model_is_not_asked(cag: CAG, llm: Echo):
    cag.preload_documents([P53], "k")
    assert cag.infer("Who painted that chapel ceiling?", "k") == REFUSAL
    cag.preload_documents([], "nothing")
    assert cag.infer("p53", "nothing") == REFUSAL
    assert llm.asked == []


def test_few_texts_are_read_whole_and_every_prompt_begins_with_them() -> None:
    llm = Echo(is_trial=False)
    cag = CAG(llm, HashEmbedder())
    cag.preload_documents(["the rent is 900 euros", "the deposit is 1800 euros"], "lease")
    for question in ("how much is the rent?", "and the deposit?"):
        cag.infer(question, "lease")
    whole = "the rent is 900 euros\n\nthe deposit is 1800 euros"
    assert llm.preloaded == [whole]
    assert all(context.startswith(whole) for context, _ in llm.asked)
    assert "how much is the rent?" in llm.asked[1][0]  # history comes after, where it changes nothing before it


@pytest.mark.parametrize(("is_trial", "filler"), [(True, 1), (False, 150)])
def test_many_texts_or_the_trial_model_get_the_nearest_only(is_trial: bool, filler: int) -> None:
    llm = Echo(is_trial=is_trial)
    cag = CAG(llm, HashEmbedder())
    cag.preload_documents(["the rent is 900 euros", "a garden has trees " * filler], "lease")
    cag.infer("how much is the rent in euros?", "lease", top_k=1)
    assert llm.preloaded == [] and llm.asked[0][0] == "the rent is 900 euros"


def test_sessions_share_no_history(cag: CAG, llm: Echo):
    """One history used to be shared by all users."""
    cag.preload_documents([P53], "k")
    cag.preload_documents([P53], "other key")
    cag.infer("the p53 protein secret-of-anna", "k", session_id="anna")
    cag.infer("the p53 protein", "k", session_id="ben")
    cag.infer("the p53 protein", "other key", session_id="anna")
    assert not any("secret-of-anna" in context + question for context, question in llm.asked[1:])
    cag.infer("the p53 protein again", "k", session_id="anna")
    assert "secret-of-anna" in llm.asked[-1][0]
    assert "answer 1" in llm.asked[-1][0]


def test_history_is_bounded_and_can_be_left_out_and_forgotten(cag: CAG, llm: Echo):
    cag.preload_documents([P53], "k")
    for number in range(TURNS + 5):
        cag.infer(f"the p53 protein number{number}", "k")
    cag.infer("the p53 protein", "k", context_turns=2)
    assert llm.asked[-1][0].count("Asked before") == 2
    assert f"number{TURNS + 4}" in llm.asked[-1][0]
    cag.infer("the p53 protein", "k", context_turns=1000)
    assert llm.asked[-1][0].count("Asked before") == TURNS
    cag.infer("the p53 protein", "k", context_turns=0)
    assert "Asked before" not in llm.asked[-1][0]
    cag.forget_session("k")
    cag.infer("the p53 protein", "k")
    assert "Asked before" not in llm.asked[-1][0]


def test_history_of_replaced_texts_is_forgotten(cag: CAG, llm: Echo):
    cag.preload_documents([SALARY], "k")
    cag.infer("What does Anna earn a month?", "k")
    cag.preload_documents([P53], "k")
    cag.infer("the p53 protein", "k")
    assert "Anna" not in llm.asked[-1][0]


def test_a_follow_up_finds_what_the_question_before_was_about(cag: CAG, llm: Echo):
    cag.preload_documents([P53, SALARY], "k")
    cag.infer("What is the p53 protein called?", "k", top_k=1)
    cag.infer("why called so?", "k", top_k=1, similarity_threshold=0.1)
    assert P53 in llm.asked[-1][0]


def test_a_new_subject_is_not_carried_by_the_question_before(cag: CAG, llm: Echo):
    cag.preload_documents([P53], "k")
    cag.infer("What is the p53 protein called?", "k")
    assert cag.infer("Who won yesterday's football match?", "k") == REFUSAL
    assert len(llm.asked) == 1


def test_an_unknown_key_is_an_error_that_says_what_to_do(cag: CAG):
    with pytest.raises(UnknownKey) as refused:
        cag.infer("p53?", "never loaded")
    assert "preload_documents" in refused.value.user_message


def test_the_web_is_never_searched(cag: CAG, llm: Echo):
    """Where nothing matched, the question and earlier answers used to be sent to a search engine."""
    cag.preload_documents([P53], "k")
    with pytest.raises(WebSearchRefused) as refused:
        cag.infer("p53?", "k", web_search=True)
    assert "ever leaves this machine" in refused.value.user_message
    assert llm.asked == []


def test_an_empty_question_is_an_error(cag: CAG):
    cag.preload_documents([P53], "k")
    with pytest.raises(EmptyQuestion):
        cag.infer(" \n", "k")


def test_an_error_of_the_model_is_raised_and_never_becomes_history(cag: CAG, llm: Echo, monkeypatch):
    """Errors used to be returned as answers."""
    cag.preload_documents([P53], "k")

    def fail(*_: object) -> str:
        raise ModelError()

    monkeypatch.setattr(llm, "answer_question", fail)
    with pytest.raises(ModelError):
        cag.infer("the p53 protein", "k")
    monkeypatch.undo()
    cag.infer("the p53 protein", "k")
    assert "Asked before" not in llm.asked[-1][0]


def test_one_string_is_one_document(cag: CAG, llm: Echo):
    """A string used to be spread one character a line."""
    cag.preload_documents(P53, "k")  # type: ignore[arg-type]
    cag.infer("the p53 protein", "k")
    assert llm.asked[0][0] == P53


@pytest.mark.parametrize(
    "key", ["../escaped", "/etc/passwd", "", ".", "a\x00b", "con", "x" * 5000, "🙂", "\ud800", "a/b", "..\\up"]
)
def test_no_key_escapes_the_folder(tmp_path: Path, llm: Echo, key: str):
    cag = CAG(llm, HashEmbedder(), KVCache(tmp_path / "deep" / "kv"))
    cag.preload_documents([P53], key)
    assert cag.infer("the p53 protein", key) == "answer 1"
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 2
    assert all(path.parent == tmp_path / "deep" / "kv" for path in files)
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)


def test_deleting_one_key_leaves_the_others(cag: CAG, cache: KVCache):
    cag.preload_documents([P53], "a")
    cag.preload_documents([SALARY], "b")
    assert cache.delete("a") is True
    assert cache.delete("a") is False
    with pytest.raises(UnknownKey):
        cag.infer("p53", "a")
    assert cag.infer("What does Anna earn a month?", "b") == "answer 1"


def test_a_reset_removes_what_is_its_own_and_nothing_else(cag: CAG, cache: KVCache):
    """A reset used to remove every file of the folder."""
    cag.preload_documents([P53], "a")
    (cache.folder / "holiday.jpg").write_text("not ours")
    (cache.folder / "abc.json").write_text("not ours")
    cache.reset()
    assert sorted(path.name for path in cache.folder.iterdir()) == ["abc.json", "holiday.jpg"]


def test_nothing_on_disk_is_a_pickle_and_texts_are_plain_json(cag: CAG, cache: KVCache):
    cag.preload_documents([P53], "k")
    [texts] = cache.folder.glob("*.json")
    assert json.loads(texts.read_text())["texts"] == [P53]
    [vectors] = cache.folder.glob("*.faiss")
    assert vectors.read_bytes().startswith(b"inhouse-vectors-2\n")


@pytest.mark.parametrize("damage", [b"", b"garbage", b'{"texts": ["forged"]}', b"[]", b"\x80\x04K\x01."])
def test_damaged_texts_are_never_answered_from_and_can_be_made_again(llm: Echo, cache: KVCache, damage: bytes):
    CAG(llm, HashEmbedder(), cache).preload_documents([P53], "k")
    [texts] = cache.folder.glob("*.json")
    texts.write_bytes(damage)
    fresh = CAG(llm, HashEmbedder(), cache)
    with pytest.raises(StoreCorrupt):
        fresh.infer("the p53 protein", "k")
    fresh.preload_documents([P53], "k")
    assert fresh.infer("the p53 protein", "k") == "answer 1"


def test_damaged_vectors_are_made_again(llm: Echo, cache: KVCache):
    CAG(llm, HashEmbedder(), cache).preload_documents([P53], "k")
    [vectors] = cache.folder.glob("*.faiss")
    content = bytearray(vectors.read_bytes())
    content[-5] ^= 1
    vectors.write_bytes(content)
    embedder = HashEmbedder()
    fresh = CAG(llm, embedder, cache)
    fresh.preload_documents([P53], "k")
    assert embedder.embedded == [P53]
    assert fresh.infer("the p53 protein", "k") == "answer 1"


def test_without_a_cache_everything_works_in_memory(llm: Echo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    cag = CAG(llm, HashEmbedder())
    cag.preload_documents([P53], "k")
    assert cag.infer("the p53 protein", "k") == "answer 1"
    assert list(tmp_path.iterdir()) == []


def test_many_users_at_once_each_get_their_own(llm: Echo, cache: KVCache):
    cag = CAG(llm, HashEmbedder(), cache)
    wrong: list[object] = []

    def user(name: str) -> None:
        try:
            for turn in range(10):
                cag.preload_documents([f"{name} has the code {name}-code and nothing else."], name)
                cag.infer(f"Which code has {name}? turn{turn}", name, session_id=name)
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=user, args=(f"user{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(llm.asked) == 40
    for context, question in llm.asked:
        name = question.split("has ")[1].split("?")[0]
        assert all(f"user{n}" not in context for n in range(4) if f"user{n}" != name)


@pytest.mark.slow
def test_the_library_example_runs_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """As in the README, with the embedded models."""
    from rag.data_loaders import Txt
    from rag.embeddings import HuggingFaceEmbedding
    from rag.llms.checkpoints import default_dir
    from rag.llms.embedded import load_embedded_model
    from rag.splitter import RecursiveCharacterTextSplitter

    monkeypatch.chdir(tmp_path)
    Path("sample.txt").write_text(
        "The p53 protein is often called the guardian of the genome. It stops cells whose DNA is damaged from "
        "dividing until the damage is repaired, and it makes cells that cannot be repaired destroy themselves.\n\n"
        + "\n\n".join(f"Chapter {n} of the river book: the Danube flows through ten countries. " * 12 for n in range(3))
    )
    embedding_model = HuggingFaceEmbedding()
    docs = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=100).split_text(
        text=Txt(txt_path="sample.txt").load()
    )
    local_model = load_embedded_model(default_dir())
    pipeline = CAG(llm=local_model, embedding_model=embedding_model, cache=KVCache())
    pipeline.preload_documents(docs, cache_key="embed_cache")
    answer = pipeline.infer("What does p53 do?", cache_key="embed_cache")
    print(answer)
    assert "p53" in answer or "cells" in answer
    assert "Question:" not in answer
    assert list(Path("kv_cache").glob("*.faiss"))
    assert pipeline.infer("Who won the football match yesterday?", cache_key="embed_cache") == REFUSAL
