"""The memory of keys and values: one pool, made once, in blocks of tokens."""

from __future__ import annotations

import math
import mmap
from collections.abc import Sequence

import torch

from rag.engine.blocks import BLOCK


class Pool:
    """Keys lie transposed within a block, so that the compiled step reads them side by side.

    Shapes: keys (layers, groups, blocks, width, BLOCK), values (layers, groups, blocks, BLOCK, width). Memory is
    taken when a block is first written to, and never grows beyond ``blocks``.
    """

    def __init__(
        self, layers: int, groups: int, width: int, blocks: int, dtype: torch.dtype, device: torch.device
    ) -> None:
        self.blocks = blocks
        self.keys = _zeros((layers, groups, blocks, width, BLOCK), dtype, device)
        self.values = _zeros((layers, groups, blocks, BLOCK, width), dtype, device)

    @property
    def size_bytes(self) -> int:
        return 2 * self.keys.numel() * self.keys.element_size()

    def wipe(self, blocks: Sequence[int]) -> None:
        """Zeros, also because what lies behind a sequence's end is multiplied by nothing, and not-a-numbers stay."""
        for block in blocks:
            self.keys[:, :, block] = 0
            self.values[:, :, block] = 0

    def write(
        self, layer: int, spots: tuple[torch.Tensor, torch.Tensor], keys: torch.Tensor, values: torch.Tensor
    ) -> None:
        """Put keys and values (tokens, groups, width) at ``spots``: each token's block, and its place in it."""
        block, lane = spots
        self.keys[layer][:, block, :, lane] = keys
        self.values[layer][:, block, lane] = values.transpose(0, 1)

    def read(self, layer: int, tables: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys and values of sequences, by ``tables`` (sequences, blocks): (sequences, groups, tokens, width) each."""
        sequences, blocks = tables.shape
        keys, values = self.keys[layer][:, tables], self.values[layer][:, tables]
        groups, width = keys.shape[0], keys.shape[-2]
        shape = (sequences, groups, blocks * BLOCK, width)
        return (
            keys.permute(1, 0, 2, 4, 3).reshape(shape),
            values.transpose(0, 1).reshape(shape),
        )


def _zeros(shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """On a processor straight from the system, which hands out each page when it is first used.

    PyTorch would write them all, which for 755 MB took 0.6 s of a start; NumPy asks for pages so large that the first
    prompt takes nearly all of them.
    """
    if device.type != "cpu":
        return torch.zeros(shape, dtype=dtype, device=device)
    memory = mmap.mmap(-1, math.prod(shape) * dtype.itemsize, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    return torch.frombuffer(memory, dtype=dtype).view(shape)
