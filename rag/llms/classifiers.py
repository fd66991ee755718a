"""A classifier of pairs of texts, from a folder: what a reranker and a grounding model are underneath.

Local files only, safetensors only, no code of the model's own. Knows nothing of what its classes mean.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rag.llms import machine
from rag.llms.imports import uncollected

machine.set_up_machine()

with uncollected():
    import torch  # after the machine is set up, see `rag.llms.machine`
    from transformers import AutoModelForSequenceClassification, AutoTokenizer
    from transformers.utils import logging as transformers_logging

from rag.errors import ModelNotFound, ModelRefused  # noqa: E402
from rag.llms.memory import memory_errors  # noqa: E402
from rag.llms.threads import stay_with_one_thread  # noqa: E402

_TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", "spm.model", "sentencepiece.bpe.model", "spiece.model")
BATCH = 16
MOST_PIECES = 512  # of both texts together


class PairClassifier:
    """A sequence classifier with its tokenizer. Safe to share between threads.

    ``what`` names the model in what is said when it is refused: "reranker".

    Raises: ModelNotFound, ModelRefused.
    """

    def __init__(self, path: Path, what: str) -> None:
        _refuse_unsafe(path, what)
        transformers_logging.disable_progress_bar()
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True, trust_remote_code=False)
            self._model = AutoModelForSequenceClassification.from_pretrained(
                path, local_files_only=True, use_safetensors=True, trust_remote_code=False
            ).eval()
        except (OSError, ValueError) as error:
            raise ModelNotFound(
                f"The {what}'s folder cannot be read; it has to hold a sequence classifier and its tokenizer.",
                detail=str(error),
            ) from error
        self._model.to("cuda" if torch.cuda.is_available() else "cpu")
        self.labels: dict[int, str] = self._model.config.id2label
        self._pieces = min(int(self._tokenizer.model_max_length), _positions(self._model.config))

    def logits(self, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        """What the model says of each pair; the longer text of one that is too long loses its end.

        Shape: (n, classes) float32. Raises: OutOfMemory.
        """
        stay_with_one_thread()
        rows = [self._batch(pairs[start : start + BATCH]) for start in range(0, len(pairs), BATCH)]
        return np.concatenate([np.zeros((0, len(self.labels)), dtype=np.float32), *rows])

    def _batch(self, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        firsts, seconds = [first for first, _ in pairs], [second for _, second in pairs]
        pieces = self._tokenizer(
            firsts, seconds, truncation="longest_first", max_length=self._pieces, padding=True, return_tensors="pt"
        )
        with memory_errors(), torch.inference_mode():
            scores: np.ndarray = self._model(**pieces.to(self._model.device)).logits.float().cpu().numpy()
        return scores


def _positions(config: Any) -> int:
    """How many pieces the model can tell apart by their place, RoBERTa's own two (514 for 512) left out."""
    positions = int(getattr(config, "max_position_embeddings", MOST_PIECES))
    return min(MOST_PIECES, positions)


def _refuse_unsafe(folder: Path, what: str) -> None:
    """Weights must be safetensors, and nothing may need code of its own."""
    if not any(folder.glob("*.safetensors")):
        raise ModelNotFound(f"The {what}'s folder holds no weights: not one .safetensors file.")
    if not any((folder / name).is_file() for name in _TOKENIZERS):  # Transformers would make up an empty one
        raise ModelNotFound(f"The {what}'s folder holds no tokenizer.")
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelNotFound(f"The {what}'s folder holds no config.json that can be read.", detail=str(error)) from error
    if not isinstance(config, dict) or "auto_map" in config:
        raise ModelRefused(f"The {what} needs to run code of its own, which is never done here.")
