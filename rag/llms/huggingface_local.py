"""HuggingFaceLocalModel: any causal language model on this machine's disk, in 4 bits, on its GPU or processor."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from rag.llms import machine

machine.set_up_machine()

import torch  # noqa: E402 - after the machine is set up, see `rag.llms.machine`

from rag.llms import judging, preflight, prompting, wording  # noqa: E402
from rag.llms.base import BaseLLM  # noqa: E402
from rag.llms.checkpoints import default_dir  # noqa: E402
from rag.llms.decoding import Decoder  # noqa: E402
from rag.llms.loading import DeviceMap, Quantisation, load  # noqa: E402
from rag.llms.model_files import find_model  # noqa: E402
from rag.llms.text_stream import TextStream  # noqa: E402
from rag.llms.turnstile import Turnstile  # noqa: E402
from rag.types import Finished, Message, ModelEvent, TextDelta  # noqa: E402

Ask = Callable[[str, str], list[Message]]  # context and text to a yes-or-no question
Prompt = Callable[[str], list[Message]]  # context to a prompt that a text may follow

MOST_CONTEXT_TOKENS = 8192  # a longer window costs memory that eight threads would rather share


class HuggingFaceLocalModel(BaseLLM):
    """A language model loaded in 4 bits through bitsandbytes; it stays on this machine, and so does every word.

    ``hf_model_id`` is a hub id that is already in the local cache, a folder, or a GGUF file. ``device_map`` is
    ``"auto"``, a device (``"cpu"``, ``"cuda:0"``), or a dictionary that lays layers over several GPUs.
    ``checkpoint_dir`` keeps the quantised weights (None: a folder in the home directory's cache).

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
        context_tokens: int | None = None,
    ) -> None:
        preflight.check_versions()
        preflight.check_quant_type(bnb_4bit_quant_type)
        files = find_model(str(hf_model_id))
        loaded = load(
            files,
            Quantisation(bnb_4bit_use_double_quant, bnb_4bit_quant_type, bnb_4bit_compute_dtype),
            device_map=device_map,
            checkpoint_dir=checkpoint_dir or default_dir(),
            context_tokens=context_tokens or MOST_CONTEXT_TOKENS,
        )
        self.name = name or files.name
        self.prompt_template = prompt_template
        self.is_trial = is_trial
        self.languages = frozenset(languages) if languages is not None else None
        self.model, self.tokenizer = loaded.model, loaded.tokenizer
        self.footprint, self.from_checkpoint = loaded.footprint, loaded.from_checkpoint
        window = getattr(self.model.config.get_text_config(), "max_position_embeddings", None) or MOST_CONTEXT_TOKENS
        self.context_tokens = min(window, context_tokens or MOST_CONTEXT_TOKENS)
        self._prompter = prompting.Prompter(self.tokenizer, self.context_tokens)
        self._decoder = Decoder(self.model)
        self._turnstile = Turnstile()
        self._stop_ids = self._find_stop_ids()

    def count_tokens(self, text: str) -> int:
        return self._prompter.count(text)

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int = 200, cancel: threading.Event | None = None
    ) -> Iterator[ModelEvent]:
        markers = () if self._prompter.is_chat else prompting.stop_markers(self.prompt_template)
        return self._stream(messages, max_tokens, cancel, markers)

    def answer_question(
        self, context: str, question: str, max_tokens: int = 200, prompt_template: str | None = None
    ) -> str:
        template = prompt_template or self.prompt_template
        build = wording.answer_messages if self._prompter.is_chat else prompting.plain_prompt
        empty = build(template, context="", question=question)
        fitted = self._prompter.fit_context(context, empty, self._most_new(max_tokens))
        markers = () if self._prompter.is_chat else prompting.stop_markers(template)
        events = self._stream(build(template, context=fitted, question=question), max_tokens, None, markers)
        return "".join(event.text for event in events if isinstance(event, TextDelta)).strip()

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
        self, calibration: judging.Calibration, ask: Ask, prompt: Prompt, context: str, text: str
    ) -> judging.Evidence:
        """What `judging` weighs; what has no weight is not computed."""
        odds = self._yes_log_odds(ask(context, text)) if calibration.odds else 0.0
        predicts = calibration.gain or calibration.weakest
        gains = self._gains(prompt, context, text) if predicts else torch.zeros(1)
        return judging.Evidence(odds, float(gains.mean()), float(gains.min()), judging.coverage(text, context))

    def _yes_log_odds(self, messages: Sequence[Message]) -> float:
        """How much likelier the model is to go on with a yes than with a no, as a natural logarithm."""
        ids = self._prompter.prompt_ids(messages, max_tokens=1)
        with self._turnstile:
            read = self._decoder.read(ids)
        assert read is not None, "a prompt that nobody can cancel was cancelled"
        yes, no = (torch.logsumexp(read[0][list(spellings)], dim=0) for spellings in self._verdict_ids)
        return float(yes - no)

    def _gains(self, prompt: Prompt, context: str, text: str) -> torch.Tensor:
        """How much likelier each token of ``text`` is after ``context`` than without. Shape: (tokens,), nats."""
        ids = self._prompter.encode(text)[: self.context_tokens // 4]
        with_context, alone = (self._prompter.prompt_ids(prompt(source), len(ids)) for source in (context, ""))
        with self._turnstile:
            return self._decoder.likelihoods(with_context, ids) - self._decoder.likelihoods(alone, ids)

    def _stream(
        self, messages: Sequence[Message], max_tokens: int, cancel: threading.Event | None, markers: Sequence[str]
    ) -> Iterator[ModelEvent]:
        started = time.monotonic()
        most = self._most_new(max_tokens)
        ids = self._prompter.prompt_ids(messages, most)
        if not self._turnstile.enter(cancel):
            yield Finished("cancelled", len(ids), 0, 0.0, time.monotonic() - started)
            return
        try:
            yield from self._write(ids, most, cancel, TextStream(self._prompter.decode, markers), started)
        finally:  # also when the consumer closes the generator in mid-answer
            self._turnstile.release()

    def _write(
        self, ids: list[int], most: int, cancel: threading.Event | None, text: TextStream, started: float
    ) -> Iterator[ModelEvent]:
        written, first_token_s = 0, 0.0
        for token in self._decoder.tokens(ids, most=most, stop_ids=self._stop_ids, cancel=cancel):
            written += 1
            first_token_s = first_token_s or time.monotonic() - started
            if piece := text.add(token):
                yield TextDelta(piece)
            if text.stopped:
                break
        if piece := text.rest():
            yield TextDelta(piece)
        cancelled = cancel is not None and cancel.is_set()
        reason = "cancelled" if cancelled else "length" if written == most and not text.stopped else "stop"
        yield Finished(reason, len(ids), written, first_token_s, time.monotonic() - started)

    def _most_new(self, max_tokens: int) -> int:
        """At most half the window is for the answer; the prompt has to fit too."""
        return max(0, min(max_tokens, self.context_tokens // 2))

    def _find_stop_ids(self) -> frozenset[int]:
        stored = self.model.generation_config.eos_token_id
        ids = set(stored if isinstance(stored, list) else [stored]) | {self.tokenizer.eos_token_id}
        return frozenset(token for token in ids if token is not None)

    @property
    def _verdict_ids(self) -> tuple[frozenset[int], frozenset[int]]:
        """First tokens of every spelling of yes and of no."""
        spellings = [
            (word, word.lower(), word.upper(), f" {word}", f" {word.lower()}", f" {word.upper()}")
            for word in ("Yes", "No")
        ]
        yes, no = (frozenset(self._prompter.encode(text)[0] for text in words) for words in spellings)
        return yes - no, no - yes
