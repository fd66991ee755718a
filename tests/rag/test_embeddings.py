"""HuggingFaceEmbedding with the embedded model."""

import json
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from rag.embeddings import HuggingFaceEmbedding
from rag.errors import ModelNotFound, ModelRefused
from rag.llms import bert, machine
from tests.rag.fakes import HashEmbedder

TEXTS = ["The cat sat on the mat.", "A kitten was sitting on a rug.", "Interest rates rose by two percent."]


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> HuggingFaceEmbedding:
    return HuggingFaceEmbedding(cache_dir=tmp_path_factory.mktemp("notes"))


@pytest.mark.slow
def test_rows_are_unit_float32_in_the_order_of_the_texts(embedder: HuggingFaceEmbedding) -> None:
    texts = [text * repeat for repeat in (1, 7, 3) for text in TEXTS] * 3
    rows = embedder.embed(texts)
    assert rows.shape == (27, embedder.dimension) == (27, 384) and rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)
    alone = np.stack([embedder.embed([text])[0] for text in texts])
    assert (rows * alone).sum(axis=1).min() > 0.999


@pytest.mark.slow
def test_nothing_gives_no_rows(embedder: HuggingFaceEmbedding) -> None:
    assert embedder.embed([]).shape == (0, 384)
    assert embedder.count_pieces([]) == []


@pytest.mark.slow
def test_a_word_that_is_near_counts_where_the_words_own_is_missing(embedder: HuggingFaceEmbedding) -> None:
    texts = ["It was tested at 100 m depth.", "It was sold to 100 people.", "It goes deep.", "", "\ud83d"]
    depth, sold, deep, nothing, broken = embedder.held("How deep does it go?", texts)
    assert 1 >= deep > depth > sold > nothing == 0
    assert 0 <= broken < depth


@pytest.mark.slow
def test_a_questions_vector_is_kept_until_it_is_forgotten(embedder: HuggingFaceEmbedding) -> None:
    first = embedder.embed_query("When is the rent due?")
    assert np.array_equal(first, embedder.embed_query("When is the rent due?"))
    assert embedder._questions._known
    embedder.forget()
    assert not embedder._questions._known


@pytest.mark.slow
@pytest.mark.parametrize(
    "text", ["rent", "", "  ", "What is the notice period? " * 9, "word " * 600, "Kündigungsfrist 🙂 \ud83d"]
)
def test_a_questions_vector_is_the_models_own(embedder: HuggingFaceEmbedding, text: str) -> None:
    assert embedder._quick is not None
    own = embedder._encode(embedder._model.encode_query, [text])[0]
    assert float(embedder.embed_query(text) @ own) > 0.9998


@pytest.mark.slow
def test_a_forward_that_says_something_else_is_not_used(
    embedder: HuggingFaceEmbedding, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert embedder._proved(bert.found_in(embedder._model)) is not None
    monkeypatch.setattr(embedder._model, "prompts", {"query": "Represent this question: "})
    assert embedder._proved(bert.found_in(embedder._model)) is None
    assert embedder._proved(None) is None


@pytest.mark.slow
def test_like_meanings_are_near(embedder: HuggingFaceEmbedding) -> None:
    cat, kitten, rates = embedder.embed(TEXTS)
    question = embedder.embed_query("Where is the cat?")
    assert question.shape == (384,)
    assert cat @ kitten > 0.4 > cat @ rates
    assert question @ cat > question @ rates


@pytest.mark.slow
def test_odd_texts_are_embedded(embedder: HuggingFaceEmbedding) -> None:
    rows = embedder.embed(["", "   ", "😀", "x" * 100_000, "\x00\ud83d", "[PAD][CLS]"])
    assert np.isfinite(rows).all() and np.allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)


@pytest.mark.slow
def test_pieces_are_counted_beyond_the_limit(embedder: HuggingFaceEmbedding) -> None:
    assert embedder.max_pieces == 254
    assert embedder.count_pieces(["the cat", "the " * 1000, "", "\ud83d"]) == [2, 1000, 0, 1]


@pytest.mark.slow
def test_two_embedders_of_one_model_share_a_fingerprint(embedder: HuggingFaceEmbedding, tmp_path: Path) -> None:
    other = HuggingFaceEmbedding(cache_dir=tmp_path)
    assert other.fingerprint == embedder.fingerprint and len(other.fingerprint) == 16
    assert other.name == "all-MiniLM-L6-v2"


@pytest.mark.slow
def test_threads_share_an_embedder(embedder: HuggingFaceEmbedding) -> None:
    expected, found = embedder.embed(TEXTS), {}
    threads = [
        threading.Thread(
            target=lambda place=place: found.update({place: (embedder.embed(TEXTS), embedder.count_pieces(TEXTS))})
        )
        for place in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.allclose(rows, expected, atol=1e-3) for rows, _ in found.values()) and len(found) == 4


@pytest.mark.slow
def test_a_question_does_not_wait_for_an_upload(
    embedder: HuggingFaceEmbedding, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upload holds no lock while it computes: stopped in the middle of that, it keeps nobody waiting."""
    reached, go_on, real = threading.Event(), threading.Event(), embedder._model.forward

    def forward(features: dict[str, torch.Tensor], **options: object) -> dict[str, torch.Tensor]:
        if threading.current_thread() is upload:
            reached.set()
            assert go_on.wait(60)
        return real(features, **options)

    upload = threading.Thread(target=embedder.embed, args=(TEXTS,))
    monkeypatch.setattr(embedder._model, "forward", forward)
    upload.start()
    try:
        assert reached.wait(60)
        assert embedder.embed_query("Where is the cat?").shape == (384,)
    finally:
        go_on.set()
        upload.join()


@pytest.mark.slow
def test_a_thread_that_gives_way_computes_alone_and_others_keep_their_number(embedder: HuggingFaceEmbedding) -> None:
    def aside() -> None:
        machine.give_way()
        embedder.embed(TEXTS)
        counts.append(torch.get_num_threads())

    counts: list[int] = []
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        for work in (aside, lambda: counts.append(torch.get_num_threads())):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        assert [*counts, torch.get_num_threads()] == [1, 3, 3]
    finally:
        torch.set_num_threads(before)


@pytest.mark.slow
def test_an_api_key_is_not_used_and_this_is_said(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="api_key is not used"):
        HuggingFaceEmbedding(api_key="hf_secret", cache_dir=tmp_path)


def test_a_model_that_is_not_here_is_a_sentence() -> None:
    for name in ("nobody/nothing", "/no/such/folder", "not valid!"):
        with pytest.raises(ModelNotFound, match="never fetched"):
            HuggingFaceEmbedding(name)


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80")
    with pytest.raises(ModelRefused, match="pickled"):
        HuggingFaceEmbedding(tmp_path)


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match="no weights"):
        HuggingFaceEmbedding(tmp_path)


def test_a_module_with_code_of_its_own_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"")
    (tmp_path / "modules.json").write_text(json.dumps([{"type": "custom.Evil", "path": ""}]))
    with pytest.raises(ModelRefused, match="code of its own"):
        HuggingFaceEmbedding(tmp_path)


def test_the_fake_has_the_same_interface() -> None:
    public = {name for name in vars(HuggingFaceEmbedding) if not name.startswith("_")}
    fake = HashEmbedder()
    attributes = public | {"name", "fingerprint", "dimension", "max_pieces"}
    assert all(hasattr(fake, name) for name in attributes)
    rows = fake.embed(TEXTS)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1.0) and rows.dtype == np.float32
    assert (fake.embed(TEXTS) == rows).all() and fake.embed([]).shape == (0, 384)
