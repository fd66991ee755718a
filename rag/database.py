"""One SQLite file, one writer thread, one read-only connection for each reading thread.

All writing goes through a single thread, so SQLite's lock is never waited for, and urgent work
(an event that somebody waits to see stored) overtakes ingest, which keeps its transactions short.
This room knows no tables: `rag.store` and `bot.records` bring their own migrations.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import queue
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TypeVar

import sqlite_utils
from sqlite_utils.migrations import Migrations

from rag.errors import DiskFull, StoreCorrupt, StoreError, StoreTooNew

Result = TypeVar("Result")
Work = Callable[[sqlite_utils.Database], Result]

URGENT, NORMAL, LAST = 0, 1, 9
TOGETHER = 64  # urgent writes that share one commit: a commit waits for the disk, however little is in it
BUSY_TIMEOUT_S = 5.0
BEFORE_UPGRADE = ".before-upgrade"  # a copy of the file as an older version left it
KEEP_COPY_S = 7 * 24 * 3600


class Database:
    """The connection layer. Close it, or use it as a context manager.

    Raises: StoreCorrupt, StoreTooNew, DiskFull, StoreError — on opening, before anything is changed.
    """

    def __init__(self, path: Path, migrations: Iterable[Migrations]) -> None:
        self.path = Path(path)
        self._queue: queue.PriorityQueue[_Entry] = queue.PriorityQueue()
        self._order = itertools.count()
        self._local = threading.local()
        self._readers: weakref.WeakSet[sqlite_utils.Database] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._closed = False
        self._connection = _open_for_writing(self.path, list(migrations))
        self._writer = threading.Thread(target=self._write_loop, name="database-writer", daemon=True)
        self._writer.start()

    def submit(self, work: Work[Result], *, urgent: bool = False) -> Future[Result]:
        """Run ``work``, whole or not at all, on the writer thread; the future is set after the commit."""

        return self._enqueue(work, urgent, _Kind.TRANSACTION)

    def write(self, work: Work[Result], *, urgent: bool = False) -> Result:
        """As `submit`, and wait for the commit. Never call it on an event loop."""
        return self._wait(self.submit(work, urgent=urgent))

    def maintain(self, work: Work[Result]) -> Result:
        """Run ``work`` on the writer thread outside any transaction: checkpoints, VACUUM. Waits for it."""
        return self._wait(self._enqueue(work, False, _Kind.BARE))

    def read(self, work: Work[Result]) -> Result:
        """Run ``work`` now, on this thread's read-only connection: it sees what was committed.

        Everything ``work`` reads is of one moment. It must return values, never a cursor.
        """
        with _named_errors():
            reader = self._reader()
            with reader.atomic():
                return work(reader)

    def close(self) -> None:
        """Finish what was submitted, then fold the log into the file."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._queue.put(_Entry(LAST, next(self._order), None, Future(), _Kind.BARE))
        self._writer.join()
        for reader in list(self._readers):
            reader.conn.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _enqueue(self, work: Work[Result], urgent: bool, kind: _Kind) -> Future[Result]:
        future: Future[Result] = Future()
        with self._lock:  # nothing may be queued behind the last entry: nobody would ever answer it
            if self._closed:
                raise StoreError(detail="the database is closed")
            self._queue.put(_Entry(URGENT if urgent else NORMAL, next(self._order), work, future, kind))
        return future

    def _wait(self, future: Future[Result]) -> Result:
        if threading.current_thread() is self._writer:
            raise RuntimeError("work on the writer thread must not wait for other work on it")
        return future.result()

    def _reader(self) -> sqlite_utils.Database:
        database = getattr(self._local, "database", None)
        if database is None:
            database = sqlite_utils.Database(_connect_for_reading(self.path), execute_plugins=False)
            weakref.finalize(database, database.conn.close)  # with its thread
            with self._lock:
                if self._closed:
                    raise StoreError(detail="the database is closed")
                self._readers.add(database)
            self._local.database = database
        return database

    def _write_loop(self) -> None:
        database = sqlite_utils.Database(self._connection, execute_plugins=False)
        while True:
            entry = self._queue.get()
            if entry.work is None:
                break
            if entry.kind is _Kind.BARE:
                entry.run(database)
            else:
                _commit(database, [entry, *self._those_that_wait_too(entry)])
        with contextlib.suppress(sqlite3.Error):  # the log stays whole and is read at the next opening
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()

    def _those_that_wait_too(self, entry: _Entry) -> Iterator[_Entry]:
        """Further urgent writes that are queued already."""
        for _ in range(TOGETHER - 1 if entry.priority == URGENT else 0):
            try:
                other = self._queue.get_nowait()
            except queue.Empty:
                return
            if other.priority != URGENT or other.kind is not _Kind.TRANSACTION:
                self._queue.put(other)
                return
            yield other


class _Kind(Enum):
    TRANSACTION = "transaction"
    BARE = "bare"  # outside any transaction


@dataclass(order=True, slots=True)
class _Entry:
    """What is to be written, in its order; ``work`` None ends the thread."""

    priority: int
    number: int
    work: Work | None = field(compare=False)
    future: Future = field(compare=False)
    kind: _Kind = field(compare=False)

    def run(self, database: sqlite_utils.Database) -> None:
        """Do it and answer whoever waits."""
        assert self.work is not None
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            with _named_errors():
                result = self.work(database)
        except BaseException as error:  # noqa: BLE001 — whoever waits gets it; the thread lives on
            self.future.set_exception(error)
        else:
            self.future.set_result(result)


def _commit(database: sqlite_utils.Database, entries: list[_Entry]) -> None:
    """Each entry in a savepoint of its own, all in one transaction; nobody is answered before its commit.

    What fails is rolled back alone; where the commit fails, everything is.
    """
    waiting = [entry for entry in entries if entry.future.set_running_or_notify_cancel()]
    results: list[tuple[_Entry, object, BaseException | None]] = []
    try:
        with _named_errors(), database.atomic():
            for entry in waiting:
                results.append(_attempt(database, entry))
    except BaseException as error:  # noqa: BLE001 — whoever waits gets it; the thread lives on
        for entry in waiting:
            entry.future.set_exception(error)
        return
    for entry, result, problem in results:
        if problem is not None:
            entry.future.set_exception(problem)
        else:
            entry.future.set_result(result)


def _attempt(database: sqlite_utils.Database, entry: _Entry) -> tuple[_Entry, object, BaseException | None]:
    assert entry.work is not None
    try:
        with _named_errors(), database.atomic():
            return entry, entry.work(database), None
    except BaseException as error:
        if not database.conn.in_transaction:  # SQLite gave the whole transaction up, the others' part too
            raise
        return entry, None, error


def in_memory() -> sqlite_utils.Database:
    """A database without a file, for what must leave no trace; any thread may use it, one at a time."""
    connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    database = sqlite_utils.Database(connection, execute_plugins=False)
    weakref.finalize(database, connection.close)
    return database


def _connect_for_reading(path: Path) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?mode=ro"
    return sqlite3.connect(address, uri=True, timeout=BUSY_TIMEOUT_S, check_same_thread=False)


def _open_for_writing(path: Path, migrations: list[Migrations]) -> sqlite3.Connection:
    with _named_errors():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, check_same_thread=False)
        try:
            path.chmod(0o600)
            _prepare(path, connection, migrations)
        except BaseException:
            connection.close()
            raise
        return connection


def _prepare(path: Path, connection: sqlite3.Connection, migrations: list[Migrations]) -> None:
    database = sqlite_utils.Database(connection, execute_plugins=False)
    _refuse_newer(database, migrations)  # first: not a byte is written into what belongs to a newer version
    # FULL: an acknowledged event survives a power cut (WAL with NORMAL may lose the last commits).
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")
    _check(connection)
    known = [name for migration in migrations for name in migration.applied(database)]
    if known and any(migration.pending(database) for migration in migrations):
        _copy(connection, path.with_name(path.name + BEFORE_UPGRADE))
    for migration in migrations:
        migration.apply(database)
    drop_old_copy(path, KEEP_COPY_S)


def drop_old_copy(path: Path, older_than_s: float = 0.0) -> None:
    """Delete the copy from before the last upgrade. Whatever is erased must be erased from it too."""
    copy = path.with_name(path.name + BEFORE_UPGRADE)
    with contextlib.suppress(FileNotFoundError):
        if time.time() - copy.stat().st_mtime >= older_than_s:
            copy.unlink()


# --- whole files -------------------------------------------------------------------------------------


def copy_database(path: Path, target: Path) -> None:
    """Copy a database as it is at one moment, in use or not, into one file without a log beside it (0600, on disk).

    A page that is free in it is free in the copy: what was erased comes along in neither.
    Raises: StoreError, StoreCorrupt, DiskFull — then there is no copy.
    """
    with _named_errors(), contextlib.closing(_connect_for_reading(path)) as connection:
        _copy(connection, target)


def _copy(connection: sqlite3.Connection, target: Path) -> None:
    part = target.with_name(f"{target.name}.part")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600))
        with contextlib.closing(sqlite3.connect(part)) as copy:
            connection.backup(copy)  # in one step: nobody's write begins it anew
            copy.execute("PRAGMA journal_mode=DELETE")
            _check(copy)
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def check_database(path: Path, migrations: Iterable[Migrations]) -> None:
    """Whether this version can use a database that nobody has open; nothing is changed.

    Raises: StoreCorrupt, StoreTooNew, StoreError.
    """
    with _named_errors(), contextlib.closing(_connect_for_reading(path)) as connection:
        _check(connection)
        _refuse_newer(sqlite_utils.Database(connection, execute_plugins=False), list(migrations))


def read_rows(path: Path, sql: str, values: tuple[object, ...] = ()) -> list[tuple]:
    """What a query finds in a database that need not be of this version. Raises: StoreError, StoreCorrupt."""
    with _named_errors(), contextlib.closing(_connect_for_reading(path)) as connection:
        return connection.execute(sql, values).fetchall()


def is_in_use(path: Path) -> bool:
    """Whether anybody else has a database open. Where nobody has, its log is folded in.

    Leaving the log's mode takes the file for oneself, which fails as long as anybody else has it open.
    Raises: StoreError, StoreCorrupt.
    """
    with _named_errors(), contextlib.closing(sqlite3.connect(path, timeout=0.0)) as connection:
        try:
            is_alone = connection.execute("PRAGMA journal_mode=DELETE").fetchone()[0] == "delete"
            connection.execute("PRAGMA journal_mode=WAL")
            return not is_alone
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                return True
            raise


def _check(connection: sqlite3.Connection) -> None:
    check = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if check != "ok":
        raise StoreCorrupt(_CORRUPT, detail=check)


_CORRUPT = (
    "The database fails its integrity check, so nothing was opened or changed. "
    "Restore the last backup with `inhouse restore`, or move the file aside to start empty."
)


def _refuse_newer(database: sqlite_utils.Database, migrations: list[Migrations]) -> None:
    for migration in migrations:
        known = {m.name for m in migration.applied(database)} - {m.name for m in migration._migrations}
        if known:
            raise StoreTooNew(
                "This data was written by a newer version of Inhouse; install that version or a newer one.",
                detail=", ".join(sorted(known)),
            )


_UNUSABLE = {
    sqlite3.SQLITE_BUSY: "Another process is using the data just now; nothing was changed. Stop it, then try again.",
    sqlite3.SQLITE_LOCKED: "Another process is using the data just now; nothing was changed. Stop it, then try again.",
    sqlite3.SQLITE_READONLY: "The data cannot be written to; make its folder writable for this user.",
    sqlite3.SQLITE_CANTOPEN: "The data cannot be opened; check that its folder exists and belongs to this user.",
    sqlite3.SQLITE_PERM: "The data cannot be opened; check that its folder exists and belongs to this user.",
    sqlite3.SQLITE_IOERR: "The disk reported an error, so nothing was changed; check the disk.",
}


class _named_errors:
    """Turns SQLite's errors, and the file system's, into ours."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, sqlite3.Error):
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary code; Python's own errors have none
            if code == sqlite3.SQLITE_FULL:
                raise DiskFull(detail=str(error)) from error
            if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                raise StoreCorrupt(_CORRUPT, detail=str(error)) from error
            if code in _UNUSABLE:
                raise StoreError(_UNUSABLE[code], detail=str(error)) from error
        if isinstance(error, OSError):
            if error.errno == errno.ENOSPC:
                raise DiskFull(detail=str(error)) from error
            raise StoreError(_UNUSABLE[sqlite3.SQLITE_CANTOPEN], detail=str(error)) from error
