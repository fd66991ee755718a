"""`inhouse bench index`: a file on its whole way into the store, beside plain encoding of the same texts.

Ours parses, splits, stores, indexes the words and makes the vectors; the other only makes vectors, in a process of its
own with its own threads. Each round takes a new text, and the two take turns.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rag.bench.figures import Measure, Spread
from rag.bench.goals import Goal
from rag.bench.indexing import SENTENCES_PER_CHUNK
from rag.bench.plain_encode import peak_bytes
from rag.bench.process import own_environment
from rag.bench.workloads import passage
from rag.bench.written import OURS
from rag.errors import ModelFailed
from rag.ingest import Ingester, Progress
from rag.store import Store
from rag.types import Embedder

PLAIN = "sentence_transformers"
LEAST_RATIO, LEAST_COSINE = 1.5, 0.99
_SCOPE, _SEED = "indexed", 97


@dataclass(frozen=True, slots=True)
class Round:
    """One text: how many chunks it became, seconds of both, and the cosines of their vectors."""

    chunks: int
    ours_s: float
    plain_s: float
    cosines: np.ndarray


class PlainEncoder:
    """Starts `rag.bench.plain_encode` over a model's folder. Raises: ModelFailed where it does not come up."""

    def __init__(self, folder: Path) -> None:
        command = [*own_environment(), sys.executable, "-m", "rag.bench.plain_encode", str(folder)]
        root = Path(__file__).resolve().parent.parent.parent
        self._child = subprocess.Popen(  # noqa: S603 - our own module
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root
        )
        self.about = self._read()

    def encode(self, texts: Sequence[str]) -> tuple[np.ndarray, float, int]:
        """Vectors, (n, d) float32, the seconds that took, and the most memory it has had."""
        assert self._child.stdin
        with tempfile.NamedTemporaryFile(suffix=".npy") as file:
            with suppress(BrokenPipeError):  # then it does not answer either
                self._child.stdin.write(json.dumps({"texts": list(texts), "save": file.name}) + "\n")
                self._child.stdin.flush()
            answer = self._read()
            return np.load(file.name, allow_pickle=False), answer["seconds"], answer["peak_bytes"]

    def close(self) -> None:
        """End the process."""
        self._child.kill()
        with suppress(BrokenPipeError):
            self._child.communicate()

    def _read(self) -> dict[str, Any]:
        assert self._child.stdout
        line = self._child.stdout.readline()
        if not line:
            self.close()
            raise ModelFailed("The plain encoder broke off while it was being measured; what it said stands above.")
        answer: dict[str, Any] = json.loads(line)
        return answer


class IndexBench:
    """Rounds of both. ``encode``: as `PlainEncoder.encode`."""

    def __init__(
        self,
        ingester: Ingester,
        store: Store,
        embedder: Embedder,
        encode: Callable[[Sequence[str]], tuple[np.ndarray, float, int]],
        say: Callable[[str], None],
    ) -> None:
        self._ingester, self._store, self._embedder = ingester, store, embedder
        self._encode, self._say = encode, say

    def run(self, chunks: int, repeats: int) -> list[Measure]:
        """``index``: chunks a second of both, each round about ``chunks`` of them."""
        self._ingester.ingest(_SCOPE, "first", "first.txt", passage(20, _SEED).encode())  # loads what is loaded late
        before = peak_bytes()
        rounds, plain_peak = [], 0
        for number in range(repeats):
            found, plain_peak = self._round(chunks, number)
            rounds.append(found)
        return [_measure(rounds, {"peak_grown_mb": (peak_bytes() - before) / 1e6, "plain_peak_mb": plain_peak / 1e6})]

    def _round(self, chunks: int, number: int) -> tuple[Round, int]:
        text = passage(max(1, int(chunks * SENTENCES_PER_CHUNK)), _SEED + 1 + number)
        name = f"round-{number}.txt"
        started = time.perf_counter()
        done = self._ingester.ingest(_SCOPE, name, name, text.encode(), self._told(number))
        ours_s = time.perf_counter() - started
        texts, rows = self._vectors(done.document.document_id)
        plain, plain_s, peak = self._encode(texts)
        plain = plain / np.linalg.norm(plain, axis=1, keepdims=True)
        self._say(f"round {number + 1}: {len(texts)} chunks in {ours_s:.1f} s, plain encoding in {plain_s:.1f} s")
        return Round(len(texts), ours_s, plain_s, (rows * plain).sum(axis=1)), peak

    def _vectors(self, document_id: int) -> tuple[list[str], np.ndarray]:
        """What was embedded of a document, and its stored vectors."""
        every = self._store.without_vector(document_id, "", 1_000_000)
        ids = np.array([chunk.chunk_id for chunk, _ in every], dtype=np.int64)
        found, rows = self._store.vectors(self._embedder.fingerprint, ids)
        texts = {chunk.chunk_id: f"{header}\n{chunk.text}" for chunk, header in every}
        return [texts[int(chunk_id)] for chunk_id in found], rows

    def _told(self, number: int) -> Callable[[Progress], None]:
        tenths = iter(range(1, 11))
        due = next(tenths)

        def tell(progress: Progress) -> None:
            nonlocal due
            if progress.total and progress.done * 10 >= due * progress.total:
                self._say(f"round {number + 1}: {progress.done} of {progress.total} {progress.unit}s")
                due = next(tenths, 11)

        return tell


def judge(measure: Measure) -> list[Goal]:
    """How much quicker it should be than plain encoding, and how alike the vectors."""
    return [
        Goal("chunks per second to plain encoding's", False, LEAST_RATIO, measure.ratio(OURS, PLAIN) or 0.0),
        Goal("lowest cosine to plain encoding's vectors", False, LEAST_COSINE, float(measure.facts["cosine_min"] or 0)),
    ]


def _measure(rounds: Sequence[Round], memory: dict[str, float]) -> Measure:
    spreads = {
        OURS: Spread.of(found.chunks / found.ours_s for found in rounds),
        PLAIN: Spread.of(found.chunks / found.plain_s for found in rounds),
    }
    cosines = np.concatenate([found.cosines for found in rounds])
    facts = {
        "chunks": sum(found.chunks for found in rounds),
        "ratio": spreads[OURS].median / spreads[PLAIN].median,
        "cosine_min": float(cosines.min()),
        "cosine_mean": float(cosines.mean()),
        **memory,
    }
    return Measure("index", "a file's whole way in, and plain encoding of its chunks", "chunks/s", spreads, facts=facts)
