"""A GGUF file of a shape with random 4-bit weights, so that llama.cpp can be measured on it. Knows the file format.

The kinds of weights are those that llama.cpp's own converter chooses for Q4_0: Q4_0 in the layers, Q6_K in the head
(Q8_0 where rows are not a multiple of 256), float32 norms. There is no tokenizer in it: only ids are ever read.
"""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Kind

from rag.bench.shapes import Shape

_SEED = 5
# Bytes of a block, weights in it, where its float16 scale stands, and the scale at which they spread by 0.02.
_BLOCKS = {
    Kind.Q4_0: (18, 32, 0, 0.02 / 4.6),
    Kind.Q8_0: (34, 32, 0, 0.02 / 74),
    Kind.Q6_K: (210, 256, 208, 0.02 / (18.5 * 74)),
}


def write_gguf(shape: Shape, path: Path) -> None:
    """Write the file; as large as the model in 4 bits."""
    writer = gguf.GGUFWriter(path, shape.family, use_temp_file=True)
    _describe(writer, shape)
    draw = np.random.default_rng(_SEED)
    head_kind = Kind.Q6_K if shape.hidden_size % 256 == 0 else Kind.Q8_0
    _add(writer, draw, "token_embd", (shape.vocab_size, shape.hidden_size), Kind.Q4_0)
    for layer in range(shape.num_hidden_layers):
        _add_layer(writer, draw, shape, f"blk.{layer}")
    writer.add_tensor("output_norm.weight", np.ones(shape.hidden_size, dtype=np.float32))
    _add(writer, draw, "output", (shape.vocab_size, shape.hidden_size), head_kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _describe(writer: gguf.GGUFWriter, shape: Shape) -> None:
    config = shape.config()
    width = shape.hidden_size // shape.num_attention_heads
    writer.add_block_count(shape.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(shape.hidden_size)
    writer.add_feed_forward_length(shape.intermediate_size)
    writer.add_head_count(shape.num_attention_heads)
    writer.add_head_count_kv(shape.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_dimension_count(width)
    writer.add_vocab_size(shape.vocab_size)
    writer.add_tokenizer_model("none")


def _add_layer(writer: gguf.GGUFWriter, draw: np.random.Generator, shape: Shape, layer: str) -> None:
    hidden, inner = shape.hidden_size, shape.intermediate_size
    width = hidden // shape.num_attention_heads
    queries, keys = shape.num_attention_heads * width, shape.num_key_value_heads * width
    matrices = {
        "attn_q": (queries, hidden),
        "attn_k": (keys, hidden),
        "attn_v": (keys, hidden),
        "attn_output": (hidden, queries),
        "ffn_gate": (inner, hidden),
        "ffn_up": (inner, hidden),
        "ffn_down": (hidden, inner),
    }
    for name, sides in matrices.items():
        _add(writer, draw, f"{layer}.{name}", sides, Kind.Q4_0)
    for name in ("attn_norm", "ffn_norm"):
        writer.add_tensor(f"{layer}.{name}.weight", np.ones(hidden, dtype=np.float32))
    if shape.family == "qwen2":
        for name in ("attn_q", "attn_k", "attn_v"):
            writer.add_tensor(f"{layer}.{name}.bias", np.zeros(matrices[name][0], dtype=np.float32))


def _add(writer: gguf.GGUFWriter, draw: np.random.Generator, name: str, sides: tuple[int, int], kind: Kind) -> None:
    """Random bits are random weights; only each block's scale must be sensible."""
    block_bytes, block_weights, place, scale = _BLOCKS[kind]
    rows, columns = sides
    blocks = np.frombuffer(draw.bytes(rows * columns // block_weights * block_bytes), dtype=np.uint8)
    blocks = blocks.reshape(-1, block_bytes).copy()
    blocks[:, place : place + 2] = np.array([scale], dtype=np.float16).view(np.uint8)
    writer.add_tensor(f"{name}.weight", blocks.reshape(rows, -1), raw_dtype=kind)
