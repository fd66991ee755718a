"""Tiny models with random weights, one of each family that the engine knows and some that it does not."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from rag.llms import machine

machine.set_up_machine()

import torch  # noqa: E402 - after the machine is set up
from bitsandbytes.functional import dequantize_4bit  # noqa: E402
from bitsandbytes.nn import Linear4bit  # noqa: E402
from transformers import (  # noqa: E402
    AutoModelForCausalLM,
    BitsAndBytesConfig,
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    Phi3Config,
    Phi3ForCausalLM,
    PreTrainedModel,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from rag.engine.engine import loops  # noqa: E402
from rag.engine.limits import Limits  # noqa: E402

VOCABULARY = 300
CONTEXT_TOKENS = 512
SLIDING_TOKENS = 32
OWN = ("llama", "mistral", "qwen2", "qwen3")  # the engine runs them itself
FOREIGN = ("gemma3", "phi3", "gpt2")  # Transformers does

# Wide weights: with the usual narrow ones every token is followed by itself, whatever stood before it.
_SHAPE: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 48,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": CONTEXT_TOKENS,
    "initializer_range": 0.3,
    "tie_word_embeddings": False,
    "bos_token_id": None,
    "eos_token_id": None,
    "pad_token_id": 0,
}
_NF4_SHAPE = _SHAPE | {"hidden_size": 128, "intermediate_size": 256, "vocab_size": 320, "initializer_range": 0.08}
_OF_4_BITS = {"quantization_config", "dtype", "torch_dtype"}
_GPT2_SHAPE: dict[str, Any] = {"n_embd": 48, "n_layer": 2, "n_head": 4, "n_positions": CONTEXT_TOKENS}


@cache
def tiny(family: str) -> PreTrainedModel:
    """A float32 model of a family."""
    return _made(family, _SHAPE)


@cache
def tiny_nf4(family: str, folder: Path, vocabulary: int = 320) -> PreTrainedModel:
    """A bfloat16 model of a family whose layers bitsandbytes has put in 4 bits, as `rag.llms.loading` does it."""
    place = folder / f"{family}-{vocabulary}"
    _made(family, _NF4_SHAPE | {"vocab_size": vocabulary}).to(torch.bfloat16).save_pretrained(place)
    config = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_use_double_quant=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
    return loaded(place, quantization_config=config)


def loaded(folder: Path, **options: Any) -> PreTrainedModel:
    """A model from its folder, in bfloat16 on the processor."""
    return AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.bfloat16, device_map={"": "cpu"}, local_files_only=True, **options
    )


@torch.inference_mode()
def exact_twin(model: Any) -> PreTrainedModel:
    """The same 4-bit weights unpacked to float32, so that only rounding differs; before they are laid out anew."""
    settings = {name: value for name, value in model.config.to_dict().items() if name not in _OF_4_BITS}
    twin = type(model)(type(model.config)(**settings)).float().eval()
    owners = dict(twin.named_modules())
    for name, layer in model.named_modules():
        weight = getattr(layer, "weight", None)
        if weight is None:
            continue
        is_nf4 = isinstance(layer, Linear4bit)
        dense = dequantize_4bit(weight.data, weight.quant_state) if is_nf4 else weight.data
        owners[name].weight.data = dense.float()
        if getattr(layer, "bias", None) is not None:
            owners[name].bias.data = layer.bias.data.float()
    return twin


def limits(**changes: Any) -> Limits:
    """Small ones, and no guessing."""
    usual: dict[str, Any] = {
        "streams": 4,
        "waiting": 64,
        "cache_bytes": 4_000_000,
        "context_tokens": CONTEXT_TOKENS,
        "chunk_tokens": 512,
        "stall_s": 0.25,
        "threads": 1,
        "workers": 1,
        "draft_tokens": 0,
    }
    return Limits(**(usual | changes))


def tokens_of(seed: int, count: int, vocabulary: int = VOCABULARY) -> tuple[int, ...]:
    """A prompt of ``count`` random tokens."""
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randint(1, vocabulary, (count,), generator=generator).tolist())


@torch.inference_mode()
def generated(model: Any, ids: Sequence[int], count: int) -> list[int]:
    """What plain Transformers writes, by `generate`."""
    prompt = torch.tensor([list(ids)])
    out = model.generate(
        prompt, attention_mask=torch.ones_like(prompt), do_sample=False, max_new_tokens=count, use_cache=True
    )
    return out[0, len(ids) :].tolist()


def expected(greedy: Sequence[int], most: int, stop_ids: frozenset[int] = frozenset()) -> tuple[list[int], str]:
    """What of a greedy text an engine gives, and why it ends there."""
    written: list[int] = []
    for token in greedy[:most]:
        if token in stop_ids or loops(written):
            return written, "stop"
        written.append(token)
    return written, "length"


def _made(family: str, shape: dict[str, Any]) -> Any:
    torch.manual_seed(sum(map(ord, family)))
    model = _unready(family, shape).eval().requires_grad_(False)
    for name, parameter in model.named_parameters():
        if parameter.dim() == 1:  # norms and biases begin as ones and zeros, which would hide that they are left out
            shift = 0.3 if "bias" in name else 1.0
            torch.nn.init.uniform_(parameter, shift - 0.3, shift + 0.3)
    return model


def _unready(family: str, shape: dict[str, Any]) -> PreTrainedModel:
    match family:
        case "llama":
            return LlamaForCausalLM(LlamaConfig(**shape))
        case "mistral":
            return MistralForCausalLM(MistralConfig(**shape, sliding_window=None))
        case "sliding mistral":
            return MistralForCausalLM(MistralConfig(**shape, sliding_window=SLIDING_TOKENS))
        case "sliding qwen2":
            window: dict[str, Any] = {
                "use_sliding_window": True,
                "sliding_window": SLIDING_TOKENS,
                "max_window_layers": 1,
            }
            return Qwen2ForCausalLM(Qwen2Config(**shape, **window))
        case "qwen2":
            return Qwen2ForCausalLM(Qwen2Config(**shape))
        case "qwen3":
            return Qwen3ForCausalLM(Qwen3Config(**shape, head_dim=32))
        case "gemma3":
            sizes = shape | {"num_hidden_layers": 4, "layer_types": 2 * ["sliding_attention", "full_attention"]}
            return Gemma3ForCausalLM(Gemma3TextConfig(**sizes, head_dim=16, sliding_window=SLIDING_TOKENS))
        case "phi3":
            return Phi3ForCausalLM(Phi3Config(**shape))
        case _:
            own = {"initializer_range", "vocab_size", "bos_token_id", "eos_token_id", "pad_token_id"}
            return GPT2LMHeadModel(GPT2Config(**{name: shape[name] for name in own}, **_GPT2_SHAPE))
