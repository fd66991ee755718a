"""A question goes in; sentences come out one by one, each checked before it is shown.

    retrieve → gate → (refuse | ask back | table | quote → prompt → stream → prove each sentence) → answer

Knows the library's rooms and nothing of who asks or where the answer appears.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rag.cite import Window, cite
from rag.claims import stem
from rag.gate import Decision, Gate, Verdict
from rag.grounding import Checker, Grounder
from rag.language import guess_language
from rag.llms.base import ANYONE, BaseLLM
from rag.memory import Memory
from rag.naming import forget_names
from rag.nearest import nearest
from rag.prompts import FOLLOW_UP_HITS, Prompt, build_prompt, passage_text, rewrite_messages, says_not_found
from rag.retrieve import Retrieval, Retriever
from rag.sentences import SentenceBuffer, fence_of, is_finished, table_of
from rag.shown import Part, PassageReady, SentenceReady, Shown
from rag.tables.answering import TableAnswer, TableAnswerer
from rag.types import Answer, Caller, Citation, Embedder, Hit, ModelEvent, Outcome, TextDelta, Turn, Utterance

log = logging.getLogger(__name__)

TRIAL_SENTENCES = 1  # the embedded model drifts after that
TRIAL_DROPPED = 2  # and what follows two sentences that did not hold does not hold either
TRIAL_TOKENS = 64
WHOLE_TOKENS = 3000  # of documents that are read whole instead of searched for passages
WHOLE_FILES = 3  # among more, what matters would stand too far from the question
QUOTE_HITS = 3  # whose passages are compared for the nearest one
LONGER_PASSAGES = 3  # that the trial model shows where more is wanted
FURTHER_SHARE = 0.6  # of the best hit's score: what stands further off is about something else
REWRITE_TOKENS = 60
RECENT_TURNS = 6  # that stand in the prompt as far as there is room; of those before it, the ones that are meant
RECALLED_TURNS = 2
EVEN = 0.5  # from here on the files answer more likely than not


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
    may_ask: bool = True  # False: the question was asked back before, or is to be answered anew


@dataclass(frozen=True, slots=True)
class Searched:
    """The files were searched; what follows takes the model's time."""

    names: tuple[str, ...]
    hits: int


AnswerEvent = Searched | PassageReady | SentenceReady | Answer


class Answerer:
    """Answers from the files of one scope. Safe to share between threads."""

    def __init__(
        self,
        retriever: Retriever,
        llm: BaseLLM,
        embedder: Embedder,
        *,
        gate: Gate | None = None,
        tables: TableAnswerer | None = None,
        checker: Checker | None = None,
        budget_tokens: int = 4096,
        max_tokens: int = 300,
    ) -> None:
        """``budget_tokens``: of a whole conversation's prompt, see `build_prompt`. ``checker``: see `rag.grounding`."""
        self.llm = llm
        self._retriever = retriever
        self._embedder = embedder
        self._gate = gate or Gate.of(embedder)
        self._tables = tables
        self._checker = checker
        self._memory = Memory(embedder)
        self._budget_tokens = budget_tokens
        self._max_tokens = max_tokens

    def answer(self, request: Request, cancel: threading.Event | None = None) -> Iterator[AnswerEvent]:
        """Yields `Searched`, then passages and sentences as they are ready, last the whole `Answer`.

        Raises: ModelError; StoreError.
        """
        started = time.perf_counter()
        cancel = cancel or threading.Event()
        found, decision = self._search(request)
        grounder = Grounder(self.llm, self._checker, caller=replace(request.caller, scope_id=request.scope_id))
        draft = Shown(grounder, timing={"search_s": time.perf_counter() - started})
        yield Searched(found.searched, len(found.hits))
        for part in self._parts(request, found, decision, draft, cancel):
            draft.timing.setdefault("first_text_s", time.perf_counter() - started)
            yield part
        draft.timing["total_s"] = time.perf_counter() - started
        yield self._finished(request, found, decision, draft, is_stopped=cancel.is_set())

    def _parts(
        self, request: Request, found: Retrieval, decision: Decision, draft: Shown, cancel: threading.Event
    ) -> Iterator[Part]:
        """What is shown: the result of a table, or what the passages found say; nothing, where neither says it."""
        if table := self._from_table(request, found, cancel):
            yield draft.table(table)
        elif decision.verdict not in (Verdict.REFUSE, Verdict.ASK):
            found = replace(found, hits=_reordered(found.hits, request.avoid))
            write = self._explain if self.llm.is_trial else self._compose
            yield from write(request, found, draft, cancel)

    def _finished(
        self, request: Request, found: Retrieval, decision: Decision, draft: Shown, *, is_stopped: bool
    ) -> Answer:
        outcome = _outcome(draft, decision, stopped=is_stopped)
        log.info("answer outcome=%s sentences=%d dropped=%s", outcome, draft.sentences, ",".join(draft.dropped))
        is_near = outcome is Outcome.REFUSED and decision.is_near and found.hits
        return Answer(
            text=draft.text,
            outcome=outcome,
            citations=(self._nearest_citation(request, found.hits),) if is_near else tuple(draft.citations),
            searched=found.searched,
            timing=draft.timing,
            is_foreign=self._is_foreign(request.question),
            quoted=frozenset(draft.quoted),
            absent=found.absent,
            passages=draft.passages,
            choices=decision.choices if outcome is Outcome.ASKED else (),
            query=draft.query,
        )

    def preload(self, scope_id: str, within: frozenset[int]) -> None:
        """Have the model read short documents before anybody asks about them; it does so when nobody waits for it.

        Raises: StoreError.
        """
        hits = self._whole(Request(scope_id, "", within=within))
        if hits:
            prompt = self._prompt(Request(scope_id, "", within=within), hits)
            self.llm.preload(prompt.messages, Caller(scope_id, is_background=True))

    def forget(self, scope_id: str) -> None:
        """Drop what was kept in memory of a scope, and all of what cannot be told apart by scope."""
        self.llm.forget(scope_id)
        if self._tables is not None:
            self._tables.forget(scope_id)
        self._memory.forget()
        self._embedder.forget()
        stem.cache_clear()  # single words, people's names among them
        forget_names()

    def _is_foreign(self, question: str) -> bool:
        """Whether the question is, as far as one can tell, in a language that the model does not write."""
        language = guess_language(question)
        return bool(self.llm.languages and language and language not in self.llm.languages)

    def _search(self, request: Request) -> tuple[Retrieval, Decision]:
        """What the files hold, and what is to be done with the question.

        The earlier questions count, so that a follow-up is understood; where the gate is unsure then, the model is
        asked to restate the question, and the files are searched for that.
        """
        earlier = tuple(turn.question for turn in request.history)
        best = self._decided(request, request.question, earlier)
        if best[1].verdict is Verdict.UNSURE and earlier and not self.llm.is_trial:
            restated = self._restated(request)
            best = max(best, self._decided(request, restated), key=_likelihood) if restated else best
        found, decision = best
        if decision.verdict is Verdict.UNSURE and self.llm.is_trial and decision.probability < EVEN:
            decision = replace(decision, verdict=Verdict.REFUSE, is_near=True)  # it cannot tell what says nothing
        return found, decision

    def _decided(self, request: Request, question: str, earlier: Sequence[str] = ()) -> tuple[Retrieval, Decision]:
        found = self._retriever.search(request.scope_id, question, history=earlier, within=request.within)
        decision = self._gate.decide(found, question, earlier)
        if decision.verdict is Verdict.ASK and not request.may_ask:
            decision = replace(decision, verdict=Verdict.ANSWER, choices=())
        return (self._with_alone(request, question, found) if earlier else found), decision

    def _with_alone(self, request: Request, question: str, found: Retrieval) -> Retrieval:
        """With the best hit of the question alone in second place, where the thread's earlier ones drowned it."""
        alone = self._retriever.search(request.scope_id, question, within=request.within, limit=1).hits
        first = {hit.chunk.chunk_id for hit in found.hits[:FOLLOW_UP_HITS]}
        new = [hit for hit in alone if hit.chunk.chunk_id not in first]
        rest = [hit for hit in found.hits[1:] if hit.chunk.chunk_id not in {one.chunk.chunk_id for one in new}]
        return replace(found, hits=(*found.hits[:1], *new, *rest))

    def _restated(self, request: Request) -> str:
        """The question as it would be asked without the conversation, in the model's words; "" where it has none."""
        caller = replace(request.caller, scope_id=request.scope_id)
        messages = rewrite_messages(request.question, request.history[-RECENT_TURNS:])
        events = self.llm.stream(messages, max_tokens=REWRITE_TOKENS, caller=caller)
        said = "".join(event.text for event in events if isinstance(event, TextDelta)).strip()
        return said.splitlines()[0].strip() if said else ""

    def _from_table(self, request: Request, found: Retrieval, cancel: threading.Event) -> TableAnswer | None:
        """The result of a SELECT over the tables among the files searched, the likeliest first."""
        if self._tables is None or request.avoid:
            return None
        near = [hit.chunk.document_id for hit in found.hits]
        files = self._tables.files(request.scope_id, [*near, *sorted(request.within or ())])
        language = guess_language(request.question) or "en"
        caller = replace(request.caller, scope_id=request.scope_id)
        return self._tables.answer(request.question, files, language, cancel, caller)

    def _compose(self, request: Request, found: Retrieval, draft: Shown, cancel: threading.Event) -> Iterator[Part]:
        """Sentences from all hits and from what the conversation saw before; where none holds, the nearest passage."""
        wanted_tokens = {"shorter": self._max_tokens // 3, "longer": self._max_tokens * 2}
        max_tokens = wanted_tokens.get(request.length, self._max_tokens)
        recalled, hits = self._recalled(request, found.hits)
        prompt = self._prompt(request, self._whole(request) or hits, recalled)
        found_ids = {hit.chunk.chunk_id for hit in found.hits}
        shown = (*prompt.kept, *prompt.added)
        proof = (*found.hits, *(hit for hit in shown if hit.chunk.chunk_id not in found_ids))
        for sentence in self._sentences(request, prompt, max_tokens, draft, cancel):
            if not draft.sentences and says_not_found(sentence):
                draft.is_refused = True
                return
            yield from draft.sentence(sentence, proof)
            if request.length == "shorter" and draft.sentences:
                return
        if not draft.sentences and not cancel.is_set():
            yield draft.passage(self._nearest(request, found.hits))

    def _explain(self, request: Request, found: Retrieval, draft: Shown, cancel: threading.Event) -> Iterator[Part]:
        """Quote first: the nearest passage, then the trial model's first sentence about it that holds.

        It mixes up what stands in several passages: it is shown, and held to, the one it explains.
        """
        window = self._nearest(request, found.hits)
        yield draft.passage(window)
        if self._is_foreign(request.question) or request.length == "shorter":
            return
        hits = [replace(window.hit, chunk=replace(window.hit.chunk, text=window.text))]
        prompt = self._prompt(request, hits)
        for sentence in self._sentences(request, prompt, min(self._max_tokens, TRIAL_TOKENS), draft, cancel):
            yield from draft.sentence(sentence, hits)
            if draft.is_confirmed or draft.sentences >= TRIAL_SENTENCES or len(draft.dropped) >= TRIAL_DROPPED:
                break
        if request.length == "longer":
            yield from self._further(request, found.hits, window, draft)

    def _further(self, request: Request, hits: Sequence[Hit], shown: Window, draft: Shown) -> Iterator[PassageReady]:
        """The nearest passages of the next best hits."""
        others = [
            hit
            for hit in hits
            if hit.chunk.chunk_id != shown.hit.chunk.chunk_id and hit.score >= FURTHER_SHARE * hits[0].score
        ]
        for hit in others[: LONGER_PASSAGES - 1]:
            yield draft.passage(self._nearest(request, [hit]))

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

    def _recalled(self, request: Request, hits: Sequence[Hit]) -> tuple[tuple[Turn, ...], tuple[Hit, ...]]:
        """Turns long past that the question is about, oldest first, and the hits with what those rested on."""
        past = request.history[:-RECENT_TURNS]
        said = [Utterance(str(place), "", f"{turn.question}\n{turn.answer}") for place, turn in enumerate(past)]
        places = sorted(self._memory.recall(said, request.question, RECALLED_TURNS))
        turns = tuple(past[place] for place in places)
        rested = [chunk_id for turn in turns for chunk_id in turn.passages]
        known = self._retriever.recall(request.scope_id, rested, within=request.within) if rested else {}
        found = {hit.chunk.chunk_id for hit in hits}
        return turns, (*hits[:1], *(hit for key, hit in known.items() if key not in found), *hits[1:])

    def _prompt(self, request: Request, hits: Sequence[Hit], recalled: Sequence[Turn] = ()) -> Prompt:
        """The conversation's transcript, as far as it may still be shown, with this question at its end."""
        shown = [chunk_id for turn in request.history for chunk_id in turn.passages]
        known = self._retriever.recall(request.scope_id, shown, within=request.within) if shown else {}
        budget = min(self._budget_tokens, self.llm.context_tokens - self._max_tokens)
        history, length = request.history, request.length
        return build_prompt(self.llm, request.question, hits, history, budget, length, known, recalled)

    def _sentences(
        self, request: Request, prompt: Prompt, max_tokens: int, draft: Shown, cancel: threading.Event
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

    def _nearest_citation(self, request: Request, hits: Sequence[Hit]) -> Citation:
        """Where a refused question is told to look."""
        window = self._nearest(request, hits)
        return cite(window.hit, window.text, 1)

    def _nearest(self, request: Request, hits: Sequence[Hit]) -> Window:
        """Of the best, the passage to show; not again one that did not satisfy, as far as there are others."""
        best = hits[:QUOTE_HITS]
        best = [hit for hit in best if hit.chunk.chunk_id not in request.avoid] or best
        return nearest(self._embedder, request.question, best)


def _reordered(hits: Sequence[Hit], avoid: frozenset[int]) -> tuple[Hit, ...]:
    """What was not shown yet first; where nothing is new, all as they were."""
    fresh = [hit for hit in hits if hit.chunk.chunk_id not in avoid]
    return (*fresh, *(hit for hit in hits if hit.chunk.chunk_id in avoid)) if fresh else tuple(hits)


def _likelihood(found: tuple[Retrieval, Decision]) -> float:
    return found[1].probability


def _outcome(draft: Shown, decision: Decision, *, stopped: bool) -> Outcome:
    if draft.query:
        return Outcome.ANSWERED
    if decision.verdict is Verdict.ASK:
        return Outcome.ASKED
    if draft.is_refused or decision.verdict is Verdict.REFUSE:
        return Outcome.REFUSED
    if stopped:
        return Outcome.STOPPED
    return Outcome.ANSWERED if draft.sentences or draft.is_confirmed else Outcome.PASSAGE
