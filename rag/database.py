"""One SQLite file, one writer thread, one read-only connection for each reading thread.

All writing goes through a single thread, so SQLite's lock is never waited for, and urgent work
(an event that Slack wants acknowledged) overtakes ingest, which keeps its transactions short.
This room knows no tables: `rag.store` and `bot.records` bring their own migrations.
"""

from __future__ import annotations

import itertools
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

import sqlite_utils
from sqlite_utils.migrations import Migrations

from rag.errors import DiskFull, StoreCorrupt, StoreError, StoreTooNew

Result = TypeVar("Result")
Work = Callable[[sqlite_utils.Database], Result]

URGENT, NORMAL, LAST = 0, 1, 9
BUSY_TIMEOUT_S = 5.0


class Database:
    """The connection layer. Close it, or use it as a context manager.

    Raises: StoreCorrupt, StoreTooNew, DiskFull, StoreError — on opening, before anything is changed.
    """

    def __init__(self, path: Path, migrations: Iterable[Migrations]) -> None:
        self.path = Path(path)
        self._queue: queue.PriorityQueue[tuple[int, int, Work | None, Future]] = queue.PriorityQueue()
        self._order = itertools.count()
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._readers_lock = threading.Lock()
        self._closed = False
        self._connection = _open_for_writing(self.path, list(migrations))
        self._writer = threading.Thread(target=self._write_loop, name="database-writer", daemon=True)
        self._writer.start()

    def submit(self, work: Work[Result], *, urgent: bool = False) -> Future[Result]:
        """Run ``work`` in a transaction of its own on the writer thread; the future is set after the commit."""
        future: Future[Result] = Future()
        if self._closed:
            raise StoreError(detail="the database is closed")
        self._queue.put((URGENT if urgent else NORMAL, next(self._order), work, future))
        return future

    def write(self, work: Work[Result], *, urgent: bool = False) -> Result:
        """As `submit`, and wait for the commit. Never call it on an event loop."""
        return self.submit(work, urgent=urgent).result()

    def read(self, work: Work[Result]) -> Result:
        """Run ``work`` now, on this thread's read-only connection: it sees what was committed."""
        with _named_errors():
            return work(self._reader())

    def close(self) -> None:
        """Finish what was submitted, then fold the log into the file."""
        if self._closed:
            return
        self._closed = True
        self._queue.put((LAST, next(self._order), None, Future()))
        self._writer.join()
        with self._readers_lock:
            for reader in self._readers:
                reader.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _reader(self) -> sqlite_utils.Database:
        database = getattr(self._local, "database", None)
        if database is None:
            connection = sqlite3.connect(
                f"{self.path.absolute().as_uri()}?mode=ro",
                uri=True,
                timeout=BUSY_TIMEOUT_S,
                check_same_thread=False,
            )
            database = self._local.database = sqlite_utils.Database(connection, execute_plugins=False)
            with self._readers_lock:
                self._readers.append(connection)
        return database

    def _write_loop(self) -> None:
        database = sqlite_utils.Database(self._connection, execute_plugins=False)
        while True:
            _, _, work, future = self._queue.get()
            if work is None:
                break
            if not future.set_running_or_notify_cancel():
                continue
            try:
                with _named_errors(), database.atomic():
                    result = work(database)
            except BaseException as error:  # noqa: BLE001 — whoever waits gets it; the thread lives on
                future.set_exception(error)
            else:
                future.set_result(result)
        self._connection.close()


def _open_for_writing(path: Path, migrations: list[Migrations]) -> sqlite3.Connection:
    with _named_errors():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, check_same_thread=False)
        path.chmod(0o600)
        database = sqlite_utils.Database(connection, execute_plugins=False)
        # FULL: an acknowledged event survives a power cut (WAL with NORMAL may lose the last commits).
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")
        check = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if check != "ok":
            raise StoreCorrupt(_CORRUPT, detail=check)
        _refuse_newer(database, migrations)
        for migration in migrations:
            migration.apply(database)
        return connection


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


class _named_errors:
    """Turns SQLite's errors, and the file system's, into ours."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, sqlite3.DatabaseError):
            text = str(error)
            if "disk is full" in text:
                raise DiskFull(detail=text) from error
            if "malformed" in text or "not a database" in text:
                raise StoreCorrupt(_CORRUPT, detail=text) from error
            if isinstance(error, sqlite3.OperationalError) and ("unable to open" in text or "disk I/O" in text):
                raise StoreError(detail=text) from error
        if isinstance(error, OSError) and error.errno == 28:
            raise DiskFull(detail=str(error)) from error
