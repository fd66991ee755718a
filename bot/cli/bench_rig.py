"""Puts together what `inhouse bench engine` measures: the model, who stands beside it, the workload."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.cli.library import Library, checkpoint_dir, load_models, open_library, say
from bot.cli.outlook import Outlook
from bot.settings import Settings
from rag.bench.sizes import Sizes
from rag.errors import ModelRefused

if TYPE_CHECKING:
    from rag.bench.ceilings import Ceilings
    from rag.bench.process import ProcessWriter
    from rag.bench.result import Result
    from rag.bench.rig import Rig
    from rag.llms.huggingface_local import HuggingFaceLocalModel

RANDOM = "random:"
NONSENSE = (
    "The weights are random: this model is for speed alone, and what it says of quoting and lookup means nothing."
)
GPU_STREAMS = (1, 4, 8, 16, 32)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command's options say."""

    model: str | None
    only: tuple[str, ...]
    baseline: bool
    peer: bool
    sizes: Sizes
    names_streams: bool = False  # else a GPU gets more of them


def measure(settings: Settings, wanted: Wanted) -> Result:
    """Load what is wanted, measure it, and let it go. Raises: ModelError."""
    from rag.llms import machine

    started = time.perf_counter()
    threads = machine.set_up_machine(settings.threads)
    from rag.bench.ceilings import measure_ceilings
    from rag.bench.load import busy_cores, remark_on
    from rag.bench.result import Result

    device = "cuda" if settings.device_map != "cpu" and machine.gpu_memory_bytes() else "cpu"
    say("measuring the machine")
    busy = busy_cores()
    ceilings = measure_ceilings(threads, device)
    facts = _machine(device) | {"busy_cores": round(busy, 1)}
    result = Result(facts, ceilings, 0.0, remarks=tuple(filter(None, [remark_on(busy)])))
    if set(wanted.only) != {"ceilings"}:
        result = _measure_model(settings, wanted, result)
    return replace(result, seconds=time.perf_counter() - started)


def _measure_model(settings: Settings, wanted: Wanted, result: Result) -> Result:
    from rag.bench import engine as measurements
    from rag.bench.goals import judge
    from rag.llms.huggingface_local import HuggingFaceLocalModel

    with ExitStack() as stack:
        settings, gguf = stack.enter_context(_chosen(settings, wanted))
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="inhouse-bench-")))
        models = load_models(settings)
        llm = models[0]
        stack.callback(llm.close)
        assert isinstance(llm, HuggingFaceLocalModel)
        library = stack.enter_context(open_library(settings.model_copy(update={"data_dir": scratch}), models))
        others, remarks = _others(settings, wanted, gguf, stack)
        on_gpu = result.ceilings.device == "cuda"
        sizes = replace(wanted.sizes, streams=GPU_STREAMS) if on_gpu and not wanted.names_streams else wanted.sizes
        rig = _rig(llm, library, result.ceilings, others, sizes)
        found = measurements.run(rig, wanted.only)
        weights = rig.weights.layer_weights + rig.weights.head_weights
        return replace(
            result,
            model=(wanted.model or "") if _is_random(wanted) else llm.name,
            settings=asdict(rig.engine.limits),
            weights=rig.weights.as_dict(),
            others={writer.name: writer.about for writer in others},
            measures=found,
            goals=tuple(judge(found, weights=weights, on_gpu=on_gpu)),
            remarks=(*result.remarks, *remarks),
        )


def _machine(device: str) -> dict[str, str | int | float | bool | None]:
    """What is measured on; a sentence can be made of it."""
    outlook = Outlook.of_this_machine()
    facts: dict[str, Any] = {"cores": outlook.cores, "free_memory_gb": round(outlook.memory_bytes / 1e9, 1)}
    if device == "cuda":
        return facts | {"gpu": outlook.gpu_name, "free_gpu_memory_gb": round(outlook.gpu_memory_bytes / 1e9, 1)}
    return facts | {"avx512_bf16": outlook.has_avx512_bf16}


@contextmanager
def _chosen(settings: Settings, wanted: Wanted) -> Iterator[tuple[Settings, Path | None]]:
    """Settings that name the model to measure, and its GGUF file where there is one for llama.cpp."""
    from rag.llms.embedded import embedded_language_model

    kept = checkpoint_dir(settings)
    settings = settings.model_copy(update={"checkpoint_dir": kept})
    if _is_random(wanted):
        with tempfile.TemporaryDirectory(prefix="inhouse-shape-") as folder:
            yield _random_model(settings, wanted, Path(folder), embedded_language_model(kept))
        return
    model = wanted.model or settings.model
    if model is None:
        yield settings.model_copy(update={"model": None}), embedded_language_model(kept)
    else:
        path = Path(model).expanduser()
        yield settings.model_copy(update={"model": model}), path if path.suffix == ".gguf" else None


def _is_random(wanted: Wanted) -> bool:
    return (wanted.model or "").startswith(RANDOM)


def _random_model(settings: Settings, wanted: Wanted, folder: Path, tokenizer: Path) -> tuple[Settings, Path | None]:
    """Write a model of the wanted shape. Raises: ModelRefused, DiskFull."""
    from rag.bench.random_gguf import write_gguf
    from rag.bench.shapes import SHAPES, write_model

    name = (wanted.model or "").removeprefix(RANDOM)
    if name not in SHAPES:
        raise ModelRefused(f"There is no shape {name}. There are: {', '.join(RANDOM + known for known in SHAPES)}.")
    say(f"writing a model of the shape {name} with random weights")
    write_model(SHAPES[name], folder / name, tokenizer)
    gguf = folder / f"{name}.gguf" if wanted.peer else None
    if gguf:
        write_gguf(SHAPES[name], gguf)
    return settings.model_copy(update={"model": str(folder / name), "checkpoint_dir": folder / "checkpoints"}), gguf


def _others(
    settings: Settings, wanted: Wanted, gguf: Path | None, stack: ExitStack
) -> tuple[tuple[ProcessWriter, ...], list[str]]:
    """The baseline and the peer, as far as they are wanted and there; and why one is not."""
    from rag.bench.peer import find_library
    from rag.bench.process import ProcessWriter
    from rag.bench.written import BASELINE, PEER

    options: dict[str, dict[str, Any]] = {}
    remarks = [NONSENSE] if _is_random(wanted) else []
    if wanted.baseline:
        options[BASELINE] = _baseline_options(settings)
    library = find_library() if wanted.peer else None
    if wanted.peer and not library:
        remarks.append("llama.cpp was skipped: the package llama_cpp is not installed in this Python environment.")
    elif wanted.peer and gguf is None:
        remarks.append("llama.cpp was skipped: it reads GGUF files, and this model is none. Name one with --model.")
    elif library and gguf:
        options[PEER] = _peer_options(settings, wanted, gguf, library)
    writers = []
    for name, chosen in options.items():
        say(f"starting {name}")
        writer = ProcessWriter(name, chosen)
        stack.callback(writer.close)
        writers.append(writer)
    return tuple(writers), remarks


def _baseline_options(settings: Settings) -> dict[str, Any]:
    from rag.llms.embedded import embedded_language_model
    from rag.llms.machine import usable_cores

    kept = checkpoint_dir(settings)
    return {
        "model": settings.model or str(embedded_language_model(kept)),
        "checkpoint_dir": str(kept),
        "quant_type": settings.quant_type,
        "double_quant": settings.double_quant,
        "device_map": settings.device_map,
        "threads": settings.threads or usable_cores(),
    }


def _peer_options(settings: Settings, wanted: Wanted, gguf: Path, library: Path) -> dict[str, Any]:
    from rag.llms.machine import usable_cores

    return {
        "gguf": str(gguf),
        "folder": str(library),
        "threads": settings.threads or usable_cores(),
        "context_tokens": wanted.sizes.most_tokens,
        "on_gpu": settings.device_map != "cpu",
    }


def _rig(
    llm: HuggingFaceLocalModel,
    library: Library,
    ceilings: Ceilings,
    others: tuple[ProcessWriter, ...],
    sizes: Sizes,
) -> Rig:
    from rag.bench.rig import Rig
    from rag.bench.weights import weigh
    from rag.bench.workloads import Prompts
    from rag.engine.engine import Engine
    from rag.engine.runner import runner_for

    def index(text: str) -> int:
        return library.ingester.ingest("bench", str(len(text)), "bench.txt", text.encode()).document.chunk_count

    return Rig(
        engine=llm.engine,
        another=lambda limits: Engine(runner_for(llm.model, limits), limits),
        weights=weigh(llm.model),
        ceilings=ceilings,
        prompts=Prompts(lambda text: llm.tokenizer.encode(text, add_special_tokens=False)),
        others=others,
        index=index,
        sizes=sizes,
        say=say,
    )
