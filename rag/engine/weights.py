"""A Transformers model's weights as the engine's own forward reads them: joined matrices, norms, angles.

Knows the llama-like families: llama, mistral, qwen2, qwen3. What it does not know runs as Transformers runs it
(`rag.engine.foreign`). On a processor with bitsandbytes' fused kernel the 4-bit weights are laid out for it once,
queries, keys and values as one matrix, gate and up as another; the model's own layers keep views of the same memory,
so that it still works, and nothing is held twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from rag.engine import kernel
from rag.engine.limits import FAMILIES

if TYPE_CHECKING:  # both are slow to import, and weights that were laid out before need neither
    from transformers import PreTrainedModel

_STEADY_ROPES = frozenset({"default", "linear", "llama3", "yarn"})  # angles that depend on the position alone


@dataclass(frozen=True, slots=True)
class Packed:
    """A 4-bit matrix in the fused kernel's layout. Rows times it: (n, inner) bfloat16 to (n, outer)."""

    weight: torch.Tensor  # (outer, inner / 2) uint8
    scales: torch.Tensor  # (inner / 64, outer) bfloat16

    @property
    def addresses(self) -> tuple[int, int]:
        return self.weight.data_ptr(), self.scales.data_ptr()

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        return kernel.multiply(rows, self.weight, self.scales)


@dataclass(frozen=True, slots=True)
class Joined:
    """Several of Transformers' own layers over the same rows, side by side, without their biases' owners."""

    layers: tuple[torch.nn.Module, ...]

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        out = [layer(rows) for layer in self.layers]
        return out[0] if len(out) == 1 else torch.cat(out, dim=-1)


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer. ``bias`` is of the joined queries, keys and values, where it is not within ``qkv``."""

    qkv: Packed | Joined
    out: Packed | Joined
    open: Packed | Joined  # gate and up
    close: Packed | Joined
    norms: tuple[torch.Tensor, torch.Tensor]
    head_norms: tuple[torch.Tensor, torch.Tensor] | None
    bias: torch.Tensor | None


@dataclass(frozen=True, slots=True)
class Weights:
    """A whole model of a known family."""

    layers: tuple[Layer, ...]
    embedding: torch.Tensor
    norm: torch.Tensor
    head: torch.Tensor  # (vocabulary, hidden)
    rough_head: Packed | None  # the head in 4 bits, where the layers are
    frequencies: torch.Tensor  # (width / 2) float32, radians a token
    heads: int
    groups: int
    width: int
    inner: int
    epsilon: float
    scaling: float  # of the angles' cosines and sines

    @property
    def hidden(self) -> int:
        return int(self.embedding.shape[1])

    @property
    def is_packed(self) -> bool:
        return self.rough_head is not None

    def angles(self, context_tokens: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Cosines and sines of every position's rotation. Shape: (context_tokens, width) float32 each."""
        positions = torch.arange(context_tokens, device=self.frequencies.device, dtype=torch.float32)
        angles = (positions[:, None] * self.frequencies).repeat(1, 2)
        return angles.cos() * self.scaling, angles.sin() * self.scaling


def is_known(model: PreTrainedModel) -> bool:
    """Whether `weights_of` can read a model: its family, and positions whose angles do not depend on the length."""
    config = model.config.get_text_config()
    ropes = getattr(config, "rope_parameters", None) or {}
    return (
        config.model_type in FAMILIES
        and ropes.get("rope_type", "default") in _STEADY_ROPES
        and config.hidden_act == "silu"
        and not getattr(config, "mlp_bias", False)
        and all(layer.self_attn.o_proj.bias is None for layer in model.model.layers)
        and len({parameter.device for parameter in model.parameters()}) == 1
    )


def window_of(model: PreTrainedModel) -> int | None:
    """Tokens that a model can take; None where it does not say.

    A known family with a sliding window is not used beyond it: up to there it is full attention, which is what
    `rag.engine.forward` does.
    """
    config = model.config.get_text_config()
    most: int | None = getattr(config, "max_position_embeddings", None)
    slides: int | None = getattr(config, "sliding_window", None)
    if not slides or not is_known(model) or not getattr(config, "use_sliding_window", True):
        return most
    if set(getattr(config, "layer_types", None) or ()) == {"full_attention"}:
        return most
    return min(slides, most or slides)


def weights_of(model: PreTrainedModel) -> Weights:
    """The weights of a model that `is_known`; its 4-bit layers are laid out anew where the fused kernel runs."""
    config = model.config.get_text_config()
    body = model.model
    is_packed = _packs(model)
    head = model.lm_head.weight.detach()
    return Weights(
        layers=tuple(_layer(layer, is_packed) for layer in body.layers),
        embedding=body.embed_tokens.weight.detach(),
        norm=body.norm.weight.detach(),
        head=head,
        rough_head=pack(head) if is_packed else None,
        frequencies=body.rotary_emb.inv_freq.detach().float().to(head.device),
        heads=config.num_attention_heads,
        groups=config.num_key_value_heads,
        width=getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads,
        inner=config.intermediate_size,
        epsilon=config.rms_norm_eps,
        scaling=body.rotary_emb.attention_scaling,
    )


def pack(dense: torch.Tensor) -> Packed:
    """A dense bfloat16 matrix in 4 bits, with rows of zeros up to a number that the kernel takes."""
    from bitsandbytes import functional

    rows = torch.nn.functional.pad(dense, (0, 0, 0, -len(dense) % kernel.ROWS))
    weight, state = functional.quantize_4bit(rows, quant_type="nf4", blocksize=kernel.SCALES)
    weight, state = functional._convert_weight_packed_for_cpu(weight, state)
    return Packed(weight, state.absmax)


def _packs(model: PreTrainedModel) -> bool:
    """Whether every matrix of the layers is in NF4, on a processor that multiplies it as it lies."""
    if model.device.type != "cpu" or not kernel.runs_here() or model.dtype != torch.bfloat16:
        return False
    attention, feed = model.model.layers[0].self_attn, model.model.layers[0].mlp
    wanted = [(attention, name) for name in ("q_proj", "k_proj", "v_proj", "o_proj")]
    wanted += [(feed, name) for name in ("gate_proj", "up_proj", "down_proj")]
    return all(_is_nf4(getattr(owner, name)) for owner, name in wanted)


def _is_nf4(layer: Any) -> bool:
    from bitsandbytes.nn import Linear4bit

    state = getattr(getattr(layer, "weight", None), "quant_state", None)
    if not isinstance(layer, Linear4bit) or state is None:
        return False
    return bool(state.quant_type == "nf4" and state.blocksize == kernel.SCALES)


def _layer(layer: Any, is_packed: bool) -> Layer:
    attention, feed = layer.self_attn, layer.mlp
    projections = (attention.q_proj, attention.k_proj, attention.v_proj)
    norms = (layer.input_layernorm.weight.detach(), layer.post_attention_layernorm.weight.detach())
    head_norms = None
    if hasattr(attention, "q_norm"):
        head_norms = (attention.q_norm.weight.detach(), attention.k_norm.weight.detach())
    join = _join_packed if is_packed else Joined
    has_bias = projections[0].bias is not None
    bias = torch.cat([part.bias.detach() for part in projections]) if is_packed and has_bias else None
    opening = (feed.gate_proj, feed.up_proj)
    return Layer(
        join(projections), join((attention.o_proj,)), join(opening), join((feed.down_proj,)), norms, head_norms, bias
    )


def _join_packed(layers: tuple[Any, ...]) -> Packed:
    """One matrix of several; each layer's own weight becomes a view of its rows."""
    from bitsandbytes import functional

    for layer in layers:
        state = layer.weight.quant_state
        if not getattr(state, "packing_format_for_cpu", False):
            layer.weight.data, layer.weight.quant_state = functional._convert_weight_packed_for_cpu(
                layer.weight.data, state
            )
    weight = torch.cat([layer.weight.data for layer in layers])
    scales = torch.cat([layer.weight.quant_state.absmax for layer in layers], dim=1)
    begin = 0
    for layer in layers:
        end = begin + layer.weight.shape[0]
        layer.weight.data = weight[begin:end]
        begin = end
    return Packed(weight, scales)
