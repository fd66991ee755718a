"""Stand-ins for the two models: they keep the real interfaces and need no weights."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from rag import pieces
from rag.llms.base import ANYONE, BaseLLM
from rag.types import Caller, Finished, Message, ModelEvent, TextDelta

Script = Callable[[Sequence[Message]], str]


class ScriptedModel(BaseLLM):
    """Says what it is told to say, word by word.

    ``answers`` is a queue (an exception in it is raised instead of an answer) or a function from the
    messages to the text. ``seen`` records the messages of every call, ``callers`` on whose behalf it was made;
    ``forgotten`` the scopes that it was told to forget.
    """

    def __init__(
        self,
        answers: Iterable[str | Exception] | Script = (),
        *,
        delay_s: float = 0.0,  # before each word; a cancel interrupts it
        name: str = "scripted",
        context_tokens: int = 4096,
        is_trial: bool = False,
        languages: frozenset[str] | None = None,
    ) -> None:
        self.name = name
        self.context_tokens = context_tokens
        self.is_trial = is_trial
        self.languages = languages
        self.delay_s = delay_s
        self.seen: list[tuple[Message, ...]] = []
        self.callers: list[Caller] = []
        self.preloaded: list[tuple[Message, ...]] = []
        self.forgotten: list[str] = []
        self._script = answers if callable(answers) else None
        self._queue: deque[str | Exception] = deque() if callable(answers) else deque(answers)
        self._lock = threading.Lock()

    def add(self, *answers: str | Exception) -> None:
        """Put more answers at the end of the queue."""
        self._queue.extend(answers)

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def preload(self, messages: Sequence[Message], caller: Caller = ANYONE) -> None:
        self.callers.append(caller)
        self.preloaded.append(tuple(messages))

    def forget(self, scope_id: str) -> None:
        self.forgotten.append(scope_id)

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int = 200,
        cancel: threading.Event | None = None,
        caller: Caller = ANYONE,
    ) -> Iterator[ModelEvent]:
        self.callers.append(caller)
        words = re.findall(r"\s*\S+|\s+$", self._next(messages))
        cancel = cancel or threading.Event()
        reason, said = "stop", 0
        for word in words:
            if said == max_tokens:
                reason = "length"
                break
            self._wait(cancel)
            if cancel.is_set():
                reason = "cancelled"
                break
            said += 1
            yield TextDelta(word)
        prompt_tokens = sum(self.count_tokens(message.content) for message in messages)
        yield Finished(reason, prompt_tokens, said, first_token_s=0.0, total_s=0.0)

    def _next(self, messages: Sequence[Message]) -> str:
        with self._lock:
            self.seen.append(tuple(messages))
            if self._script:
                return self._script(messages)
            assert self._queue, "the scripted model was asked more often than it has answers"
            answer = self._queue.popleft()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _wait(self, cancel: threading.Event) -> None:
        if self.delay_s:
            end = time.monotonic() + self.delay_s
            while not cancel.is_set() and (left := end - time.monotonic()) > 0:
                cancel.wait(left)


class HashEmbedder:
    """Bag of words, hashed to unit vectors: texts that share words are near. Same interface as HuggingFaceEmbedding."""

    name = "hash"
    fingerprint = "hash-1"
    languages: frozenset[str] = frozenset()
    max_pieces = 254
    forgotten = 0

    def __init__(self, dimension: int = 384) -> None:
        self.dimension = dimension
        self.embedded: list[str] = []  # every text that was embedded, in order

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        self.embedded.extend(texts)
        rows = [self._vector(text) for text in texts]
        return np.stack(rows) if rows else np.zeros((0, self.dimension), dtype=np.float32)

    def embed_query(self, text: str) -> np.ndarray:
        return self.embed([text])[0]

    def forget(self) -> None:
        self.forgotten += 1

    def held(self, question: str, texts: Sequence[str]) -> np.ndarray:
        own, *others = ([_number(word) for word in re.findall(r"\w+", text.lower())] for text in (question, *texts))
        return pieces.held(own, others, lambda ids: np.stack([self._vector(str(number)) for number in ids]))

    def count_pieces(self, texts: Sequence[str]) -> list[int]:
        return [len(re.findall(r"\w+|[^\w\s]", text)) for text in texts]

    def _vector(self, text: str) -> np.ndarray:
        vector = np.zeros(self.dimension, dtype=np.float32)
        for word in re.findall(r"\w+", text.lower()) or [""]:
            digest = hashlib.sha256(word.encode()).digest()
            place = _number(word) % self.dimension
            vector[place] += 1.0 if digest[4] % 2 else -1.0
        length = float(np.linalg.norm(vector))
        if length == 0.0:  # words that cancelled each other out exactly
            vector[0], length = 1.0, 1.0
        return vector / length


def _number(word: str) -> int:
    return int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big")
