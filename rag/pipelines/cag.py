"""Answering from texts that were prepared once: preload under a key, then ask under that key.

    texts → vectors, kept on disk under the key → question → nearest texts → model

Few texts are not chosen from: the model reads all of them when they are preloaded and keeps its keys and values, so
that a question costs its own words only (cache-augmented generation, arXiv 2412.15605).
Each key answers from its own texts only, each session has its own history, and where no text is
near the question the model is not asked at all. Nothing is ever looked up outside this machine.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict, deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rag.errors import EmptyQuestion, StoreCorrupt, UnknownKey, WebSearchRefused
from rag.fusion import decayed
from rag.llms.base import BaseLLM
from rag.terms import VECTOR_DECAY, clean, content_terms
from rag.types import Embedder, Turn
from rag.vectors import Header, StaleIndex, VectorIndex, replace_file

REFUSAL = "The documents say nothing about this."
EMBED_BATCH = 32
SIMILARITY_THRESHOLD = 0.3
STANDALONE_TERMS = 4  # a question with fewer words of its own may lean on those before it
WHOLE_TOKENS = 3000  # texts that are no longer together are read whole, once, and asked about ever after
SESSIONS = 1000  # the least recently used is forgotten beyond that
TURNS = 20  # that a session remembers at most


@dataclass(frozen=True, slots=True)
class Prepared:
    """The texts of one key, and an index of their vectors by position."""

    texts: tuple[str, ...]
    index: VectorIndex


class KVCache:
    """Texts and vectors on disk, two files for a key. Safe to share between threads.

    Any string is a key: files are named by its sha256, so that none can lie outside the folder.
    """

    def __init__(self, cache_dir: str | Path = "kv_cache") -> None:
        self.folder = Path(cache_dir)
        self._lock = threading.RLock()

    def save(self, key: str, prepared: Prepared) -> None:
        """Keep texts and vectors under ``key``: a crash leaves the old ones, or nothing, never a mixture."""
        texts, vectors = self._paths(key)
        digest = _digest(prepared.texts)
        record = {"key": key, "digest": digest, "fingerprint": prepared.index.fingerprint, "texts": prepared.texts}
        with self._lock:
            replace_file(texts, json.dumps(record).encode())
            prepared.index.write(vectors, _generation(digest))

    def load(self, key: str, fingerprint: str, dimension: int) -> Prepared | None:
        """What is kept under ``key``, or None where nothing is, or where another embedder made it.

        Raises: StoreCorrupt, where the texts are damaged.
        """
        path, vectors = self._paths(key)
        with self._lock:
            try:
                record = json.loads(path.read_bytes())
                texts = tuple(record["texts"])
                if record["digest"] != _digest(texts):
                    raise ValueError("checksum")
            except FileNotFoundError:
                return None
            except (ValueError, KeyError, TypeError) as error:
                raise StoreCorrupt(
                    "The prepared documents under this key are damaged; preload them again.", detail=str(error)
                ) from error
            header = Header(_generation(record["digest"]), len(texts), fingerprint, dimension)
            with suppress(StaleIndex):
                return Prepared(texts, VectorIndex.read(vectors, header))
        return None

    def stamp(self, key: str) -> tuple[int, int] | None:
        """Changes whenever ``key`` is saved again, by whatever process; None where it is not kept."""
        try:
            status = self._paths(key)[0].stat()
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_mtime_ns

    def delete(self, key: str) -> bool:
        """Forget one key; returns whether it was there."""
        with self._lock:
            paths = self._paths(key)
            there = any(path.exists() for path in paths)
            for path in paths:
                path.unlink(missing_ok=True)
            return there

    def reset(self) -> None:
        """Forget every key. Files that are not of this cache stay."""
        with self._lock:
            for path in self.folder.glob("[0-9a-f]*.cag.*"):
                path.unlink()

    def _paths(self, key: str) -> tuple[Path, Path]:
        name = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
        return self.folder / f"{name}.cag.json", self.folder / f"{name}.cag.faiss"


class CAG:
    """Preload documents, then ask. Safe to share between threads.

    ``embedding_model``: None is the embedded one. ``cache``: None keeps everything in memory only.
    """

    def __init__(self, llm: BaseLLM, embedding_model: Embedder | None = None, cache: KVCache | None = None) -> None:
        self._llm = llm
        self._embedder = embedding_model or _embedded_model()
        self._cache = cache
        self._prepared: dict[str, tuple[tuple[int, int] | None, Prepared]] = {}  # with the stamp of what was read
        self._sessions: OrderedDict[tuple[str, str], deque[Turn]] = OrderedDict()
        self._lock = threading.Lock()

    def preload_documents(self, documents: list[str], cache_key: str) -> None:
        """Make texts ready under a key; the same texts are not computed again, other texts replace them.

        Raises: ModelError.
        """
        texts = tuple(text for text in ([documents] if isinstance(documents, str) else documents) if text.strip())
        with suppress(StoreCorrupt, UnknownKey):  # made again below
            if self._known(cache_key).texts == texts:
                return
        prepared = self._prepare(texts)
        if self._cache:
            self._cache.save(cache_key, prepared)
        self._adopt(cache_key, prepared, self._cache.stamp(cache_key) if self._cache else None)
        if self._is_short(texts):
            self._llm.preload_context(_joined(texts))

    def infer(
        self,
        query: str,
        cache_key: str,
        *,
        session_id: str = "default",
        context_turns: int = 5,
        top_k: int = 5,
        similarity_threshold: float = SIMILARITY_THRESHOLD,
        web_search: bool = False,
    ) -> str:
        """The answer to ``query`` from the texts under ``cache_key``, or `REFUSAL` where none is near.

        ``similarity_threshold``: the least cosine, -1 to 1, of question and text.

        Raises: WebSearchRefused, UnknownKey, EmptyQuestion, ModelError.
        """
        if web_search:
            raise WebSearchRefused()
        question = clean(query).strip()
        if not question:
            raise EmptyQuestion()
        prepared = self._known(cache_key)
        turns = self._turns(cache_key, session_id)[-context_turns:] if context_turns > 0 else []
        context = self._nearest(prepared, question, turns, top_k, similarity_threshold)
        if not context:
            return REFUSAL
        if self._is_short(prepared.texts):  # all of them, before anything that changes: their keys are kept
            answer = self._llm.answer_question(_joined([*prepared.texts, *_told(turns)]), question)
        else:
            answer = self._llm.answer_question(_joined([*_told(turns), *context]), question)
        self._remember(cache_key, session_id, Turn(question, answer))
        return answer

    def forget_session(self, cache_key: str, session_id: str = "default") -> None:
        """Drop the history of one session."""
        with self._lock:
            self._sessions.pop((cache_key, session_id), None)

    def _known(self, cache_key: str) -> Prepared:
        """What is prepared under a key now, also where another process has just prepared it."""
        now = self._cache.stamp(cache_key) if self._cache else None
        with self._lock:
            stamp, prepared = self._prepared.get(cache_key, (None, None))
        if self._cache and (prepared is None or stamp != now):
            prepared = self._cache.load(cache_key, self._embedder.fingerprint, self._embedder.dimension)
            if prepared:
                self._adopt(cache_key, prepared, now)
        if prepared is None:
            raise UnknownKey(f"Nothing is prepared under the key “{cache_key}”; call preload_documents first.")
        return prepared

    def _adopt(self, cache_key: str, prepared: Prepared, stamp: tuple[int, int] | None) -> None:
        with self._lock:
            self._prepared[cache_key] = (stamp, prepared)
            for session in [session for session in self._sessions if session[0] == cache_key]:
                del self._sessions[session]  # its answers came from texts that may be gone

    def _prepare(self, texts: tuple[str, ...]) -> Prepared:
        index = VectorIndex(self._embedder.dimension, self._embedder.fingerprint)
        for start in range(0, len(texts), EMBED_BATCH):
            batch = texts[start : start + EMBED_BATCH]
            index.add(np.arange(start, start + len(batch)), self._embedder.embed(batch))
        return Prepared(texts, index)

    def _is_short(self, texts: Sequence[str]) -> bool:
        """Whether a model reads them whole. Not the trial model: it loses itself in more than a few."""
        most = min(WHOLE_TOKENS, self._llm.context_tokens // 2)
        if self._llm.is_trial or sum(map(len, texts)) > 8 * most:  # no need to count
            return False
        return self._llm.count_tokens(_joined(texts)) <= most

    def _nearest(
        self, prepared: Prepared, question: str, turns: Sequence[Turn], top_k: int, threshold: float
    ) -> list[str]:
        stands_alone = len(content_terms(question)) >= STANDALONE_TERMS
        asked = [*(turn.question for turn in turns if not stands_alone), question]
        vector = decayed(np.stack([self._embedder.embed_query(text) for text in asked]), VECTOR_DECAY)
        positions, cosines = prepared.index.search(vector, np.arange(len(prepared.texts)), top_k)
        near = zip(positions.tolist(), cosines.tolist(), strict=True)
        return [prepared.texts[position] for position, cosine in near if cosine >= threshold]

    def _turns(self, cache_key: str, session_id: str) -> list[Turn]:
        with self._lock:
            return list(self._sessions.get((cache_key, session_id), ()))

    def _remember(self, cache_key: str, session_id: str, turn: Turn) -> None:
        with self._lock:
            self._sessions.setdefault((cache_key, session_id), deque(maxlen=TURNS)).append(turn)
            self._sessions.move_to_end((cache_key, session_id))
            while len(self._sessions) > SESSIONS:
                self._sessions.popitem(last=False)


def _told(turns: Sequence[Turn]) -> list[str]:
    return [f"Asked before: {turn.question}\nSaid then: {turn.answer}" for turn in turns]


def _joined(texts: Sequence[str]) -> str:
    return "\n\n".join(texts)


def _embedded_model() -> Embedder:
    from rag.embeddings import HuggingFaceEmbedding

    return HuggingFaceEmbedding()


def _digest(texts: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()


def _generation(digest: str) -> int:
    return int(digest[:15], 16)
