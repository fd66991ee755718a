"""A question goes in; sentences come out one by one, each checked before it is shown.

    retrieve → gate → (refuse | quote → prompt → stream → check each sentence) → answer

Knows the library's rooms and nothing of who asks or where the answer appears.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from rag.cite import MAX_QUOTE_CHARS, Supported, Window, check, cite, number_citations, trimmed, windows_of
from rag.claims import asked_words, claims_of, squash
from rag.gate import Gate
from rag.language import guess_language
from rag.llms.base import ANYONE, BaseLLM
from rag.prompts import Prompt, build_prompt, passage_text, says_not_found
from rag.retrieve import Retrieval, Retriever
from rag.sentences import SentenceBuffer, fence_of, is_finished, table_of
from rag.types import Answer, Caller, Citation, Embedder, Hit, ModelEvent, Outcome, TextDelta, Turn

log = logging.getLogger(__name__)

TRIAL_SENTENCES = 1  # the embedded model drifts after that
TRIAL_DROPPED = 2  # and what follows two sentences that did not hold does not hold either
TRIAL_TOKENS = 64
WHOLE_TOKENS = 3000  # of documents that are read whole instead of searched for passages
WHOLE_FILES = 3  # among more, what matters would stand too far from the question
QUOTE_HITS = 3  # whose passages are compared for the nearest one
LONGER_PASSAGES = 3  # that the trial model shows where more is wanted
FURTHER_SHARE = 0.6  # of the best hit's score: what stands further off is about something else


@dataclass(frozen=True, slots=True)
class Request:
    """One question. ``within`` limits the search to these documents; None searches the scope.

    ``length`` is "", "shorter" or "longer". ``avoid`` are chunks that an earlier answer rested on and
    that did not satisfy: others come first, as far as there are any. ``caller`` says whose turn it is with the
    model; its scope is always that of the request.
    """

    scope_id: str
    question: str
    history: tuple[Turn, ...] = ()
    within: frozenset[int] | None = None
    length: str = ""
    avoid: frozenset[int] = frozenset()
    caller: Caller = ANYONE


@dataclass(frozen=True, slots=True)
class Searched:
    """The files were searched; what follows takes the model's time."""

    names: tuple[str, ...]
    hits: int


@dataclass(frozen=True, slots=True)
class PassageReady:
    """A verbatim passage that stands near the question."""

    citation: Citation


@dataclass(frozen=True, slots=True)
class SentenceReady:
    """A sentence of the model's whose every claim stands in its citations."""

    text: str
    citations: tuple[Citation, ...]


AnswerEvent = Searched | PassageReady | SentenceReady | Answer


_Part = PassageReady | SentenceReady


@dataclass(slots=True)
class _Draft:
    """What has been shown so far."""

    parts: list[str] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    sentences: int = 0
    seen: set[str] = field(default_factory=set)
    quoted: dict[int, str] = field(default_factory=dict)  # passages shown verbatim, by citation number
    is_refused: bool = False  # the model said that the passages hold no answer
    is_confirmed: bool = False  # the model answered with the very words of the passage shown
    dropped: list[str] = field(default_factory=list)  # why each sentence that was not shown failed
    passages: tuple[int, ...] = ()  # chunks that the prompt added to the conversation's
    timing: dict[str, float] = field(default_factory=dict)

    def cite(self, windows: Sequence[Window]) -> tuple[Citation, ...]:
        used = number_citations(windows, self.citations)
        self.citations.extend(citation for citation in used if citation not in self.citations)
        return used


class Answerer:
    """Answers from the files of one scope. Safe to share between threads."""

    def __init__(
        self,
        retriever: Retriever,
        llm: BaseLLM,
        embedder: Embedder,
        *,
        gate: Gate | None = None,
        budget_tokens: int = 4096,
        max_tokens: int = 300,
    ) -> None:
        """``budget_tokens``: of a whole conversation's prompt, see `build_prompt`."""
        self.llm = llm
        self._retriever = retriever
        self._embedder = embedder
        self._gate = gate or Gate()
        self._budget_tokens = budget_tokens
        self._max_tokens = max_tokens

    def answer(self, request: Request, cancel: threading.Event | None = None) -> Iterator[AnswerEvent]:
        """Yields `Searched`, then passages and sentences as they are ready, last the whole `Answer`.

        Raises: ModelError; StoreError.
        """
        started = time.perf_counter()
        cancel = cancel or threading.Event()
        found = self._search(request)
        draft = _Draft(timing={"search_s": time.perf_counter() - started})
        yield Searched(found.searched, len(found.hits))
        foreign = self._is_foreign(request.question)
        if not self._gate.passes(found):
            timing, absent = draft.timing, found.absent
            yield Answer("", Outcome.REFUSED, (), found.searched, timing, is_foreign=foreign, absent=absent)
            return
        found = replace(found, hits=_reordered(found.hits, request.avoid))
        write = self._explain if self.llm.is_trial else self._compose
        for part in write(request, found, draft, cancel):
            draft.timing.setdefault("first_text_s", time.perf_counter() - started)
            yield part
        draft.timing["total_s"] = time.perf_counter() - started
        outcome = _outcome(draft, stopped=cancel.is_set())
        log.info("answer outcome=%s sentences=%d dropped=%s", outcome, draft.sentences, ",".join(draft.dropped))
        text, quoted = "\n".join(draft.parts), frozenset(draft.quoted)
        cited, timing = tuple(draft.citations), draft.timing
        yield Answer(text, outcome, cited, found.searched, timing, foreign, quoted, found.absent, draft.passages)

    def preload(self, scope_id: str, within: frozenset[int]) -> None:
        """Have the model read short documents before anybody asks about them; it does so when nobody waits for it.

        Raises: StoreError.
        """
        hits = self._whole(Request(scope_id, "", within=within))
        if hits:
            prompt = self._prompt(Request(scope_id, "", within=within), hits)
            self.llm.preload(prompt.messages, Caller(scope_id, is_background=True))

    def _is_foreign(self, question: str) -> bool:
        """Whether the question is, as far as one can tell, in a language that the model does not write."""
        language = guess_language(question)
        return bool(self.llm.languages and language and language not in self.llm.languages)

    def _search(self, request: Request) -> Retrieval:
        """With the earlier questions and without: a thread that changes its subject must not drown the new one."""
        scope, question, within = request.scope_id, request.question, request.within
        alone = self._retriever.search(scope, question, within=within)
        if not request.history:
            return alone
        earlier = tuple(turn.question for turn in request.history)
        together = self._retriever.search(scope, question, history=earlier, within=within)
        return max(alone, together, key=self._gate.nearness)

    def _compose(self, request: Request, found: Retrieval, draft: _Draft, cancel: threading.Event) -> Iterator[_Part]:
        """Sentences from all hits and from what the conversation saw before; where none holds, the nearest passage."""
        wanted_tokens = {"shorter": self._max_tokens // 3, "longer": self._max_tokens * 2}
        max_tokens = wanted_tokens.get(request.length, self._max_tokens)
        prompt = self._prompt(request, self._whole(request) or found.hits)
        found_ids = {hit.chunk.chunk_id for hit in found.hits}
        shown = (*prompt.kept, *prompt.added)
        proof = (*found.hits, *(hit for hit in shown if hit.chunk.chunk_id not in found_ids))
        for sentence in self._sentences(request, prompt, max_tokens, draft, cancel):
            if not draft.sentences and says_not_found(sentence):
                draft.is_refused = True
                return
            yield from self._checked(sentence, proof, draft)
            if request.length == "shorter" and draft.sentences:
                return
        if not draft.sentences and not cancel.is_set():
            yield self._passage(self._nearest(request, found.hits[:QUOTE_HITS]), draft)

    def _explain(self, request: Request, found: Retrieval, draft: _Draft, cancel: threading.Event) -> Iterator[_Part]:
        """Quote first: the nearest passage, then the trial model's first sentence about it that holds.

        It mixes up what stands in several passages: it is shown, and held to, the one it explains.
        """
        window = self._nearest(request, found.hits[:QUOTE_HITS])
        yield self._passage(window, draft)
        if self._is_foreign(request.question) or request.length == "shorter":
            return
        hits = [replace(window.hit, chunk=replace(window.hit.chunk, text=window.text))]
        prompt = self._prompt(request, hits)
        for sentence in self._sentences(request, prompt, min(self._max_tokens, TRIAL_TOKENS), draft, cancel):
            yield from self._checked(sentence, hits, draft)
            if draft.is_confirmed or draft.sentences >= TRIAL_SENTENCES or len(draft.dropped) >= TRIAL_DROPPED:
                break
        if request.length == "longer":
            yield from self._further(request, found.hits, window, draft)

    def _further(self, request: Request, hits: Sequence[Hit], shown: Window, draft: _Draft) -> Iterator[PassageReady]:
        """The nearest passages of the next best hits."""
        others = [
            hit
            for hit in hits
            if hit.chunk.chunk_id != shown.hit.chunk.chunk_id and hit.score >= FURTHER_SHARE * hits[0].score
        ]
        for hit in others[: LONGER_PASSAGES - 1]:
            yield self._passage(self._nearest(request, [hit]), draft)

    def _whole(self, request: Request) -> tuple[Hit, ...]:
        """Documents so short that a conversation may begin with all of them; then every question begins the same.

        (Cache-augmented generation, arXiv 2412.15605: what need not be chosen can be read beforehand.)
        """
        if request.history or request.avoid or self.llm.is_trial:
            return ()
        hits = self._retriever.whole(request.scope_id, within=request.within)
        if len({hit.chunk.document_id for hit in hits}) > WHOLE_FILES:
            return ()
        most = min(WHOLE_TOKENS, self._budget_tokens * 2 // 5)
        return hits if sum(self.llm.count_tokens(passage_text(hit, 10)) + 2 for hit in hits) <= most else ()

    def _prompt(self, request: Request, hits: Sequence[Hit]) -> Prompt:
        """The conversation's transcript, as far as it may still be shown, with this question at its end."""
        shown = [chunk_id for turn in request.history for chunk_id in turn.passages]
        known = self._retriever.recall(request.scope_id, shown, within=request.within) if shown else {}
        budget = min(self._budget_tokens, self.llm.context_tokens - self._max_tokens)
        return build_prompt(self.llm, request.question, hits, request.history, budget, request.length, known)

    def _sentences(
        self, request: Request, prompt: Prompt, max_tokens: int, draft: _Draft, cancel: threading.Event
    ) -> Iterator[str]:
        draft.passages = tuple(hit.chunk.chunk_id for hit in prompt.added)
        buffer, is_cut = SentenceBuffer(), False
        for event in self._events(request, prompt, max_tokens, cancel):
            if isinstance(event, TextDelta):
                yield from buffer.push(event.text)
            else:
                draft.timing.update(prompt_tokens=event.prompt_tokens, new_tokens=event.new_tokens)
                draft.timing.update(first_token_s=event.first_token_s, reused_tokens=event.reused_tokens)
                is_cut = event.reason != "stop"
        rest = buffer.flush()
        if rest and is_finished(rest) and not (is_cut and (fence_of(rest) or table_of(rest))):
            yield rest

    def _events(
        self, request: Request, prompt: Prompt, max_tokens: int, cancel: threading.Event
    ) -> Iterator[ModelEvent]:
        """What the model writes. Text that was erased while it was being read is forgotten by the model again."""
        scope_id = request.scope_id
        caller = replace(request.caller, scope_id=scope_id)
        shown = [hit.chunk.chunk_id for hit in (*prompt.kept, *prompt.added)]
        try:
            yield from self.llm.stream(prompt.messages, max_tokens=max_tokens, cancel=cancel, caller=caller)
        finally:  # whoever erased it may have told the model before this prompt reached it
            if len(self._retriever.recall(scope_id, shown)) < len(shown):
                self.llm.forget(scope_id)

    def _checked(self, sentence: str, hits: Sequence[Hit], draft: _Draft) -> Iterator[SentenceReady]:
        """The sentence with its citations, if it is new and every claim in it holds."""
        sentence = _tidy(sentence)
        key = squash(sentence)
        is_quoted = any(key.rstrip(".") in quoted for quoted in draft.quoted.values())
        if not sentence or sentence.endswith("?") or key in draft.seen or is_quoted:
            draft.is_confirmed |= bool(key) and is_quoted
            return
        draft.seen.add(key)
        verdict = check(sentence, hits)
        if not isinstance(verdict, Supported):
            draft.dropped.append(verdict.reason)
            return
        citations = draft.cite(verdict.windows)
        draft.sentences += 1
        marks = "".join(f"[{citation.number}]" for citation in citations)
        gap = "\n" if fence_of(sentence) or table_of(sentence) else " "
        draft.parts.append(f"{sentence}{gap}{marks}")
        yield SentenceReady(sentence, citations)

    def _passage(self, window: Window, draft: _Draft) -> PassageReady:
        citation = cite(window.hit, window.text, len(draft.citations) + 1)
        draft.citations.append(citation)
        draft.parts.append(f"“{citation.quote}” [{citation.number}]")
        draft.quoted[citation.number] = squash(window.text)
        return PassageReady(citation)

    def _nearest(self, request: Request, hits: Sequence[Hit]) -> Window:
        """The window of the best hits that stands nearest to the question, in words and in meaning."""
        hits = [hit for hit in hits if hit.chunk.chunk_id not in request.avoid] or hits
        windows = [window for hit in hits for window in windows_of(hit) if _is_quotable(window.text)]
        windows = windows or [windows_of(hits[0])[0]]
        wanted, claims = asked_words(request.question), claims_of(request.question)
        vectors = self._embedder.embed([window.text for window in windows])
        cosines = vectors @ self._embedder.embed_query(request.question)

        def nearness(index: int) -> float:
            window = windows[index]
            own = {word for piece in window.pieces for word in piece.claims.words}  # not its heading's
            words = (0.4 * len(wanted & own) + 0.3 * len(wanted & window.words)) / max(len(wanted), 1)
            exact = len(claims.codes & window.codes) + len(claims.numbers & window.numbers)
            rank = window.hit.score / max(hits[0].score, 1e-9)
            length = len(window.text) / 2000  # of two that say the same, the shorter
            return float(cosines[index]) + words + 0.3 * exact + 0.8 * rank - length

        return trimmed(windows[max(range(len(windows)), key=nearness)], wanted)


def _reordered(hits: Sequence[Hit], avoid: frozenset[int]) -> tuple[Hit, ...]:
    """What was not shown yet first; where nothing is new, all as they were."""
    fresh = [hit for hit in hits if hit.chunk.chunk_id not in avoid]
    return (*fresh, *(hit for hit in hits if hit.chunk.chunk_id in avoid)) if fresh else tuple(hits)


def _outcome(draft: _Draft, *, stopped: bool) -> Outcome:
    if draft.is_refused:
        return Outcome.REFUSED
    if stopped:
        return Outcome.STOPPED
    return Outcome.ANSWERED if draft.sentences or draft.is_confirmed else Outcome.PASSAGE


def _is_quotable(text: str) -> bool:
    """Whether ``text`` can stand alone: within one paragraph, not too long, no line of a table of contents."""
    paragraphs = re.search(r"[.!?][\"”’)]*\s*\n", text)
    contents = re.search(r"(?:…|\.{3,}|(?: \.){3,})\s*\d+\s*$", text, re.MULTILINE)
    return len(text) <= MAX_QUOTE_CHARS and not paragraphs and not contents


_MARKS = re.compile(r"^(?:[-*•>#]+\s+|\d{1,2}[.)]\s+|(?:Answer|A|Context):\s*)+")
_OWN_CITATIONS = re.compile(r"\s*(?:\[\d{1,2}\])+(?=[.!?]?$)")


def _tidy(sentence: str) -> str:
    """A model's sentence without list marks, bold type, citation marks of its own, or an "Answer:" in front."""
    if fence_of(sentence) or table_of(sentence):
        return sentence.strip("\n")
    sentence = sentence.strip().replace("**", "").replace("__", "")
    return _OWN_CITATIONS.sub("", _MARKS.sub("", sentence)).strip()
