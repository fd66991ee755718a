"""What an engine may take of a machine: chosen from facts, each figure to be overridden by a wish.

Knows numbers only: how they are found out is `rag.llms.machine`, what they are for the engine's business.
Figures were measured with bitsandbytes 0.50.2 on 2 cores with AVX512-BF16 (docs/log.md).
"""

from __future__ import annotations

from dataclasses import dataclass

KV_THREADS = 8  # conversations whose prompts are kept at once
KV_TOKENS = 4096  # of each of them

# The families that the engine runs itself: several answers are one step of theirs.
FAMILIES = frozenset({"llama", "mistral", "qwen2", "qwen3"})

MOST_CONTEXT_TOKENS = 8192  # a longer window costs memory that eight threads would rather share
STREAM_TOKENS = 1024  # the least that an answer with its prompt needs
SMALL_BYTES = 250_000_000  # under this a token is too little work to share between threads
GPU_STREAMS = 32
CPU_STREAMS = 8
LONGEST_STEP_S = 0.3  # between two tokens of one answer on a processor: about the pace of reading
STALL_S = 0.25
READ_S = 2.0  # one step of a long prompt: a cancel is seen between two of them
QUEUE_ROUNDS = 8  # full rounds of answers that may wait: about a minute, as the sentence of `ModelBusy` says

MOST_DRAFTED_ROWS = 8  # tokens and guesses of one step: beyond that a guess costs more than it brings

# Four rows are multiplied with 10 GB of weights a second and core, one with up to 20, as fast as a core reads. Where
# the processor lacks AVX512-BF16 every step unpacks the whole model to bf16 instead, by bitsandbytes: 0.4 GB a second,
# however many rows and cores.
TILE_ROWS = 4
KERNEL_BYTES_PER_S = 8e9
UNPACK_BYTES_PER_S = 4e8
READ_BYTES_PER_S = 4e10  # weights times tokens of a prompt, per core: 37 GB with SmolLM2-135M, 70 with Qwen2.5-0.5B
UNKNOWN_KV_BYTES = 144 * 1024  # a token of a model whose configuration does not say; as Qwen3-4B


@dataclass(frozen=True, slots=True)
class Limits:
    """What an engine keeps to."""

    streams: int  # answers written at the same time
    waiting: int  # that may wait beyond those
    cache_bytes: int  # keys and values: of running answers and kept beginnings together; one pool
    context_tokens: int  # of one prompt with its answer
    chunk_tokens: int  # of a prompt read in one step while nobody else writes
    stall_s: float  # a running answer waits no longer than this for others' prompts
    threads: int  # processor threads for prompts and for large models
    workers: int  # threads that write answers side by side, each with its share of the rows
    draft_tokens: int  # most tokens guessed ahead from the prompt (0: none)


@dataclass(frozen=True, slots=True)
class Facts:
    """What there is for a model beside its weights. ``on_gpu``: ``memory_bytes`` is the GPU's."""

    cores: int
    memory_bytes: int
    has_bf16: bool = True  # AVX512-BF16; without it 4-bit weights are unpacked anew in each step
    on_gpu: bool = False


@dataclass(frozen=True, slots=True)
class Size:
    """A model as the limits see it. ``shares_steps``: several answers are one step of it, see `FAMILIES`."""

    weights_bytes: int
    kv_bytes_per_token: int  # 0: not known
    window_tokens: int
    shares_steps: bool = True

    @property
    def kept_bytes(self) -> int:
        """Of a token that is kept."""
        return self.kv_bytes_per_token or UNKNOWN_KV_BYTES


@dataclass(frozen=True, slots=True)
class Wishes:
    """What an administrator decided; None: chosen from the machine."""

    streams: int | None = None
    waiting: int | None = None
    cache_bytes: int | None = None
    context_tokens: int | None = None
    chunk_tokens: int | None = None
    threads: int | None = None
    draft_tokens: int | None = None


def choose(facts: Facts, size: Size, wishes: Wishes = Wishes()) -> Limits:
    """The limits for a model on a machine."""
    threads = wishes.threads or facts.cores
    context_tokens = min(size.window_tokens, wishes.context_tokens or MOST_CONTEXT_TOKENS)
    cache_bytes = wishes.cache_bytes or _cache_bytes(facts, size, context_tokens)
    context_tokens = min(context_tokens, cache_bytes // size.kept_bytes)
    streams = wishes.streams or _streams(facts, size, threads, cache_bytes)
    # Only the compiled step is written by several threads; where it is missing PyTorch shares out each product.
    is_compiled = facts.has_bf16 and not facts.on_gpu and size.shares_steps
    return Limits(
        streams=streams,
        waiting=QUEUE_ROUNDS * streams if wishes.waiting is None else wishes.waiting,
        cache_bytes=cache_bytes,
        context_tokens=context_tokens,
        chunk_tokens=wishes.chunk_tokens or _chunk_tokens(facts, size, threads),
        stall_s=STALL_S,
        threads=threads,
        workers=min(threads, streams) if is_compiled and size.weights_bytes < SMALL_BYTES else 1,
        draft_tokens=_draft_tokens(facts) if wishes.draft_tokens is None else wishes.draft_tokens,
    )


def _cache_bytes(facts: Facts, size: Size, context_tokens: int) -> int:
    """The prompts of `KV_THREADS` where memory allows; on a processor other programs want theirs too."""
    wanted = KV_THREADS * KV_TOKENS * size.kept_bytes
    one_prompt = context_tokens * size.kept_bytes
    share, most = (0.6, 0.6) if facts.on_gpu else (0.25, 0.5)
    least = min(one_prompt, int(most * facts.memory_bytes))
    # Whatever is free, one short answer: `preflight.check_fits` has refused a model for which there is no room.
    return max(min(wanted, int(share * facts.memory_bytes)), least, STREAM_TOKENS * size.kept_bytes)


def _streams(facts: Facts, size: Size, threads: int, cache_bytes: int) -> int:
    """As many as each stay quick, and as the cache holds."""
    most = GPU_STREAMS if facts.on_gpu else min(max(CPU_STREAMS, 2 * threads), GPU_STREAMS)
    if not size.shares_steps:
        most = CPU_STREAMS if facts.on_gpu else int(LONGEST_STEP_S / _step_s(facts, size, threads))
    elif facts.has_bf16 and not facts.on_gpu:
        most = min(most, TILE_ROWS * int(LONGEST_STEP_S / _step_s(facts, size, threads)))
    return max(1, min(most, GPU_STREAMS, cache_bytes // (STREAM_TOKENS * size.kept_bytes)))


def _step_s(facts: Facts, size: Size, threads: int) -> float:
    """Of one to four rows, on a processor. Without AVX512-BF16 any more rows cost nothing beside the unpacking."""
    rate = KERNEL_BYTES_PER_S * threads if facts.has_bf16 else UNPACK_BYTES_PER_S
    return max(1, size.weights_bytes) / rate


def _chunk_tokens(facts: Facts, size: Size, threads: int) -> int:
    """512 on a processor, less where that would take longer than `READ_S`; a multiple of 64 in any case."""
    if facts.on_gpu:
        return 2048
    rate = READ_BYTES_PER_S * threads / max(1, size.weights_bytes)
    return max(64, min(512, int(READ_S * rate) // 64 * 64))


def _draft_tokens(facts: Facts) -> int:
    """With the token before them they fill the four rows that the processor's kernel takes at once."""
    return 0 if facts.on_gpu else TILE_ROWS - 1
