"""Vectors of earlier measurements, so that the next one over the same files takes a tenth of the time.

Kept by the hash of what was embedded *together*: what stands beside a text in a batch moves its vector by a
thousandth, and a figure must be the same with the cache and without. No text is kept, only hashes and vectors.
"""

from __future__ import annotations

import hashlib
import threading
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from rag.types import Embedder

KEY_BYTES = 16


class CachedEmbedder:
    """An embedder that looks up what it embedded before. Safe to share between threads; kept on leaving ``with``."""

    def __init__(self, embedder: Embedder, folder: Path) -> None:
        self._embedder = embedder
        self.name, self.dimension, self.fingerprint = embedder.name, embedder.dimension, embedder.fingerprint
        self.languages = embedder.languages
        self._path = folder / f"{embedder.fingerprint}.npz"
        self._lock = threading.Lock()
        self._known = _read(self._path, self.dimension)
        self._kept = len(self._known)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        if len(self._known) > self._kept:
            _write(self._path, self._known)

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """As the embedder beneath."""
        return self._looked_up("document", texts, lambda: self._embedder.embed(texts))

    def embed_query(self, text: str) -> np.ndarray:
        """As the embedder beneath."""
        row: np.ndarray = self._looked_up("query", [text], lambda: self._embedder.embed_query(text)[None])[0]
        return row

    def held(self, question: str, texts: Sequence[str]) -> np.ndarray:
        """As the embedder beneath."""
        return self._embedder.held(question, texts)

    def forget(self) -> None:
        """See `rag.types.Embedder`."""
        self._embedder.forget()

    def count_pieces(self, texts: Sequence[str]) -> list[int]:
        """As the embedder beneath."""
        return self._embedder.count_pieces(texts)

    def _looked_up(self, kind: str, texts: Sequence[str], embed: Callable[[], np.ndarray]) -> np.ndarray:
        key = _key(kind, texts)
        with self._lock:
            known = self._known.get(key)
        if known is None:
            known = embed()
            with self._lock:
                self._known[key] = known
        return known


def _key(kind: str, texts: Sequence[str]) -> bytes:
    digest = hashlib.sha256(kind.encode())
    for text in texts:
        digest.update(hashlib.sha256(text.encode("utf-8", errors="surrogatepass")).digest())
    return digest.digest()[:KEY_BYTES]


def _read(path: Path, dimension: int) -> dict[bytes, np.ndarray]:
    """What an earlier run kept; nothing where the file is missing or damaged."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            keys, counts, rows = kept["keys"], kept["counts"], kept["rows"]
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
        return {}
    if rows.ndim != 2 or rows.shape != (counts.sum(), dimension) or keys.shape != (len(counts), KEY_BYTES):
        return {}
    parts = np.split(rows, np.cumsum(counts)[:-1]) if len(counts) else []
    return {key.tobytes(): part for key, part in zip(keys, parts, strict=True)}


def _write(path: Path, known: dict[bytes, np.ndarray]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    keys = np.frombuffer(b"".join(known), dtype=np.uint8).reshape(-1, KEY_BYTES)
    counts = np.array([len(rows) for rows in known.values()], dtype=np.int64)
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez(file, keys=keys, counts=counts, rows=np.concatenate(list(known.values())).astype(np.float32))
    part.replace(path)
