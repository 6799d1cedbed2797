"""Tracklets on disk until they are acknowledged: bounded, in order, and still there after kill -9."""

import logging
import sqlite3
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TypeVar

from reid_core.errors import ConfigInvalid, LinkUnavailable
from reid_core.wire import MAX_BYTES

log = logging.getLogger("restride.link")

T = TypeVar("T")

_KIND = 0x72730001  # in the header of the file: a spool, of this version
_ROW_BYTES = 128  # what a row costs beside its body
_ROOM_AGAIN = 0.9  # of the space: below it, a spool that was full is no longer

_OPENING = """
PRAGMA locking_mode = EXCLUSIVE; -- one process; also, no shared memory that a kill could leave torn
PRAGMA synchronous = NORMAL; -- safe when the process dies; a power cut may cost the last moments
PRAGMA secure_delete = ON; -- these are people: what is acknowledged leaves the disk
"""
_TABLE = """
CREATE TABLE tracklets (sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, body BLOB NOT NULL)
"""
_DROP_OLDEST = """
DELETE FROM tracklets WHERE sequence = (SELECT min(sequence) FROM tracklets) RETURNING length(body)
"""


@dataclass(frozen=True, slots=True)
class Spooled:
    sequence: int
    tracklet: str  # its id
    body: bytes


class SpoolInUse(ConfigInvalid):
    """Another process has it."""


class Spool:
    """Safe from any thread. When it is full the oldest are dropped; put() says how many."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        if max_bytes < MAX_BYTES + _ROW_BYTES:
            raise ConfigInvalid(
                f"spool {path}: {max_bytes} bytes cannot hold one tracklet; give it more than {MAX_BYTES + _ROW_BYTES}"
            )
        self._path = path
        self._max_bytes = max_bytes
        self._lock = Lock()
        self._full = False
        self._count = 0
        self._bytes = 0
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._db = self._open()
        except (OSError, sqlite3.Error) as error:
            if _code(error) == sqlite3.SQLITE_BUSY:
                raise SpoolInUse(
                    f"spool {path}: another process uses it; end that one, or give each worker a spool of its own"
                ) from error
            raise ConfigInvalid(
                f"spool {path}: cannot use it: {error}; give each worker a spool of its own that it may write to"
            ) from error

    def __len__(self) -> int:
        return self._count

    @property
    def used_bytes(self) -> int:
        return self._bytes

    def put(self, tracklet: str, body: bytes) -> int:
        """Keep it; a tracklet that is there already changes nothing. How many old ones were dropped for it."""

        def work(db: sqlite3.Connection) -> int:
            if db.execute("SELECT 1 FROM tracklets WHERE id = ?", (tracklet,)).fetchone():
                return 0
            count, used = self._count, self._bytes
            while used + len(body) + _ROW_BYTES > self._max_bytes:
                [size] = db.execute(_DROP_OLDEST).fetchone()
                count, used = count - 1, used - size - _ROW_BYTES
            db.execute("INSERT INTO tracklets (id, body) VALUES (?, ?)", (tracklet, body))
            dropped = self._count - count
            db.execute("COMMIT")
            self._count, self._bytes = count + 1, used + len(body) + _ROW_BYTES
            return dropped

        dropped = self._do(work)
        if dropped and not self._full:
            self._full = True
            log.warning("spool %s: full at %d bytes; the oldest tracklets are dropped", self._path, self._max_bytes)
        return dropped

    def after(self, sequence: int, limit: int) -> list[Spooled]:
        """In the order they came, from the one after `sequence`."""
        query = "SELECT sequence, id, body FROM tracklets WHERE sequence > ? ORDER BY sequence LIMIT ?"
        return self._do(lambda db: [Spooled(*row) for row in db.execute(query, (sequence, limit))])

    def remove(self, tracklets: Iterable[str]) -> int:
        """How many of them were there."""

        def work(db: sqlite3.Connection) -> int:
            sizes = []
            for each in tracklets:
                sizes += db.execute("DELETE FROM tracklets WHERE id = ? RETURNING length(body)", (each,)).fetchall()
            db.execute("COMMIT")
            self._count -= len(sizes)
            self._bytes -= sum(size + _ROW_BYTES for (size,) in sizes)
            return len(sizes)

        removed = self._do(work)
        if self._full and self._bytes < _ROOM_AGAIN * self._max_bytes:
            self._full = False
            log.warning("spool %s: has room again", self._path)
        return removed

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """In one transaction, which the work commits if it changes anything."""
        with self._lock:
            try:
                return self._attempt(work)
            except sqlite3.Error as error:
                if not _is_corrupt(error):
                    raise LinkUnavailable(f"spool {self._path}: {error}; is the disk full?") from error
            try:
                self._db.close()
                self._db = self._begin_anew("it became unreadable")
                return self._attempt(work)
            except (OSError, sqlite3.Error) as error:
                raise LinkUnavailable(f"spool {self._path}: cannot begin a new one: {error}") from error

    def _attempt(self, work: Callable[[sqlite3.Connection], T]) -> T:
        self._db.execute("BEGIN")
        try:
            return work(self._db)
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def _open(self) -> sqlite3.Connection:
        try:
            return self._read()
        except sqlite3.Error as error:
            if not _is_corrupt(error):
                raise
            return self._begin_anew(str(error))

    def _read(self) -> sqlite3.Connection:
        # the timeout lets a predecessor that is just closing it let go of the file
        db = sqlite3.connect(self._path, timeout=1, isolation_level=None, check_same_thread=False)
        try:
            db.executescript(_OPENING)
            db.execute("BEGIN IMMEDIATE")  # takes the lock
            [verdict] = db.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise _Unreadable(verdict)
            if not db.execute("SELECT 1 FROM sqlite_master").fetchone():
                db.execute(_TABLE)
                db.execute(f"PRAGMA application_id = {_KIND}")
            elif (found := db.execute("PRAGMA application_id").fetchone()[0]) != _KIND:
                raise ConfigInvalid(
                    f"spool {self._path}: is another database (kind {found}, expected {_KIND}); choose another file"
                )
            db.execute("COMMIT")
            db.execute("PRAGMA journal_mode = WAL")  # only now that it is known to be ours
            self._count, self._bytes = db.execute(
                f"SELECT count(*), coalesce(sum(length(body) + {_ROW_BYTES}), 0) FROM tracklets"
            ).fetchone()
        except (ConfigInvalid, sqlite3.Error):
            db.close()
            raise
        self._path.chmod(0o600)
        return db

    def _begin_anew(self, why: str) -> sqlite3.Connection:
        aside = self._path.with_name(f"{self._path.name}.unreadable-{time.time_ns()}")
        for ending in ("", "-wal", "-shm"):
            part = self._path.with_name(self._path.name + ending)
            if part.exists():
                part.rename(aside.with_name(aside.name + ending))
        log.error("spool %s: cannot be read (%s); it is kept as %s, and a new one is begun", self._path, why, aside)
        return self._read()


class _Unreadable(sqlite3.DatabaseError):
    """A file that was a database."""


def _is_corrupt(error: sqlite3.Error) -> bool:
    return isinstance(error, _Unreadable) or _code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _code(error: Exception) -> int:
    """SQLite's; 0 where Python itself raised it."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
