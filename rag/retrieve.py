"""The chunks of a scope that stand nearest to a question, by words and by meaning.

Two rankings are fused: BM25 over (names and headings, text), and cosine, each over what may be
found in the scope and nothing else. Documents that hold the question's rare words, or are named in
it, come first; of passages that are alike but for names and amounts, only theirs are shown.
Knows no language model and never decides whether a hit answers the question.

Source: 2210.11934 for the convex combination; measured by `inhouse eval` (docs/quality.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from rag.fusion import decayed, fuse, rarity, shares, top
from rag.language import guess_language
from rag.naming import named_files
from rag.passages import Catalogue, bm25
from rag.store import Store
from rag.terms import VECTOR_DECAY, asks_for_exact, clean, content_terms, match_any, weighted_terms, words_of
from rag.types import Chunk, Embedder, Hit, Source
from rag.vectors import VectorIndex
from rag.wording import Wording

LOOKED_AT = 30  # of the best, whose texts are read for a second look
IN_PIECES = 8  # of the best are compared piece by piece; of 8, 12, 20 and all, as good as all on XQuAD-en
RERANKED = 20  # of the best are read by a reranker
STANDS_OUT = 20  # the best cosine is compared with that of this rank
AT_ONCE = 8  # searches whose questions are embedded beside their other work
MAX_TURNS = 6  # an older question weighs less than 2%
SAME_AFFINITY = 0.25  # documents this near to the best are taken to be asked about as well

_Found = tuple[Chunk, Source, str]


@dataclass(frozen=True, slots=True)
class Weights:
    """How a passage's rank is mixed; the defaults were tuned on the halves that `rag.evals` calls dev."""

    dense: float = 0.7  # of the cosine, 0 to 1 over what is searched
    dense_exact: float = 0.6  # where the question holds identifiers, digits or quotes
    words: float = 0.2  # of BM25, 0 to 1
    stems: float = 0.2  # of BM25 over stems; this and the next two for the best `LOOKED_AT` only
    near: float = 0.1  # for the question's words near each other
    phrases: float = 0.1  # for words that follow each other as in the question
    pieces: float = 0.4  # for word pieces of the question, or ones near them
    neighbours: float = 0.1  # of the score of the chunk before and after, where the same place goes on
    document: float = 0.1  # for a document that holds the question's rare words
    alike: float = 0.6  # share of common words from which two passages are versions of one text

    def for_follow_up(self) -> Weights:
        """A follow-up leaves unsaid what it is about: where its own words stand tells nothing."""
        return replace(self, near=0.0, phrases=0.0, pieces=0.25 * self.pieces)

    def for_foreign(self) -> Weights:
        """Of a language that the embedder was not made for, its words tell more than the embedder."""
        return replace(self, dense=0.6 * self.dense, dense_exact=0.6 * self.dense_exact, stems=1.5 * self.stems)


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What a search found. ``top_cosine`` and ``coverage`` tell how near the best hits are, 0 to 1."""

    hits: tuple[Hit, ...] = ()
    searched: tuple[str, ...] = ()  # names of the files that were looked through
    top_cosine: float = 0.0  # of the nearest chunk and the question, alone or with earlier ones, whichever is higher
    coverage: float = 0.0  # of the question's words, by rarity: the share that stands in the best hit
    named: tuple[str, ...] = ()  # files that the question names; only these were searched
    absent: tuple[str, ...] = ()  # words of the question, in its order, that stand in none of the files searched
    margin: float = 0.0  # of the cosines with the earlier questions: the highest less the twentieth


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question, made ready."""

    vectors: Future[np.ndarray]  # (q, d) float32: with those of earlier questions, decayed, where there are any; alone
    terms: dict[str, float]  # of all turns, with their weights
    text: str
    queries: tuple[tuple[str, ...], ...]  # terms for BM25: of the question, and of all turns where there are more
    own_terms: tuple[str, ...]  # of the question alone
    exact: bool
    held: Callable[[Sequence[str]], Future[np.ndarray]]  # how much of it stands in each text, made beside other work


class Reranker(Protocol):
    """A model that reads a question and a text together; see `rag.llms.rerankers`."""

    def scores(self, question: str, texts: Sequence[str]) -> np.ndarray:
        """How well each text answers; higher is better. Shape: (n,). Raises: ModelError."""


class Retriever:
    """Searches one scope at a time. Safe to share between threads."""

    def __init__(
        self,
        store: Store,
        vectors: VectorIndex,
        embedder: Embedder,
        *,
        weights: Weights | None = None,
        reranker: Reranker | None = None,
    ) -> None:
        self._store = store
        self._vectors = vectors
        self._embedder = embedder
        self._weights = weights or Weights()
        self._reranker = reranker
        self._beside = ThreadPoolExecutor(AT_ONCE, "asked")

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
        turns = tuple(clean(turn) for turn in (*history[-MAX_TURNS:], question))
        vectors = self._beside.submit(self._embedded, turns) if words_of(turns[-1]) else None  # while words are found
        catalogue = self._store.catalogue(scope_id)
        sources = self._store.named(scope_id)
        if within is not None:
            catalogue = catalogue.only(within)
            sources = [source for source in sources if source[0] in within]
        named = tuple(named_files(question, [name for _, name in sources]))
        if named:
            catalogue = catalogue.only(frozenset(document for document, name in sources if name in named))
        there = set(catalogue.documents.tolist())
        searched = tuple(dict.fromkeys(name for document, name in sources if document in there))
        if vectors is None or not len(catalogue):
            return Retrieval(searched=searched, named=named)
        asked = _asked(turns, named, vectors, self._held(turns[-1]))
        weights = self._weights_for(question, history)
        most = max(limit, RERANKED) if self._reranker else limit
        found = _Search(self._store, self._vectors, weights, scope_id, catalogue, asked).run(most)
        hits = self._reranked(question, found.hits)[:limit]
        return replace(found, hits=hits, searched=searched, named=named)

    def _weights_for(self, question: str, history: Sequence[str]) -> Weights:
        weights = self._weights.for_follow_up() if history else self._weights
        known, language = self._embedder.languages, guess_language(question)
        return weights.for_foreign() if known and language and language not in known else weights

    def _reranked(self, question: str, hits: tuple[Hit, ...]) -> tuple[Hit, ...]:
        """In the reranker's order, where there is one; each keeps the score that the search gave it."""
        if self._reranker is None or not hits:
            return hits
        scores = self._reranker.scores(question, [hit.chunk.text for hit in hits])
        return tuple(hits[place] for place in np.argsort(-scores, kind="stable").tolist())

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

    def _held(self, question: str) -> Callable[[Sequence[str]], Future[np.ndarray]]:
        """See `_Asked.held`."""
        return lambda texts: self._beside.submit(self._embedder.held, question, texts)

    def _embedded(self, turns: Sequence[str]) -> np.ndarray:
        """See `_Asked.vectors`."""
        vectors = np.stack([self._embedder.embed_query(turn) for turn in turns if turn.strip()])
        return np.stack([decayed(vectors, VECTOR_DECAY), vectors[-1]]) if len(vectors) > 1 else vectors


class _Search:
    """One search: arrays over the n chunks of the catalogue, and what each ranking says of them."""

    def __init__(
        self, store: Store, vectors: VectorIndex, weights: Weights, scope_id: str, catalogue: Catalogue, asked: _Asked
    ) -> None:
        self._store = store
        self._weights = weights
        self._scope_id = scope_id
        self._catalogue = catalogue
        self._asked = asked
        self._standing = dict(zip(asked.terms, store.standing(match_any(asked.terms), catalogue), strict=True))
        self._affinity = self._document_affinity()
        self._by_words = self._bm25()
        cosines = vectors.cosines(asked.vectors.result(), catalogue.chunk_ids)  # NaN without a vector yet
        self._cosines = cosines[0]
        self._top_cosine = float(np.nanmax(cosines, initial=0.0))

    def run(self, limit: int) -> Retrieval:
        scores = self._scores()
        order = self._first(scores)
        rows = self._store.chunks(self._scope_id, self._catalogue.chunk_ids[order].tolist())
        known = np.isin(self._catalogue.chunk_ids[order], list(rows))
        order = self._looked_at(order[known], rows, scores)
        picked = self._pick(order, rows, limit)
        return Retrieval(
            hits=tuple(self._hit(place, found, scores) for place, found in picked),
            top_cosine=self._top_cosine,
            coverage=self._coverage(picked[0][0]) if picked else 0.0,
            absent=self._absent(),
            margin=self._margin(),
        )

    # --- over all chunks ---------------------------------------------------------------------

    def _scores(self) -> np.ndarray:
        """By words and by meaning, (n,) float64."""
        weights = self._weights
        dense = weights.dense_exact if self._asked.exact else weights.dense
        lexical = weights.words + weights.stems  # until the best are looked at, BM25 stands for both
        share = dense / max(dense + lexical, 1e-9)
        scores = (dense + lexical) * fuse(self._cosines.astype(np.float64), self._by_words, share)
        return scores + weights.document * self._affinity

    def _bm25(self) -> np.ndarray:
        """BM25 of the question and of all questions so far, 0 to 1 each, and their mean."""
        total = np.zeros(len(self._catalogue))
        for query in self._asked.queries:
            found = bm25((self._standing[term] for term in query), len(self._catalogue))
            total += found / (max(found.max(), 1e-9) * len(self._asked.queries))
        return total

    def _document_affinity(self) -> np.ndarray:
        """For each chunk the share of the question's telling words that its document holds, 0 to 1."""
        held = np.zeros((len(self._standing), len(self._catalogue.documents)), dtype=bool)
        for row, word in zip(held, self._standing.values(), strict=True):
            row[self._catalogue.by_document[word.places]] = True
        weights = self._term_weights() * rarity(held) * held.any(axis=1)
        return shares(held, weights)[self._catalogue.by_document]

    def _term_weights(self) -> np.ndarray:
        return np.fromiter(self._asked.terms.values(), dtype=np.float64)

    def _coverage(self, place: int) -> float:
        counts = np.array([len(word.places) for word in self._standing.values()])
        held = np.array([[place in word.places] for word in self._standing.values()])
        return float(shares(held, self._term_weights() * np.log1p(len(self._catalogue) / (counts + 0.5)))[0])

    def _absent(self) -> tuple[str, ...]:
        counts = {term: len(word.places) for term, word in self._standing.items()}
        return tuple(term for term in self._asked.own_terms if not counts.get(term, 1))

    def _margin(self) -> float:
        known = self._cosines[~np.isnan(self._cosines)]
        best = known[top(known, STANDS_OUT)]
        return float(best.max() - best.min()) if len(best) else 0.0

    # --- over the best -----------------------------------------------------------------------

    def _first(self, scores: np.ndarray) -> np.ndarray:
        """Places of the best, best first; of documents that stand out more are looked at than of others."""
        favoured = self._favoured()
        best = top(scores, LOOKED_AT)
        if not favoured.all():
            best = np.union1d(best, top(np.where(favoured, scores, -np.inf), min(LOOKED_AT, int(favoured.sum()))))
        return best[np.argsort(-scores[best], kind="stable")]

    def _looked_at(self, order: np.ndarray, rows: Mapping[int, _Found], scores: np.ndarray) -> np.ndarray:
        """Look at the texts of the best, note in ``scores`` what they have of the question's words, and order them."""
        if not len(order):
            return order
        weights = self._weights
        found = [rows[chunk_id] for chunk_id in self._catalogue.chunk_ids[order].tolist()]
        texts = [f"{header}\n{chunk.text}" for chunk, _, header in found]
        pieces = self._asked.held(texts[:IN_PIECES])
        match = Wording(self._asked.text, self._asked.terms, texts).match()
        before = scores.copy()
        scores[order] -= weights.stems * self._by_words[order]
        scores[order] += weights.stems * match.counted / max(match.counted.max(), 1e-9)
        scores[order] += weights.near * match.near + weights.phrases * match.phrases
        shares = pieces.result()
        scores[order[: len(shares)]] += weights.pieces * (shares - shares.min())
        scores[order] = self._with_neighbours(order, scores, before)
        return order[np.argsort(-scores[order], kind="stable")]

    def _with_neighbours(self, order: np.ndarray, scores: np.ndarray, before: np.ndarray) -> np.ndarray:
        """Each score with a share of those before and after it: a text that goes on was cut for the embedder's sake.

        Theirs are those of ``before``, when none had been looked at.
        """
        beside = {place: self._beside(place) for place in order.tolist()}
        ids = self._catalogue.chunk_ids
        stands = self._store.places(ids[[*beside, *(other for each in beside.values() for other in each)]].tolist())
        total, weight = scores[order].copy(), np.ones(len(order))
        for index, (place, others) in enumerate(beside.items()):
            for other in others:
                if stands.get(int(ids[other])) == stands.get(int(ids[place])):
                    total[index] += self._weights.neighbours * before[other]
                    weight[index] += self._weights.neighbours
        return total / weight

    def _beside(self, place: int) -> list[int]:
        """The places of the chunks before and after one, in its document."""
        documents = self._catalogue.document_ids
        there = (other for other in (place - 1, place + 1) if 0 <= other < len(documents))
        return [other for other in there if documents[other] == documents[place]]

    def _pick(self, order: np.ndarray, rows: Mapping[int, _Found], limit: int) -> list[tuple[int, _Found]]:
        """The first ``limit`` that say something new, with their rows as SQLite has them now.

        What stands word for word in two files is shown once; in one file twice it stands in two places.
        """
        ids, places = self._catalogue.chunk_ids, order.tolist()
        favoured = self._favoured()
        texts = {} if favoured.all() else {place: rows[int(ids[place])][0].text for place in places if favoured[place]}
        originals = [frozenset(words_of(text)) for text in texts.values()]
        picked: list[tuple[int, _Found]] = []
        said: dict[str, int] = {}  # texts, each with the document that it was first seen in
        for place in places:
            found = rows[int(ids[place])]
            words = words_of(found[0].text)
            text = " ".join(words)
            document_id = found[0].document_id
            if said.setdefault(text, document_id) == document_id and (
                favoured[place] or not self._is_version(frozenset(words), originals)
            ):
                picked.append((place, found))
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


def _asked(
    turns: Sequence[str],
    named: Sequence[str],
    vectors: Future[np.ndarray],
    held: Callable[[Sequence[str]], Future[np.ndarray]],
) -> _Asked:
    own, terms = content_terms(turns[-1]), weighted_terms(turns)
    queries = dict.fromkeys(tuple(_but(named, words)) for words in (own, terms))
    return _Asked(vectors, terms, turns[-1], tuple(queries), tuple(dict.fromkeys(own)), asks_for_exact(turns[-1]), held)


def _but(names: Sequence[str], terms: Iterable[str]) -> list[str]:
    """Terms without a searched file's name: it stands in front of each of its chunks and tells none from another."""
    terms = list(terms)
    in_names = {word for name in names for word in words_of(name)}
    return [term for term in terms if not in_names.issuperset(words_of(term))] or terms
