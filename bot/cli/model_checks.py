"""What `inhouse doctor` looks at of the models: the processor or GPU, whether they fit, what is chosen for them.

What is chosen comes from the functions that the running model uses, so it shows what the bot would do.
"""

from __future__ import annotations

import importlib.metadata
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bot.cli.findings import FAIL, OK, WARN, Finding
from bot.cli.library import wishes
from bot.cli.outlook import Outlook
from bot.settings import Settings
from rag.engine.limits import Facts, Limits, Size, choose
from rag.errors import InhouseError
from rag.llms import catalogue, machine


def check_processor(_settings: Settings) -> Iterator[Finding]:
    """Whether 4-bit weights are quick here."""
    outlook = Outlook.of_this_machine()
    if outlook.gpu_name:
        yield from _check_gpu(outlook)
        return
    text = f"No NVIDIA GPU; {outlook.cores} cores, {outlook.memory_bytes / 1e9:.1f} GB of memory free."
    if outlook.has_avx512_bf16:
        yield Finding("processor", OK, f"{text} It has AVX512-BF16, so 4-bit weights are quick.")
        return
    yield Finding(
        "processor",
        WARN,
        f"{text} The processor lacks AVX512-BF16: 4-bit weights save memory here, but are unpacked for every word, "
        "which makes them slower than unquantised ones.",
        "Choose a small model (`inhouse models`), or a machine with a GPU, or with a processor from AMD Zen 4 or "
        "Intel Sapphire Rapids on.",
    )


def _check_gpu(outlook: Outlook) -> Iterator[Finding]:
    name = outlook.gpu_name
    if "+cpu" in importlib.metadata.version("torch"):
        mend = "Run `python3 tools/setup.py --torch cuda`."
        yield Finding("gpu", FAIL, f"There is a GPU ({name}), but PyTorch is a build for processors only.", mend)
    elif not outlook.gpu_memory_bytes:
        mend = "Update NVIDIA's driver; PyTorch 2.13 wants one for CUDA 13."
        yield Finding("gpu", FAIL, f"There is a GPU ({name}), but PyTorch cannot use it.", mend)
    else:
        free, total = outlook.gpu_memory_bytes, outlook.gpu_total_bytes
        held = f"; others hold {(total - free) / 1e9:.1f} GB" if total - free > 1e9 else ""
        yield Finding("gpu", WARN if held else OK, f"{name}: {free / 1e9:.1f} of {total / 1e9:.1f} GB free{held}.")


def check_model(settings: Settings) -> Iterator[Finding]:
    """Whether the models are here, and fit."""
    from rag.llms.embedded import embedded_embedder, embedded_language_model

    if settings.model is None:
        best = next((entry.name for entry in Outlook.of_this_machine().fitting() if entry.hf_model_id), None)
        advice = f"{best} would fit: see `inhouse models`." if best else "No larger model fits this machine."
        yield Finding("model", WARN, "The embedded trial model is in use: small, English, often wrong.", advice)
    else:
        yield from _check_own_model(settings, settings.model)
    try:
        with tempfile.TemporaryDirectory() as notes:
            if settings.model is None:
                embedded_language_model(Path(notes))
            if settings.embedding_model is None:
                embedded_embedder(Path(notes))
    except InhouseError as error:
        yield Finding("model", FAIL, error.user_message)


def _check_own_model(settings: Settings, model: str) -> Iterator[Finding]:
    from rag.llms.model_files import find_model
    from rag.llms.sizes import size_of
    from rag.llms.weights import measure

    try:
        files = find_model(model)
        footprint = measure(files)
        size = size_of(files, footprint)
    except InhouseError as error:
        yield Finding("model", FAIL, error.user_message)
        return
    cache_bytes = choose(_facts(settings, size), size, wishes(settings)).cache_bytes
    need = max(footprint.loaded_bytes + cache_bytes, footprint.loading_bytes) + catalogue.WORKING_BYTES
    text = f"{files.name} needs {need / 1e9:.1f} GB, {cache_bytes / 1e9:.1f} GB of it for what it has read"
    free = Outlook.of_this_machine().model_memory_bytes
    if need > free:
        yield Finding("model", FAIL, f"{text}; {free / 1e9:.1f} are free.", "`inhouse models` lists what fits.")
    else:
        yield Finding("model", OK, f"{text}; {free / 1e9:.1f} GB are free.")


def check_capacity(settings: Settings) -> Iterator[Finding]:
    """How the model would work here, as chosen from the machine or set."""
    try:
        size = _size(settings)
    except InhouseError:
        return  # `check_model` says why
    limits = choose(_facts(settings, size), size, wishes(settings))
    yield Finding("capacity", OK, _in_words(limits, size))
    longest = settings.context_tokens + settings.max_answer_tokens
    if longest > limits.context_tokens:
        yield Finding(
            "capacity",
            WARN,
            f"A prompt may take {settings.context_tokens:,} tokens and its answer {settings.max_answer_tokens:,}; the "
            f"model has room for {limits.context_tokens:,} together, so long prompts will be cut.",
            "Lower INHOUSE_CONTEXT_TOKENS, or give the model more: INHOUSE_MODEL_WINDOW_TOKENS, "
            "INHOUSE_CACHE_MEMORY_BYTES, or a machine with more memory.",
        )


def _size(settings: Settings) -> Size:
    """Raises: ModelError."""
    from rag.llms.model_files import find_model
    from rag.llms.sizes import size_of
    from rag.llms.weights import measure

    if settings.model is None:
        return catalogue.EMBEDDED
    files = find_model(settings.model)
    return size_of(files, measure(files))


def _facts(settings: Settings, size: Size) -> Facts:
    """This machine with the model's weights loaded."""
    on_gpu = bool(Outlook.of_this_machine().gpu_memory_bytes) and settings.device_map != "cpu"
    return machine.facts(on_gpu=on_gpu, to_come_bytes=size.weights_bytes)


def _in_words(limits: Limits, size: Size) -> str:
    tokens = limits.cache_bytes // size.kept_bytes
    writers = f" by {limits.workers} threads side by side" if limits.workers > 1 else ""
    guessed = f"; {limits.draft_tokens} tokens guessed ahead in quotes" if limits.draft_tokens else ""
    return (
        f"{_count(limits.threads, 'processor thread')}; {_count(limits.streams, 'answer')} at once, written{writers}; "
        f"{limits.cache_bytes / 1e6:,.0f} MB for the last {tokens:,} tokens that were read; a prompt with its answer "
        f"takes up to {limits.context_tokens:,} tokens, read {limits.chunk_tokens:,} at a time{guessed}."
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
