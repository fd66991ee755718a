"""How much of a model is read and multiplied for each token: what the ceilings are divided by."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from transformers import PreTrainedModel

from rag.engine.weights import is_known
from rag.llms import machine
from rag.llms.weights import NF4_BYTES, kv_bytes_per_token

_GPU_NF4_BYTES = 0.516  # with double quantisation, which only the processor's kernel undoes


@dataclass(frozen=True, slots=True)
class Weights:
    """Of the linear layers in 4 bits and of the head; the embedding is looked up, not read through."""

    layer_weights: int
    head_weights: int
    head_bits: int
    kv_bytes_per_token: int
    nf4_bytes: float = NF4_BYTES

    @property
    def flop_per_token(self) -> int:
        """Of reading a prompt, where the head is needed once only. Attention is not counted."""
        return 2 * self.layer_weights

    def bytes_per_token(self, context_tokens: int) -> float:
        """Read from memory to write one token behind ``context_tokens``."""
        head = self.nf4_bytes if self.head_bits == 4 else self.head_bits / 8
        body = self.layer_weights * self.nf4_bytes + self.head_weights * head
        return body + context_tokens * self.kv_bytes_per_token

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def weigh(model: PreTrainedModel) -> Weights:
    """The weights of a model as the engine reads them, from its configuration.

    A model that is not like Llama is taken for one: its shares of the ceiling are then estimates.
    """
    text = model.config.get_text_config()
    on_gpu = model.device.type == "cuda"
    has_small_head = not on_gpu and is_known(model) and machine.has_avx512_bf16() is True
    heads, groups = text.num_attention_heads, getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    hidden, inner = text.hidden_size, getattr(text, "intermediate_size", None) or 4 * text.hidden_size
    width = getattr(text, "head_dim", None) or hidden // heads
    layer = hidden * width * (2 * heads + 2 * groups) + 3 * hidden * inner
    return Weights(
        layer_weights=text.num_hidden_layers * layer,
        head_weights=text.vocab_size * hidden,
        head_bits=4 if has_small_head else 16,
        kv_bytes_per_token=kv_bytes_per_token(text.to_dict()),
        nf4_bytes=_GPU_NF4_BYTES if on_gpu else NF4_BYTES,
    )
