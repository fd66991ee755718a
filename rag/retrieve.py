"""The chunks of a scope that stand nearest to a question, by words and by meaning.

Two rankings are fused: BM25 over (names and headings, text), and cosine, each over what may be
found in the scope and nothing else. Documents that hold the question's rare words, or are named in
it, come first; of passages that are alike but for names and amounts, only theirs are shown.
Knows no language model and never decides whether a hit answers the question.

Source: 2210.11934 for the convex combination; measured by `rag.evals.retrieval`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rag.fusion import by_document, decayed, fuse, rarity, shares, smoothed
from rag.naming import named_files
from rag.passages import Catalogue
from rag.store import Store
from rag.terms import DECAY, asks_for_exact, clean, content_terms, match_any, weighted_terms, words_of
from rag.types import Chunk, Embedder, Hit, Source
from rag.vectors import VectorIndex

CANDIDATES = 100  # of each ranking
MAX_TURNS = 6  # an older question weighs less than 2%
SAME_AFFINITY = 0.25  # documents this near to the best are taken to be asked about as well

_Found = tuple[Chunk, Source, str]


@dataclass(frozen=True, slots=True)
class Weights:
    """How the rankings are mixed; the defaults are those that `rag.evals.retrieval` was run with."""

    dense: float = 0.6  # the rest is BM25
    dense_exact: float = 0.5  # where the question holds identifiers, digits or quotes
    neighbours: float = 0.1  # of the cosine of the chunk before and after
    document: float = 0.1  # for a document that holds the question's rare words
    alike: float = 0.6  # share of common words from which two passages are versions of one text


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What a search found. ``top_cosine`` and ``coverage`` tell how near the best hits are, 0 to 1."""

    hits: tuple[Hit, ...] = ()
    searched: tuple[str, ...] = ()  # names of the files that were looked through
    top_cosine: float = 0.0  # of the nearest chunk and the question, alone or with earlier ones, whichever is higher
    coverage: float = 0.0  # of the question's words, by rarity: the share that stands in the best hit
    named: tuple[str, ...] = ()  # files that the question names; only these were searched
    absent: tuple[str, ...] = ()  # words of the question, in its order, that stand in none of the files searched


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question, made ready."""

    vector: np.ndarray  # with those of earlier questions, decayed
    alone: np.ndarray
    terms: dict[str, float]  # of all turns, with their weights
    queries: tuple[str, ...]  # for BM25: the question, and all turns where there are more
    own_terms: tuple[str, ...]  # of the question alone
    exact: bool


class Retriever:
    """Searches one scope at a time. Safe to share between threads."""

    def __init__(
        self, store: Store, vectors: VectorIndex, embedder: Embedder, *, weights: Weights | None = None
    ) -> None:
        self._store = store
        self._vectors = vectors
        self._embedder = embedder
        self._weights = weights or Weights()

    def search(
        self,
        scope_id: str,
        question: str,
        *,
        history: Sequence[str] = (),
        within: frozenset[int] | None = None,
        limit: int = 8,
    ) -> Retrieval:
        """The best chunks for ``question`` in a scope, best first.

        ``history``: earlier questions of the conversation, oldest first. ``within``: only these
        documents. A file that the question names is searched alone. Any characters may be asked.

        Raises: ModelError, StoreError.
        """
        catalogue = self._store.catalogue(scope_id)
        sources = self._store.sources(scope_id)
        if within is not None:
            catalogue = catalogue.only(within)
            sources = [source for source in sources if source.document_id in within]
        named = tuple(named_files(question, [source.name for source in sources]))
        if named:
            catalogue = catalogue.only(frozenset(source.document_id for source in sources if source.name in named))
        there = set(catalogue.document_ids.tolist())
        searched = _names(source for source in sources if source.document_id in there)
        asked = self._asked(question, history, named)
        if asked is None or not len(catalogue):
            return Retrieval(searched=searched, named=named)
        found = _Search(self._store, self._vectors, self._weights, scope_id, catalogue, asked).run(limit)
        return replace(found, searched=searched, named=named)

    def recall(
        self, scope_id: str, chunk_ids: Sequence[int], *, within: frozenset[int] | None = None
    ) -> dict[int, Hit]:
        """Those of the chunks of an earlier search that may be found *now*, by their ids; without scores.

        Raises: StoreError.
        """
        found = self._store.chunks(scope_id, chunk_ids).values()
        hits = [Hit(chunk, source.source_ref, source.name, 0.0, 0.0) for chunk, source, _ in found]
        return {hit.chunk.chunk_id: hit for hit in hits if within is None or hit.chunk.document_id in within}

    def whole(self, scope_id: str, *, within: frozenset[int] | None = None, most: int = 40) -> tuple[Hit, ...]:
        """All chunks of some documents in reading order, without scores; none where they are more than ``most``.

        Raises: StoreError.
        """
        catalogue = self._store.catalogue(scope_id)
        catalogue = catalogue if within is None else catalogue.only(within)
        if len(catalogue) > most:
            return ()
        known = self.recall(scope_id, catalogue.chunk_ids.tolist())
        return tuple(known[chunk_id] for chunk_id in catalogue.chunk_ids.tolist() if chunk_id in known)

    def _asked(self, question: str, history: Sequence[str], named: Sequence[str]) -> _Asked | None:
        turns = tuple(clean(turn) for turn in (*history[-MAX_TURNS:], question))
        if not words_of(turns[-1]):
            return None
        vectors = np.stack([self._embedder.embed_query(turn) for turn in turns if turn.strip()])
        terms = weighted_terms(turns)
        queries = [match_any(_but(named, words)) for words in (content_terms(turns[-1]), terms)]
        return _Asked(
            *(decayed(vectors, DECAY), vectors[-1], terms, tuple(dict.fromkeys(queries))),
            *(tuple(dict.fromkeys(content_terms(turns[-1]))), asks_for_exact(turns[-1])),
        )


class _Search:
    """One search: arrays over the chunks of the catalogue, and what each ranking says of them."""

    def __init__(
        self, store: Store, vectors: VectorIndex, weights: Weights, scope_id: str, catalogue: Catalogue, asked: _Asked
    ) -> None:
        self._store = store
        self._vectors = vectors
        self._weights = weights
        self._scope_id = scope_id
        self._catalogue = catalogue
        self._asked = asked
        self._holding = self._look_up_terms()
        self._affinity = self._document_affinity()
        self._cosines = np.full(len(catalogue), np.nan)
        self._is_candidate = np.zeros(len(catalogue), dtype=bool)

    def run(self, limit: int) -> Retrieval:
        words = self._rank_by_words()
        self._rank_by_meaning()
        scores = self._scores(words)
        order = np.flatnonzero(self._is_candidate)
        order = order[np.argsort(-scores[order], kind="stable")]
        picked = self._pick(order, limit)
        hits = tuple(self._hit(place, found, scores) for place, found in picked)
        return Retrieval(
            hits=hits,
            top_cosine=self._top_cosine(),
            coverage=float(self._coverage()[picked[0][0]]) if picked else 0.0,
            absent=self._absent(),
        )

    def _absent(self) -> tuple[str, ...]:
        held = dict(zip(self._asked.terms, np.any(self._holding, axis=1), strict=True))
        return tuple(term for term in self._asked.own_terms if not held.get(term, True))

    # --- by words ----------------------------------------------------------------------------

    def _look_up_terms(self) -> np.ndarray:
        """Which chunk holds which of the terms: (terms, chunks) bool."""
        rows = [np.isin(self._catalogue.chunk_ids, self._store.holding(f'"{term}"')) for term in self._asked.terms]
        return np.stack(rows) if rows else np.zeros((0, len(self._catalogue)), dtype=bool)

    def _term_weights(self) -> np.ndarray:
        return np.fromiter(self._asked.terms.values(), dtype=np.float64)

    def _document_affinity(self) -> np.ndarray:
        """For each chunk the share of the question's telling words that its document holds, 0 to 1."""
        held, places = by_document(self._holding, self._catalogue.document_ids)
        weights = self._term_weights() * rarity(held) * held.any(axis=1)
        return shares(held, weights)[places]

    def _coverage(self) -> np.ndarray:
        return shares(
            self._holding, self._term_weights() * np.log1p(len(self._catalogue) / (self._holding.sum(axis=1) + 0.5))
        )

    def _rank_by_words(self) -> np.ndarray:
        """BM25 of the question and of all questions so far, 0 to 1 each, and their mean."""
        total = np.zeros(len(self._catalogue))
        for query in self._asked.queries:
            found = self._store.ranked(query, self._scope_id, self._documents(), CANDIDATES)
            places, known = self._catalogue.places([chunk_id for chunk_id, _ in found])
            scores = np.array([score for _, score in found])[known]
            if len(scores):
                total[places] += scores / max(scores.max(), 1e-9) / len(self._asked.queries)
                self._is_candidate[places] = True
        return total

    def _documents(self) -> frozenset[int]:
        return frozenset(np.unique(self._catalogue.document_ids).tolist())

    # --- by meaning --------------------------------------------------------------------------

    def _rank_by_meaning(self) -> None:
        ids = self._catalogue.chunk_ids
        self._is_candidate[self._measure(ids, CANDIDATES)] = True
        favoured = self._favoured()
        if not favoured.all():
            self._is_candidate[self._measure(ids[favoured], CANDIDATES // 2)] = True
        near = self._is_candidate.copy()
        near[1:] |= self._is_candidate[:-1]
        near[:-1] |= self._is_candidate[1:]
        missing = ids[near & np.isnan(self._cosines)]
        self._measure(missing, len(missing))

    def _measure(self, ids: np.ndarray, limit: int) -> np.ndarray:
        """Note the cosines of the nearest of ``ids``; returns their places."""
        found, cosines = self._vectors.search(self._asked.vector, ids, limit)
        places, _ = self._catalogue.places(found)
        self._cosines[places] = cosines
        return places

    def _top_cosine(self) -> float:
        """A new subject must not be refused for the questions before it, nor a follow-up for what it leaves unsaid."""
        _, alone = self._vectors.search(self._asked.alone, self._catalogue.chunk_ids, 1)
        return float(np.nanmax(np.concatenate([self._cosines, alone]), initial=0.0))

    # --- together ----------------------------------------------------------------------------

    def _scores(self, words: np.ndarray) -> np.ndarray:
        weights = self._weights
        dense = smoothed(self._cosines, self._catalogue, weights.neighbours)
        dense = np.where(self._is_candidate, dense, np.nan)
        share = weights.dense_exact if self._asked.exact else weights.dense
        return fuse(dense, words, share) + weights.document * self._affinity

    def _pick(self, order: np.ndarray, limit: int) -> list[tuple[int, _Found]]:
        """The first ``limit`` that say something new, with their rows as SQLite has them now."""
        ids = self._catalogue.chunk_ids
        rows = self._store.chunks(self._scope_id, ids[order].tolist())
        places = [place for place in order.tolist() if int(ids[place]) in rows]
        favoured = self._favoured()
        texts = {} if favoured.all() else {place: rows[int(ids[place])][0].text for place in places if favoured[place]}
        originals = [frozenset(words_of(text)) for text in texts.values()]
        picked: list[tuple[int, _Found]] = []
        said: list[str] = []
        for place in places:
            found = rows[int(ids[place])]
            words = words_of(found[0].text)
            text = " ".join(words)
            is_new = not any(text in other or other in text for other in said)
            if is_new and (favoured[place] or not self._is_version(frozenset(words), originals)):
                picked.append((place, found))
                said.append(text)
            if len(picked) == limit:
                break
        return picked

    def _favoured(self) -> np.ndarray:
        """Chunks of the documents that are asked about, (n,) bool: all, where none stands out."""
        return self._affinity >= self._affinity.max() - SAME_AFFINITY

    def _is_version(self, words: frozenset[str], originals: Sequence[frozenset[str]]) -> bool:
        """Whether a passage reads like one of a favoured document's but for names and amounts."""
        return any(len(words & other) >= self._weights.alike * len(words | other) for other in originals)

    def _hit(self, place: int, found: _Found, scores: np.ndarray) -> Hit:
        chunk, source, _ = found
        cosine = self._cosines[place]
        return Hit(
            chunk, source.source_ref, source.name, float(scores[place]), 0.0 if np.isnan(cosine) else float(cosine)
        )


def _but(names: Sequence[str], terms: Iterable[str]) -> list[str]:
    """Terms without a searched file's name: it stands in front of each of its chunks and tells none from another."""
    terms = list(terms)
    in_names = {word for name in names for word in words_of(name)}
    return [term for term in terms if not in_names.issuperset(words_of(term))] or terms


def _names(sources: Iterable[Source]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(source.name for source in sources))
