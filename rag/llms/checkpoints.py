"""Prepared models kept on disk, so that the second start reads 4 bits a weight and quantises nothing.

A checkpoint is a folder that appears whole (written beside, then renamed) under a key made of the model's
identity, the kind of quantisation and the versions of the packages that wrote it.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from rag.llms.model_files import ModelFiles

log = logging.getLogger(__name__)

MANIFEST = "inhouse.json"
_WRITERS = ("torch", "transformers", "bitsandbytes")


def default_dir() -> Path:
    """Where checkpoints go when the caller names no place."""
    return Path.home() / ".cache" / "inhouse" / "checkpoints"


class Checkpoint:
    """The place of one prepared model, written or not. ``preparation``: what was done to it."""

    def __init__(self, checkpoint_dir: Path, files: ModelFiles, preparation: dict[str, Any]) -> None:
        self._versions = {name: importlib.metadata.version(name) for name in _WRITERS}
        self._source = files.name
        described = json.dumps([files.identity(), preparation, self._versions], sort_keys=True)
        key = hashlib.sha256(described.encode()).hexdigest()[:16]
        self.folder = checkpoint_dir / f"{files.name}-{key}"

    def exists(self) -> bool:
        return (self.folder / MANIFEST).is_file()

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def write(self, save: Callable[[Path], None], size_bytes: int) -> bool:
        """Have ``save`` fill a folder that then becomes the checkpoint. False: no room or no right to write there.

        A model that could not be kept still answers; only the next start is slow again.
        """
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            if shutil.disk_usage(self.folder.parent).free < 1.1 * size_bytes + (64 << 20):
                log.warning("no room on disk to keep the prepared model; the next start will prepare it again")
                return False
            with tempfile.TemporaryDirectory(dir=self.folder.parent, prefix=".writing-") as parent:
                fresh = Path(parent) / "model"
                save(fresh)
                manifest = {"source": self._source, "versions": self._versions}
                (fresh / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
                self._put(fresh)
        except (OSError, SafetensorError) as error:  # the second where the disk fills up in the middle of a file
            log.warning("the prepared model could not be kept: %s", getattr(error, "strerror", None) or error)
            return False
        self._remove_outdated()
        return True

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for intermediate files, on the checkpoints' disk where that can be written; removed afterwards."""
        parent = self.folder.parent
        with suppress(OSError):
            parent.mkdir(parents=True, exist_ok=True)
        home = parent if os.access(parent, os.W_OK) else None
        with tempfile.TemporaryDirectory(dir=home, prefix=".scratch-") as folder:
            yield Path(folder)

    def _put(self, fresh: Path) -> None:
        """The first of two processes that wrote the same checkpoint wins; the contents are equal."""
        try:
            fresh.rename(self.folder)
        except OSError:
            if not self.exists():
                raise

    def _remove_outdated(self) -> None:
        """Checkpoints of this model that other package versions wrote: they would never be read again."""
        for manifest in self.folder.parent.glob(f"*/{MANIFEST}"):
            written = json.loads(manifest.read_text(encoding="utf-8"))
            if written["source"] == self._source and written["versions"] != self._versions:
                shutil.rmtree(manifest.parent, ignore_errors=True)
