"""A reranker and a grounding model load from a folder and are asked; a folder that is not safe is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

from rag.cite import Supported, Unsupported
from rag.errors import ModelNotFound, ModelRefused
from rag.grounding import Grounder
from rag.llms.checkers import SequenceChecker
from rag.llms.rerankers import CrossEncoderReranker
from rag.types import Chunk, Hit

WORDS = "[PAD] [UNK] [CLS] [SEP] the rent is due on friday pump dry".split()
Make = Callable[[dict[int, str]], Path]


@pytest.fixture
def made(tmp_path: Path) -> Make:
    """Writes a tiny classifier with random weights, as a person would have copied one."""

    def make(labels: dict[int, str]) -> Path:
        words = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
        words.pre_tokenizer = pre_tokenizers.Whitespace()
        words.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
        tokenizer = PreTrainedTokenizerFast(
            tokenizer_object=words, pad_token="[PAD]", unk_token="[UNK]", model_max_length=64
        )
        torch.manual_seed(7)
        config = BertConfig(
            vocab_size=len(WORDS),
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=64,
            id2label=labels,
            label2id={label: number for number, label in labels.items()},
            initializer_range=1.0,
        )
        folder = tmp_path / f"model{len(labels)}"
        BertForSequenceClassification(config).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return folder

    return make


def test_a_reranker_scores_each_text_and_batches_change_nothing(made: Make) -> None:
    reranker = CrossEncoderReranker(made({0: "score"}))
    texts = ["the rent is due on friday", "the pump is dry", "the rent"] * 12
    scores = reranker.scores("is the rent due", texts)
    assert scores.shape == (36,)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores[:3], scores[33:], atol=1e-4)
    np.testing.assert_allclose(scores[1:2], reranker.scores("is the rent due", texts[1:2]), atol=1e-4)
    assert len(set(np.round(scores[:3], 4))) == 3
    assert reranker.scores("is the rent due", []).shape == (0,)


def test_a_text_longer_than_the_model_reads_is_scored_all_the_same(made: Make) -> None:
    assert CrossEncoderReranker(made({0: "score"})).scores("rent", ["the rent is due " * 200]).shape == (1,)


def test_the_grounding_model_is_asked_about_the_cited_passage(made: Make) -> None:
    checker = SequenceChecker(made({0: "not_supported", 1: "supported"}), min_probability=0.0)
    never = SequenceChecker(made({0: "not_supported", 1: "supported"}), min_probability=1.1)
    text = "The monthly rent of the flat is due on the third day. It is paid by transfer."
    hits = [Hit(Chunk(1, 1, 0, text), "F1", "lease.txt", 1.0, 0.5)]
    sentence = "The monthly rent of the flat arrives punctually each spring."
    assert isinstance(Grounder(checker=checker).prove(sentence, hits), Supported)
    assert Grounder(checker=never).prove(sentence, hits) == Unsupported("words")


def test_the_probability_is_that_of_the_class_that_means_support(made: Make) -> None:
    first = SequenceChecker(made({0: "entailment", 1: "neutral", 2: "contradiction"}))
    folder = made({0: "neutral", 1: "contradiction", 2: "entailment"})
    last = SequenceChecker(folder)
    assert 0 < first.probability("the rent is due", "the pump is dry") < 1
    assert first.probability("the rent", "the pump") != last.probability("the rent", "the pump")


def test_a_grounding_model_that_does_not_name_its_classes_is_refused(made: Make) -> None:
    with pytest.raises(ModelRefused, match="which of its classes"):
        SequenceChecker(made({0: "left", 1: "right"}))


def test_a_reranker_with_two_scores_is_refused(made: Make) -> None:
    with pytest.raises(ModelRefused, match="more than one score"):
        CrossEncoderReranker(made({0: "a", 1: "b"}))


def test_a_model_with_code_of_its_own_is_refused(made: Make) -> None:
    folder = made({0: "score"})
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"auto_map": {"AutoModel": "evil.Model"}}))
    with pytest.raises(ModelRefused, match="code of its own"):
        CrossEncoderReranker(folder)


def test_pickled_weights_are_never_read(made: Make) -> None:
    folder = made({0: "score"})
    shutil.move(folder / "model.safetensors", folder / "pytorch_model.bin")
    with pytest.raises(ModelNotFound, match=r"not one \.safetensors file"):
        CrossEncoderReranker(folder)


def test_an_empty_or_a_missing_folder_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound):
        CrossEncoderReranker(tmp_path)
    with pytest.raises(ModelNotFound):
        SequenceChecker(tmp_path / "nowhere")


def test_weights_without_a_tokenizer_are_said_in_words(made: Make) -> None:
    folder = made({0: "score"})
    for path in folder.glob("tokenizer*"):
        path.unlink()
    with pytest.raises(ModelNotFound, match="no tokenizer"):
        CrossEncoderReranker(folder)
