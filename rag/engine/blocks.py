"""Which blocks of keys and values belong to whom; numbers only, no tensors.

A block holds `BLOCK` tokens of one sequence. A full one is sealed with a hash of everything up to its end, of the
scope it was read for, and stays when its sequence ends: a later prompt that begins with the same tokens, in the same
scope, takes it over instead of reading them again. Blocks that nobody uses are given up least recently used first.
(Hash chains as in vLLM's automatic prefix caching, docs/features/automatic_prefix_caching.md; its per-tenant salt.)
"""

from __future__ import annotations

import hashlib
from array import array
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

BLOCK = 64  # tokens


@dataclass(slots=True)
class _Kept:
    """A sealed block's identity."""

    seal: bytes
    scope_id: str


class Blocks:
    """The bookkeeping of one pool. Not safe between threads: the engine's own."""

    def __init__(self, count: int, wipe: Callable[[Sequence[int]], None]) -> None:
        """``wipe`` clears blocks that no longer mean anything, so that what was read for one is never another's."""
        self.count = count
        self._wipe = wipe
        self._free = list(range(count - 1, -1, -1))
        self._users = [0] * count
        self._kept: dict[int, _Kept] = {}
        self._by_seal: dict[bytes, int] = {}
        self._idle: OrderedDict[int, None] = OrderedDict()  # sealed, used by nobody; least recently used first

    @property
    def available(self) -> int:
        """Blocks that can be had."""
        return len(self._free) + len(self._idle)

    @property
    def idle(self) -> int:
        """Blocks that are only kept."""
        return len(self._idle)

    def take_known(self, seals: Sequence[bytes]) -> list[int]:
        """The blocks of the longest known beginning; each is in use from now on."""
        found: list[int] = []
        for seal in seals:
            block = self._by_seal.get(seal)
            if block is None:
                break
            self._idle.pop(block, None)
            self._users[block] += 1
            found.append(block)
        return found

    def match(self, seals: Sequence[bytes]) -> tuple[int, int]:
        """How many blocks `take_known` would find, and how many of them nobody uses (they count as available)."""
        found = idle = 0
        for seal in seals:
            block = self._by_seal.get(seal)
            if block is None:
                break
            found += 1
            idle += block in self._idle
        return found, idle

    def take(self) -> int:
        """A block for new tokens. There must be one `available`."""
        if not self._free:
            block, _ = self._idle.popitem(last=False)
            self._unseal(block)
            self._drop([block])
        block = self._free.pop()
        self._users[block] = 1
        return block

    def seal(self, block: int, seal: bytes, scope_id: str) -> None:
        """Make a full block findable. Where an equal one is known already, that one stays the known one."""
        if seal not in self._by_seal:
            self._by_seal[seal] = block
            self._kept[block] = _Kept(seal, scope_id)

    def release(self, blocks: Sequence[int]) -> None:
        """A sequence's blocks are no longer used by it; sealed ones stay.

        From the last to the first, so that of a beginning the end is given up first.
        """
        unused = []
        for block in reversed(blocks):
            self._users[block] -= 1
            if not self._users[block]:
                unused.append(block)
        self._idle.update((block, None) for block in unused if block in self._kept)
        self._drop([block for block in unused if block not in self._kept])

    def forget(self, scope_id: str | None = None) -> None:
        """Nothing that was read for a scope (None: for any) is found again, and what nobody uses is wiped."""
        gone = [block for block, kept in self._kept.items() if scope_id is None or kept.scope_id == scope_id]
        for block in gone:
            self._unseal(block)
        self._drop([block for block in gone if block in self._idle])
        for block in gone:
            self._idle.pop(block, None)

    def _drop(self, blocks: Sequence[int]) -> None:
        self._wipe(blocks)
        self._free.extend(blocks)

    def _unseal(self, block: int) -> None:
        kept = self._kept.pop(block)
        del self._by_seal[kept.seal]


def seals_of(ids: Sequence[int], scope_id: str, public_tokens: int, known: Sequence[bytes] = ()) -> list[bytes]:
    """A seal for each full block of ``ids``: of its tokens and all before them, and of the scope.

    Blocks that lie within the first ``public_tokens`` are the same for every scope. ``known``: those of the first
    blocks, computed before.
    """
    seals = list(known)
    for number in range(len(seals), len(ids) // BLOCK):
        end = (number + 1) * BLOCK
        salt = b"" if end <= public_tokens else b"scope " + scope_id.encode("utf-8", "surrogatepass")
        before = seals[-1] if seals else b""
        digest = hashlib.blake2b(before, digest_size=16, key=hashlib.blake2b(salt, digest_size=32).digest())
        digest.update(array("q", ids[end - BLOCK : end]).tobytes())
        seals.append(digest.digest())
    return seals
