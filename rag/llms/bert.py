"""A sentence encoder of BERT's kind, for one short text at a time.

A question has a dozen words: of its time in Transformers more than half goes into Python between operators, and each
return to Python waits for whatever else runs there. This is the same arithmetic in a quarter of the operators.

Source: Devlin et al., arXiv 1810.04805, section 3; mean of the tokens as in Reimers and Gurevych, arXiv 1908.10084.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn.functional import gelu, layer_norm, linear, normalize, scaled_dot_product_attention

SAME = 0.9999  # the cosine from which two vectors of one text count as one; bf16 differs by 0.00004
SAMPLES = ("rent", "What is the notice period, and who may end the contract before 31 March?")


class Bert:
    """The forward of a `transformers.BertModel` on the processor, with its own weights."""

    def __init__(self, model: Any) -> None:
        embeddings = model.embeddings
        self._words = embeddings.word_embeddings.weight
        self._places = embeddings.position_embeddings.weight + embeddings.token_type_embeddings.weight[0]
        self._first = _norm(embeddings.LayerNorm)
        self._heads = model.config.num_attention_heads
        self._layers = [_Layer(layer, self._heads) for layer in model.encoder.layer]

    @torch.inference_mode()
    def vector(self, ids: Sequence[int]) -> torch.Tensor:
        """The mean over the tokens ``ids``, marks included. Shape: (d,) float32, unit length."""
        x = self._first(self._words[torch.tensor(ids)] + self._places[: len(ids)])
        for layer in self._layers:
            x = layer(x)
        return normalize(x.mean(0).float(), dim=0)


class _Layer:
    def __init__(self, layer: Any, heads: int) -> None:
        own, self._heads = layer.attention.self, heads
        parts = (own.query, own.key, own.value)
        self._inner = torch.cat([part.weight for part in parts]), torch.cat([part.bias for part in parts])
        self._outer = _weights(layer.attention.output.dense)
        self._up, self._down = _weights(layer.intermediate.dense), _weights(layer.output.dense)
        self._after_attention, self._after = _norm(layer.attention.output.LayerNorm), _norm(layer.output.LayerNorm)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        query, key, value = linear(x, *self._inner).view(len(x), 3, self._heads, -1).permute(1, 2, 0, 3).unsqueeze(1)
        seen = scaled_dot_product_attention(query, key, value)[0].transpose(0, 1).reshape(x.shape)
        x = self._after_attention(x + linear(seen, *self._outer))
        return self._after(x + linear(gelu(linear(x, *self._up)), *self._down))


def _weights(part: Any) -> tuple[torch.Tensor, torch.Tensor]:
    return part.weight, part.bias


def _norm(part: Any) -> Any:
    return lambda x: layer_norm(x, part.normalized_shape, part.weight, part.bias, part.eps)


def found_in(encoder: Any) -> Bert | None:
    """The forward of a `SentenceTransformer`, where it is one of these on the processor and nothing else is done."""
    try:
        model = encoder[0].auto_model if hasattr(encoder[0], "auto_model") else encoder[0].model
        is_plain = encoder.device.type == "cpu" and model.config.model_type == "bert"
        if not is_plain or model.config.hidden_act != "gelu" or model.config.is_decoder:
            return None
        with torch.inference_mode():
            return Bert(model)
    except (AttributeError, KeyError, IndexError, TypeError):  # of another build
        return None
