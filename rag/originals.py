"""The uploaded bytes, kept once under their own sha256, never under a name that anybody gave.

    originals/ab/abcdef…     files 0600, folders 0700

Knows nothing of scopes: whoever removes an original says whether any is left that needs it.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from rag.vectors import sync_folder

READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Staged:
    """Bytes that are on disk, but not yet kept."""

    path: Path
    sha256: str
    size_bytes: int

    def discard(self) -> None:
        """They are not needed: the same bytes are here already, or the file is unwanted."""
        self.path.unlink(missing_ok=True)


class Originals:
    """The folder of originals. Safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for part in abandoned(folder):
            part.unlink(missing_ok=True)

    def stage(self, data: bytes | Path) -> Staged:
        """Copy ``data`` into the folder and hash it on the way. Raises: OSError."""
        descriptor, name = tempfile.mkstemp(suffix=".part", prefix=part_prefix(), dir=self.folder)  # made with 0600
        path = Path(name)
        digest, size = hashlib.sha256(), 0
        try:
            with os.fdopen(descriptor, "wb") as target, _opened(data) as source:
                while piece := source.read(READ_BYTES):
                    digest.update(piece)
                    size += target.write(piece)
                target.flush()
                os.fsync(target.fileno())
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return Staged(path, digest.hexdigest(), size)

    def keep(self, staged: Staged) -> Path:
        """Give staged bytes their place, or drop them where the same bytes are there already."""
        target = self.path(staged.sha256)
        with self._lock:
            target.parent.mkdir(exist_ok=True, mode=0o700)
            staged.path.replace(target)
            sync_folder(target.parent)
        return target

    def path(self, sha256: str) -> Path:
        """Where the bytes with this sha256 lie, if they are here."""
        return self.folder / sha256[:2] / sha256

    def all(self) -> list[str]:
        """The sha256 of everything that is kept."""
        return [path.name for path in self.folder.glob("[0-9a-f][0-9a-f]/*")]

    def remove(self, sha256: str, is_kept: Callable[[str], bool]) -> bool:
        """Delete the bytes unless ``is_kept``; both under one lock, so that no new owner slips between."""
        path = self.path(sha256)
        with self._lock:
            if not path.exists() or is_kept(sha256):
                return False
            path.unlink()
            sync_folder(path.parent)
            return True


def part_prefix() -> str:
    """How the names of unfinished files of this process begin."""
    return f"{os.getpid()}-"


def abandoned(folder: Path) -> list[Path]:
    """Unfinished files, or folders of them, of processes that were killed. Call it before this process makes any.

    They hold text of people, so they do not stay until somebody happens to look.
    """
    unfinished = [path for path in folder.glob("*-*") if path.name.partition("-")[0].isdecimal()]
    return [path for path in unfinished if not _is_anothers(int(path.name.partition("-")[0]))]


def _is_anothers(pid: int) -> bool:
    return pid != os.getpid() and psutil.pid_exists(pid)  # in a container each start has the same number


def _opened(data: bytes | Path) -> io.BufferedIOBase:
    return io.BytesIO(data) if isinstance(data, bytes) else data.open("rb")
