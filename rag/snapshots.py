"""A backup: one tar file with the database, the originals under their sha256, and a list of checksums before them.

    manifest.json   {"form": 1, "made_at": ..., "files": {"inhouse.db": {"sha256": ..., "size_bytes": ...}, ...}}
    inhouse.db
    originals/ab/abcdef…

It is written under another name first, so that any crash leaves the whole file or none. The vectors are not in
it: they are built again from the database. Knows nothing of what the tables mean, but which originals they need.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from rag.database import copy_database, read_rows
from rag.errors import DiskFull, StoreError
from rag.originals import Originals
from rag.vectors import sync_folder

FORM = 1
MANIFEST, DATABASE, ORIGINALS = "manifest.json", "inhouse.db", "originals"
MOST_MANIFEST_BYTES = 100_000_000
READ_BYTES = 1 << 20
ABANDONED_S = 3600.0  # what a backup left behind that is this old belongs to a process that was killed
PART = ".inhouse-backup-"
_EXISTS = "There is a file of this name already; nothing was written."


class SnapshotBroken(StoreError):
    """A backup that is not whole, or no backup at all."""

    default_message = "This backup is not whole, or is no backup of Inhouse; nothing was changed."


@dataclass(frozen=True, slots=True)
class Member:
    """One file in a backup."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds."""

    form: int
    made_at: float  # seconds since the epoch
    files: dict[str, Member]  # by their names in the backup
    missing: tuple[str, ...] = ()  # sha256 of originals that were not there, or damaged, when it was made

    @property
    def size_bytes(self) -> int:
        """Of all files together."""
        return sum(member.size_bytes for member in self.files.values())


# --- writing -----------------------------------------------------------------------------------------


def write_snapshot(target: Path, database: Path, originals: Path, others: Sequence[Path] = ()) -> Manifest:
    """Back up to ``target``, a file that does not exist yet; the bot may be running. ``others``: small files.

    Raises: StoreError, StoreCorrupt, DiskFull — then there is no file.
    """
    if target.exists():
        raise StoreError(_EXISTS)
    for left in target.parent.glob(f"{PART}*"):  # by a backup that was killed; it holds text
        if time.time() - left.stat().st_mtime > ABANDONED_S:
            shutil.rmtree(left, ignore_errors=True)
    with _named_os_errors(), tempfile.TemporaryDirectory(prefix=PART, dir=target.parent) as folder:
        copy = Path(folder) / DATABASE
        copy_database(database, copy)
        sources = {DATABASE: copy, **{path.name: path for path in others if path.is_file()}}
        wanted = {f"{ORIGINALS}/{sha[:2]}/{sha}": originals / sha[:2] / sha for sha in _needed(copy)}
        members = {name: _member(path) for name, path in {**sources, **wanted}.items()}
        whole = {name: one for name, one in members.items() if one is not None and _is_right(name, one)}
        missing = tuple(Path(name).name for name in wanted if name not in whole)
        manifest = Manifest(FORM, time.time(), whole, missing)
        part = Path(folder) / "backup.tar"
        _write_tar(part, manifest, {**sources, **wanted})
        _give_name(part, target)
        sync_folder(target.parent)
    return manifest


def _give_name(part: Path, target: Path) -> None:
    """Raises: FileExistsError. A link, unlike a rename, never replaces what stands there; not every disk has links."""
    try:
        os.link(part, target)
    except FileExistsError:
        raise
    except OSError:
        if target.exists():
            raise FileExistsError(target) from None
        part.replace(target)


def _needed(database: Path) -> list[str]:
    sql = "SELECT DISTINCT sha256 FROM documents WHERE status NOT IN ('erasing', 'failed') ORDER BY sha256"
    return [row[0] for row in read_rows(database, sql)]


def _member(path: Path) -> Member | None:
    """None where the file is not there: it may have been erased a moment ago."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return Member(digest, file.tell())
    except FileNotFoundError:
        return None


def _is_right(name: str, member: Member) -> bool:
    return not name.startswith(f"{ORIGINALS}/") or Path(name).name == member.sha256


def _write_tar(part: Path, manifest: Manifest, sources: dict[str, Path]) -> None:
    descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
            content = json.dumps(asdict(manifest), indent=1).encode()
            _add(tar, MANIFEST, io.BytesIO(content), len(content))
            for name, member in manifest.files.items():
                with sources[name].open("rb") as source:
                    _add(tar, name, source, member.size_bytes)
        file.flush()
        os.fsync(file.fileno())


def _add(tar: tarfile.TarFile, name: str, source: IO[bytes], size_bytes: int) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size_bytes, 0o600, int(time.time())
    tar.addfile(info, source)


# --- reading -----------------------------------------------------------------------------------------


def unpack_snapshot(archive: Path, folder: Path) -> Manifest:
    """Unpack a backup into an empty folder, every checksum compared on the way.

    Names come from the backup's list, whose form is checked: nothing is written outside the folder.
    Raises: SnapshotBroken, StoreError, DiskFull.
    """
    with _named_os_errors(), _opened(archive) as tar:
        manifest = _manifest(tar)
        seen = set()
        while (info := tar.next()) is not None:
            member = manifest.files.get(info.name)
            if member is None or not info.isfile() or info.name in seen:
                raise SnapshotBroken(detail="a file that is not listed")
            seen.add(info.name)
            source = tar.extractfile(info)
            assert source is not None
            if _unpack(source, folder / info.name) != member:
                raise SnapshotBroken(detail="a checksum")
        if seen != set(manifest.files):
            raise SnapshotBroken(detail="a file is missing")
    return manifest


@contextlib.contextmanager
def _opened(archive: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(archive, mode="r|") as tar:
            yield tar
    except (tarfile.TarError, EOFError) as error:
        raise SnapshotBroken(detail=type(error).__name__) from error


def _manifest(tar: tarfile.TarFile) -> Manifest:
    info = tar.next()
    if info is None or info.name != MANIFEST or not info.isfile() or info.size > MOST_MANIFEST_BYTES:
        raise SnapshotBroken(detail="no manifest")
    source = tar.extractfile(info)
    assert source is not None
    try:
        read = json.loads(source.read())
        if read["form"] > FORM:
            raise SnapshotBroken("This backup was made by a newer version of Inhouse; install that version first.")
        files = {str(name): Member(str(one["sha256"]), int(one["size_bytes"])) for name, one in read["files"].items()}
        manifest = Manifest(read["form"], float(read["made_at"]), files, tuple(read["missing"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SnapshotBroken(detail="manifest") from error
    if DATABASE not in files or not all(map(_may_be_named, files)):
        raise SnapshotBroken(detail="names")
    return manifest


def _may_be_named(name: str) -> bool:
    parts = name.split("/")
    if parts[0] == ORIGINALS:
        return len(parts) == 3 and len(parts[2]) == 64 and parts[2].isalnum() and parts[1] == parts[2][:2]
    return len(parts) == 1 and name == Path(name).name and not name.startswith(".")


def _unpack(source: IO[bytes], target: Path) -> Member:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest, size = hashlib.sha256(), 0
    with os.fdopen(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        while piece := source.read(READ_BYTES):
            digest.update(piece)
            size += file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    return Member(digest.hexdigest(), size)


def take_originals(folder: Path, originals: Originals) -> int:
    """Move unpacked originals to where they are kept; how many."""
    paths = sorted((folder / ORIGINALS).glob("[0-9a-f][0-9a-f]/*"))
    for path in paths:
        target = originals.path(path.name)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.replace(target)
        sync_folder(target.parent)
    return len(paths)


@contextlib.contextmanager
def _named_os_errors() -> Iterator[None]:
    try:
        yield
    except FileExistsError as error:
        raise StoreError(_EXISTS, detail=str(error)) from error
    except OSError as error:
        if error.errno == 28:  # ENOSPC
            raise DiskFull(detail=str(error)) from error
        raise StoreError(
            f"The backup cannot be read or written: {error.strerror or type(error).__name__}.", detail=str(error)
        ) from error
