"""HuggingFaceLocalModel: any causal language model on this machine's disk, in 4 bits, on its GPU or processor."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rag.llms import machine
from rag.llms.imports import uncollected

machine.set_up_machine()

with uncollected():
    import torch  # after the machine is set up, see `rag.llms.machine`
    from transformers import AutoTokenizer  # noqa: F401 - of all that is imported below this takes longest

from rag.engine.engine import Engine  # noqa: E402
from rag.engine.limits import MOST_CONTEXT_TOKENS, Limits, Size, Wishes, choose  # noqa: E402
from rag.engine.runner import runner_for  # noqa: E402
from rag.engine.sequence import Prompt, Writing  # noqa: E402
from rag.errors import ModelBusy  # noqa: E402
from rag.llms import judging, preflight, prompting, wording  # noqa: E402
from rag.llms.base import ANYONE, BaseLLM  # noqa: E402
from rag.llms.checkpoints import default_dir  # noqa: E402
from rag.llms.loading import DeviceMap, Loaded, Quantisation, load  # noqa: E402
from rag.llms.model_files import find_model  # noqa: E402
from rag.llms.text_stream import TextStream  # noqa: E402
from rag.types import Caller, Finished, Message, ModelEvent, TextDelta  # noqa: E402

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Ask = Callable[[str, str], list[Message]]  # context and text to a yes-or-no question
Lead = Callable[[str], list[Message]]  # context to a prompt that a text may follow


class HuggingFaceLocalModel(BaseLLM):
    """A language model loaded in 4 bits through bitsandbytes; it stays on this machine, and so does every word.

    ``hf_model_id`` is a hub id that is already in the local cache, a folder, or a GGUF file. ``device_map`` is
    ``"auto"``, a device (``"cpu"``, ``"cuda:0"``), or a dictionary that lays layers over several GPUs.
    ``checkpoint_dir`` keeps the quantised weights (None: a folder in the home directory's cache). With ``warm`` False
    the caller does something else meanwhile and then calls `warm_up`.

    Raises: ModelNotFound, ModelRefused, ModelTooLarge, VersionMismatch, before anything is loaded.
    """

    def __init__(  # noqa: PLR0913 - the first seven are a published interface
        self,
        hf_model_id: str | Path = "BioMistral/BioMistral-7B",
        prompt_template: str = wording.DEFAULT_TEMPLATE,
        bnb_4bit_use_double_quant: bool = True,
        bnb_4bit_quant_type: str = "nf4",
        bnb_4bit_compute_dtype: torch.dtype = torch.bfloat16,
        device_map: DeviceMap = "auto",
        *,
        name: str | None = None,
        checkpoint_dir: Path | None = None,
        is_trial: bool = False,
        languages: Iterable[str] | None = None,
        wishes: Wishes = Wishes(),  # noqa: B008 - frozen
        warm: bool = True,
    ) -> None:
        preflight.check_versions()
        preflight.check_quant_type(bnb_4bit_quant_type)
        files = find_model(str(hf_model_id))
        loaded = load(
            files,
            Quantisation(bnb_4bit_use_double_quant, bnb_4bit_quant_type, bnb_4bit_compute_dtype),
            device_map=device_map,
            checkpoint_dir=checkpoint_dir or default_dir(),
            context_tokens=wishes.context_tokens or MOST_CONTEXT_TOKENS,
        )
        self.name = name or files.name
        self.prompt_template = prompt_template
        self.is_trial = is_trial
        self.languages = frozenset(languages) if languages is not None else None
        self._loaded, self.tokenizer = loaded, loaded.tokenizer
        self.footprint, self.from_checkpoint = loaded.footprint, loaded.from_checkpoint
        limits = _limits(loaded, wishes)
        self.context_tokens, self.streams = limits.context_tokens, limits.streams
        self.engine = Engine(runner_for(loaded.weights or loaded.model, limits), limits)
        self._prompter = prompting.Prompter(self.tokenizer, self.context_tokens)
        self._stop_ids = loaded.traits.stop_ids
        self._first: Writing | None = self._begin_to_warm_up()
        if warm:
            self.warm_up()

    def warm_up(self) -> None:
        """Wait until the first forward is done, which begins with the model. Raises: ModelFailed, OutOfMemory."""
        first, self._first = self._first, None
        if first:
            first.wait()

    @property
    def model(self) -> PreTrainedModel:
        """Transformers' own model, for who wants more of it than answers; it may have to be read first."""
        return self._loaded.model

    def count_tokens(self, text: str) -> int:
        return self._prompter.count(text)

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int = 200,
        cancel: threading.Event | None = None,
        caller: Caller = ANYONE,
    ) -> Iterator[ModelEvent]:
        markers = () if self._prompter.is_chat else prompting.stop_markers(self.prompt_template)
        return self._stream(messages, max_tokens, markers, cancel, caller)

    def preload(self, messages: Sequence[Message], caller: Caller = ANYONE) -> None:
        ids, public = self._prompter.prompt_ids(messages, 1), self._prompter.public_tokens(messages)
        with suppress(ModelBusy):  # then there is no time to read ahead
            self.engine.submit(Prompt(tuple(ids), caller=caller, public_tokens=public))

    def preload_context(self, context: str) -> None:
        self.preload(self._asked(self.prompt_template, context, question=""))

    def forget(self, scope_id: str) -> None:
        self.engine.forget(scope_id)

    def still_s(self) -> float:
        return self.engine.still_s()

    def close(self) -> None:
        self.engine.close()

    def answer_question(
        self, context: str, question: str, max_tokens: int = 200, prompt_template: str | None = None
    ) -> str:
        template = prompt_template or self.prompt_template
        empty = self._asked(template, "", question)
        fitted = self._prompter.fit_context(context, empty, self._most_new(max_tokens))
        markers = () if self._prompter.is_chat else prompting.stop_markers(template)
        events = self._stream(self._asked(template, fitted, question), max_tokens, markers)
        return "".join(event.text for event in events if isinstance(event, TextDelta)).strip()

    def _asked(self, template: str, context: str, question: str) -> list[Message]:
        build = wording.answer_messages if self._prompter.is_chat else prompting.plain_prompt
        return build(template, context=context, question=question)

    def grade_docs(self, context: list[str], question: str) -> list[str]:
        calibration = judging.TRIAL_GRADE if self.is_trial else judging.ASKED
        return [
            document
            for document in context
            if calibration.says_yes(
                self._evidence(calibration, wording.grade_messages, wording.questions_of, document, question)
            )
        ]

    def check_hallucination(self, context: str, answer: str) -> str:
        calibration = judging.TRIAL_SUPPORT if self.is_trial else judging.ASKED
        evidence = self._evidence(calibration, wording.support_messages, wording.facts_of, context, answer)
        supported = judging.numbers_hold(answer, context) and calibration.says_yes(evidence)
        return "yes" if supported else "no"

    def _evidence(
        self, calibration: judging.Calibration, ask: Ask, prompt: Lead, context: str, text: str
    ) -> judging.Evidence:
        """What `judging` weighs; what has no weight is not computed."""
        odds = self._yes_log_odds(ask(context, text)) if calibration.odds else 0.0
        predicts = calibration.gain or calibration.weakest
        gains = self._gains(prompt, context, text) if predicts else torch.zeros(1)
        return judging.Evidence(odds, float(gains.mean()), float(gains.min()), judging.coverage(text, context))

    def _yes_log_odds(self, messages: Sequence[Message]) -> float:
        """How much likelier the model is to go on with a yes than with a no, as a natural logarithm."""
        writing = self.engine.submit(Prompt(tuple(self._prompter.prompt_ids(messages, max_tokens=1)))).wait()
        assert writing.scores is not None, "a prompt that nobody can cancel was cancelled"
        yes, no = (torch.logsumexp(writing.scores[list(spellings)], dim=0) for spellings in self._verdict_ids)
        return float(yes - no)

    def _gains(self, prompt: Lead, context: str, text: str) -> torch.Tensor:
        """How much likelier each token of ``text`` is after ``context`` than without. Shape: (tokens,), nats."""
        ids = self._prompter.encode(text)[: self.context_tokens // 4]
        if not ids:
            return torch.zeros(1)
        prompts = [self._prompter.prompt_ids(prompt(source), len(ids)) for source in (context, "")]
        both = [self.engine.submit(Prompt((*lead, *ids), scored=len(ids))) for lead in prompts]
        with_context, alone = (writing.wait().likelihoods for writing in both)
        assert with_context is not None, "a prompt that nobody can cancel was cancelled"
        assert alone is not None, "a prompt that nobody can cancel was cancelled"
        return with_context - alone

    def _stream(
        self,
        messages: Sequence[Message],
        max_tokens: int,
        markers: Sequence[str],
        cancel: threading.Event | None = None,
        caller: Caller = ANYONE,
    ) -> Iterator[ModelEvent]:
        most = self._most_new(max_tokens)
        ids = tuple(self._prompter.prompt_ids(messages, most))
        public = self._prompter.public_tokens(messages)
        writing = self.engine.submit(Prompt(ids, most, self._stop_ids, caller, public), cancel)
        try:
            yield from self._written(writing, TextStream(self._prompter.decode, markers))
        finally:  # also when the consumer closes the generator in mid-answer
            writing.cancel()

    def _written(self, writing: Writing, text: TextStream) -> Iterator[ModelEvent]:
        count = 0
        for token in writing:
            count += 1
            if piece := text.add(token):
                yield TextDelta(piece)
            if text.stopped:
                break
        if piece := text.rest():
            yield TextDelta(piece)
        reason = "stop" if text.stopped else writing.reason
        prompt_tokens, seconds = len(writing.prompt.ids), time.monotonic() - writing.asked_at
        yield Finished(reason, prompt_tokens, count, writing.first_token_s, seconds, writing.reused_tokens)

    def _begin_to_warm_up(self) -> Writing:
        """The first forward loads compiled code, and compiles where there is none. It leaves no full block behind."""
        ids = self._prompter.encode("Good morning.")
        return self.engine.submit(Prompt(tuple(ids), max_tokens=2))

    def _most_new(self, max_tokens: int) -> int:
        """At most half the window is for the answer; the prompt has to fit too."""
        return max(0, min(max_tokens, self.context_tokens // 2))

    @property
    def _verdict_ids(self) -> tuple[frozenset[int], frozenset[int]]:
        """First tokens of every spelling of yes and of no."""
        spellings = [
            (word, word.lower(), word.upper(), f" {word}", f" {word.lower()}", f" {word.upper()}")
            for word in ("Yes", "No")
        ]
        yes, no = (frozenset(self._prompter.encode(text)[0] for text in words) for words in spellings)
        return yes - no, no - yes


def _limits(loaded: Loaded, wishes: Wishes) -> Limits:
    """Chosen from the machine as it is with the model loaded."""
    footprint, window = loaded.footprint, loaded.traits.window_tokens
    shares_steps = loaded.weights is not None
    size = Size(footprint.loaded_bytes, footprint.kv_bytes_per_token, window, shares_steps=shares_steps)
    return choose(machine.facts(on_gpu=loaded.on_gpu), size, wishes)
