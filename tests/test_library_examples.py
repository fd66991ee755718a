"""The README's library examples, as written, with the embedded models."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.data_loaders import Txt
from rag.embeddings import HuggingFaceEmbedding
from rag.llms import HuggingFaceLocalModel
from rag.llms.embedded import embedded_embedder, embedded_language_model
from rag.pipelines.cag import CAG, KVCache
from rag.splitter import RecursiveCharacterTextSplitter

pytestmark = pytest.mark.slow

GUARDIAN = (
    "The p53 protein is often called the guardian of the genome. It stops the division of cells whose DNA is damaged, "
    "until the damage is repaired. When the damage cannot be repaired, p53 starts the death of the cell."
)
BREWING = "Green tea is brewed at 75 degrees for two minutes. Black tea is brewed at 95 degrees for four minutes."


@pytest.fixture(scope="module")
def local_model(checkpoints: Path) -> HuggingFaceLocalModel:
    return HuggingFaceLocalModel(
        hf_model_id=str(embedded_language_model(checkpoints)),
        prompt_template="Context: {context}\nQuestion: {question}\nAnswer:",
        device_map="auto",
        checkpoint_dir=checkpoints,
    )


def test_a_question_over_a_context(local_model: HuggingFaceLocalModel) -> None:
    answer = local_model.answer_question(context=GUARDIAN, question="What role does p53 play?")
    assert "p53" in answer
    assert "Context:" not in answer and "Question:" not in answer, "the prompt is never part of an answer"


def test_a_pipeline_over_a_file(
    local_model: HuggingFaceLocalModel, checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sample.txt").write_text(f"{GUARDIAN}\n\n{BREWING}\n")

    embedding_model = HuggingFaceEmbedding(model=str(embedded_embedder(checkpoints)))
    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=100)
    docs = splitter.split_text(text=Txt(txt_path="sample.txt").load())
    pipeline = CAG(llm=local_model, embedding_model=embedding_model, cache=KVCache())
    pipeline.preload_documents(docs, cache_key="embed_cache")
    answer = pipeline.infer("What does p53 do?", cache_key="embed_cache")
    assert "p53" in answer

    refusal = pipeline.infer("Who won the world cup in 1998?", cache_key="embed_cache")
    assert "1998" not in refusal and refusal != answer
