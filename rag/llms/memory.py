"""Memory that runs out, said in words."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from rag.errors import OutOfMemory


@contextmanager
def memory_errors() -> Iterator[None]:
    """Raises OutOfMemory for what PyTorch raises when memory runs out, having freed what can be freed."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        out = isinstance(error, torch.OutOfMemoryError | MemoryError) or "allocate memory" in str(error)
        if not out:
            raise
        detail = str(error)
    else:
        return
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    raise OutOfMemory(
        "Memory ran out while answering; everything else goes on. Lower INHOUSE_CONTEXT_TOKENS, or choose a smaller "
        "model with `inhouse models`.",
        detail=detail,
    )
