"""From files to a 4-bit model and its tokenizer: quantise once, keep the result, read it from then on.

Where the compiled step runs, its layout of the weights is kept too. A start that finds it builds no model of
Transformers' at all, and does not import what that takes.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from transformers import AutoTokenizer, PreTrainedTokenizerBase
from transformers.utils import logging as transformers_logging

from rag.engine import kernel
from rag.engine.limits import MOST_CONTEXT_TOKENS
from rag.engine.weights import Weights, is_known, weights_of, window_of
from rag.errors import ModelRefused, ModelTooLarge
from rag.llms import layouts, machine, preflight
from rag.llms.checkpoints import Checkpoint
from rag.llms.layouts import Layout, Traits
from rag.llms.memory import memory_errors
from rag.llms.model_files import ModelFiles, find_model
from rag.llms.weights import Footprint, measure

if TYPE_CHECKING:  # slow to import, and needed only where a model is built
    from transformers import BitsAndBytesConfig, PreTrainedModel

DeviceMap = str | int | torch.device | dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Quantisation:
    """How weights are kept in 4 bits."""

    double_quant: bool
    quant_type: str
    compute_dtype: torch.dtype

    def config(self, odd_layers: tuple[str, ...]) -> BitsAndBytesConfig:
        from transformers import BitsAndBytesConfig

        return BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_use_double_quant=self.double_quant,
            bnb_4bit_quant_type=self.quant_type,
            bnb_4bit_compute_dtype=self.compute_dtype,
            # Naming any layer replaces Transformers' own choice, which is the head; so it is named too.
            llm_int8_skip_modules=[*odd_layers, "lm_head"] if odd_layers else None,
        )

    def key(self) -> dict[str, Any]:
        return {name: str(value) for name, value in asdict(self).items()}


@dataclass(frozen=True)
class Loaded:
    """A model ready to be run. ``weights`` are None where the engine does not know its family.

    ``from_checkpoint``: nothing had to be quantised.
    """

    tokenizer: PreTrainedTokenizerBase
    footprint: Footprint
    traits: Traits
    weights: Weights | None
    on_gpu: bool
    from_checkpoint: bool
    read_model: Callable[[], PreTrainedModel]

    @cached_property
    def model(self) -> PreTrainedModel:
        """Transformers' own. After a start from a layout it is a second copy, read when it is first asked for."""
        return self.read_model()


def load(
    files: ModelFiles,
    quantisation: Quantisation,
    *,
    device_map: DeviceMap,
    checkpoint_dir: Path,
    context_tokens: int,
) -> Loaded:
    """Load ``files`` in 4 bits, from the checkpoint where there is one, else quantise and keep one.

    Raises: ModelRefused, ModelTooLarge.
    """
    transformers_logging.disable_progress_bar()
    place = resolve_device(device_map)
    checkpoint = Checkpoint(checkpoint_dir, files, quantisation.key())
    laid_out = Checkpoint(checkpoint_dir, files, quantisation.key() | {"layout": layouts.FORMAT})
    kept = _readable(checkpoint)
    footprint = kept[1] if kept else measure(files)
    on_gpu = not _on_cpu(place)
    memory_bytes = machine.gpu_memory_bytes() if on_gpu else machine.available_memory_bytes()
    preflight.check_fits(files.name, footprint, context_tokens=context_tokens, memory_bytes=memory_bytes, on_gpu=on_gpu)
    if not kept and not files.quantised:
        model, tokenizer = _quantise(files, quantisation, place, checkpoint)
    else:
        folder = kept[0].folder if kept else files.folder
        with ThreadPoolExecutor(1) as beside:  # checksums are computed on another core
            finding = beside.submit(_readable_layout, laid_out) if not on_gpu else None
            tokenizer = _tokenizer(folder)
        if finding and (layout := finding.result()):
            read_model = partial(_read, folder, place, quantisation)
            return Loaded(tokenizer, footprint, layout.traits, layout.weights, on_gpu, bool(kept), read_model)
        model = _read(folder, place, quantisation)
    traits = _traits(model, tokenizer)
    weights = weights_of(model) if is_known(model) else None
    if weights and weights.is_packed and (checkpoint.exists() or files.quantised):
        layout = Layout(weights, traits)
        laid_out.write(lambda folder: layouts.write(folder, layout), footprint.loaded_bytes)
    return Loaded(tokenizer, footprint, traits, weights, on_gpu, bool(kept), lambda: model)


def resolve_device(device_map: DeviceMap) -> Any:
    """What Transformers is told: a whole model on one device as ``{"": device}``, a dictionary as it is.

    ``auto`` without a GPU is the processor. Raises: ModelRefused for a GPU that is not there.
    """
    if isinstance(device_map, dict):
        return device_map
    if device_map is None or device_map == "auto":
        return "auto" if torch.cuda.is_available() else {"": "cpu"}
    if isinstance(device_map, str) and device_map in ("balanced", "balanced_low_0", "sequential"):
        return device_map if torch.cuda.is_available() else {"": "cpu"}
    if _is_gpu(device_map) and not torch.cuda.is_available():
        raise ModelRefused(
            "The model was told to use a GPU, and PyTorch sees none. Set INHOUSE_DEVICE_MAP=cpu, or install the GPU "
            "build of PyTorch; `inhouse doctor` says which."
        )
    return {"": device_map}


def _is_gpu(device: Any) -> bool:
    return isinstance(device, int) or str(device).startswith("cuda")


def _on_cpu(place: Any) -> bool:
    return isinstance(place, dict) and not any(_is_gpu(device) for device in place.values())


def _readable(checkpoint: Checkpoint) -> tuple[ModelFiles, Footprint] | None:
    """The checkpoint's files, or None; one that is damaged is removed and made again."""
    if not checkpoint.exists():
        return None
    try:
        files = find_model(str(checkpoint.folder))
        return files, measure(files)
    except ModelRefused:
        checkpoint.remove()
        return None


def _readable_layout(laid_out: Checkpoint) -> Layout | None:
    """The layout kept for this processor's kernel, or None; one that is damaged is removed and made again."""
    if not laid_out.exists() or not kernel.runs_here():
        return None
    layout = layouts.read(laid_out.folder)
    if layout is None:
        laid_out.remove()
    return layout


def _traits(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> Traits:
    stored = model.generation_config.eos_token_id if model.generation_config else None
    stops = {*(stored if isinstance(stored, list) else [stored]), tokenizer.eos_token_id}
    stop_ids = frozenset(token for token in stops if isinstance(token, int))
    return Traits(window_of(model) or MOST_CONTEXT_TOKENS, stop_ids)


def _quantise(
    files: ModelFiles, quantisation: Quantisation, place: Any, checkpoint: Checkpoint
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    with checkpoint.scratch() as scratch:
        if files.gguf_file:
            _unpack_gguf(files, scratch, quantisation.compute_dtype)
            files = find_model(str(scratch))
        footprint = measure(files)
        tokenizer = _tokenizer(files.folder)
        model = _read(files.folder, place, quantisation, quantisation.config(footprint.odd_layers))

    def save(folder: Path) -> None:
        # Before the first forward, which repacks the weights: only then the second start gives identical output.
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)

    checkpoint.write(save, footprint.loaded_bytes)
    return model, tokenizer


def _unpack_gguf(files: ModelFiles, folder: Path, dtype: torch.dtype) -> None:
    """Write a GGUF file's weights, as plain tensors, to ``folder``. Not dequantised it could not be saved."""
    from transformers import AutoModelForCausalLM, GgufConfig

    source = {"gguf_file": files.gguf_file, "local_files_only": True}
    tokenizer = AutoTokenizer.from_pretrained(files.folder, **source)
    with memory_errors():
        model = AutoModelForCausalLM.from_pretrained(
            files.folder, quantization_config=GgufConfig(dequantize=True), dtype=dtype, **source
        )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
        folder, local_files_only=True, trust_remote_code=False
    )
    return tokenizer


def _read(
    folder: Path, place: Any, quantisation: Quantisation, config: BitsAndBytesConfig | None = None
) -> PreTrainedModel:
    """Load a folder; ``config`` None: it is stored in 4 bits already."""
    from transformers import AutoModelForCausalLM

    options: dict[str, Any] = {"quantization_config": config} if config else {}
    try:
        with memory_errors():
            model = AutoModelForCausalLM.from_pretrained(
                folder,
                dtype=quantisation.compute_dtype,
                device_map=place,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                **options,
            )
    except ValueError as error:
        if "dispatched on the CPU" not in str(error):
            raise
        raise ModelTooLarge(
            "The model does not fit the GPU whole, and 4-bit layers cannot be split between GPU and processor. "
            "Choose a smaller one with `inhouse models`, or set INHOUSE_DEVICE_MAP=cpu.",
            detail=str(error),
        ) from error
    _keep_greedy(model)
    return model


def _keep_greedy(model: PreTrainedModel) -> None:
    """Sampling settings that come with a model contradict greedy decoding, and are complained about when saved."""
    from transformers import GenerationConfig

    own = model.generation_config
    tokens = {name: getattr(own, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")} if own else {}
    model.generation_config = GenerationConfig(do_sample=False, **tokens)
