"""Plain `SentenceTransformer.encode`, as anybody would write it: ``python -m rag.bench.plain_encode FOLDER``.

Reads lines ``{"texts": [...], "save": PATH}``; embeds with the library's defaults, writes the vectors to the path as a
NumPy array, and answers ``{"seconds", "peak_bytes"}``. The first line it writes says what it is.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
import warnings
from typing import Any

import numpy as np
import sentence_transformers
import torch


def main(folder: str) -> None:
    """Answer until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    model = sentence_transformers.SentenceTransformer(folder, local_files_only=True)
    model.encode(["Good morning."])
    about = {
        "version": sentence_transformers.__version__,
        "number_format": str(model.dtype).removeprefix("torch."),
        "threads": torch.get_num_threads(),
    }
    answers.write(json.dumps(about) + "\n")
    for line in sys.stdin:
        answers.write(json.dumps(_encode(model, **json.loads(line))) + "\n")


def _encode(model: Any, texts: list[str], save: str) -> dict[str, float]:
    started = time.perf_counter()
    rows = model.encode(texts, show_progress_bar=False)
    seconds = time.perf_counter() - started
    np.save(save, rows)
    return {"seconds": seconds, "peak_bytes": peak_bytes()}


def peak_bytes() -> int:
    """The most memory that this process had so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    main(sys.argv[1])
