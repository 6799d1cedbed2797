"""A store in one file, embedded: nothing to install. Safe among threads and processes of one machine."""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Lock
from typing import Any
from uuid import uuid4

from reid_core.errors import ConfigInvalid, StoreMoved, StoreUnavailable
from reid_core.records import (
    CameraId,
    Epoch,
    IdentityEvent,
    IdentityId,
    IdentityState,
    IdentitySummary,
    Sighting,
    TrackletEmbedding,
    TrackletId,
)
from stream.store.address import check_namespace, sqlite_path
from stream.store.stored import SCHEMA, check_schema, pack_event, pack_sighting, unpack_event, unpack_sighting

BUSY_SECONDS = 30.0  # how long a writer waits for those of other processes
APPLICATION = 0x52535452  # "RSTR" in the file's header: no foreign database is ever written to

_TABLES = """
CREATE TABLE about (schema TEXT NOT NULL);
CREATE TABLE namespaces (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, epoch TEXT NOT NULL,
    version INTEGER NOT NULL, sequence INTEGER NOT NULL
);
CREATE TABLE sightings (
    namespace INTEGER NOT NULL, version INTEGER NOT NULL, tracklet TEXT NOT NULL,
    event INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (namespace, version), UNIQUE (namespace, tracklet)
);
CREATE TABLE events (
    namespace INTEGER NOT NULL, sequence INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (namespace, sequence)
);
CREATE TABLE identities (
    namespace INTEGER NOT NULL, identity TEXT NOT NULL, state TEXT NOT NULL,
    first_seen REAL NOT NULL, last_seen REAL NOT NULL, sightings INTEGER NOT NULL,
    PRIMARY KEY (namespace, identity)
);
CREATE TABLE identity_cameras (
    namespace INTEGER NOT NULL, identity TEXT NOT NULL, camera TEXT NOT NULL,
    PRIMARY KEY (namespace, identity, camera)
) WITHOUT ROWID;
"""

_IDENTITIES = """
SELECT identity, state, first_seen, last_seen, sightings, (
    SELECT json_group_array(camera) FROM identity_cameras AS seen
    WHERE seen.namespace = identities.namespace AND seen.identity = identities.identity
) FROM identities WHERE namespace = ? ORDER BY rowid
"""

_COUNT_SIGHTING = """
INSERT INTO identities VALUES (?, ?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET
    state = excluded.state, sightings = sightings + 1,
    first_seen = min(first_seen, excluded.first_seen), last_seen = max(last_seen, excluded.last_seen)
"""

# What waiting does not mend: a person has to choose another path, or other rights
_WRONG_FILE = {
    sqlite3.SQLITE_CANTOPEN: "cannot be opened or created",
    sqlite3.SQLITE_READONLY: "cannot be written",
    sqlite3.SQLITE_PERM: "cannot be written",
    sqlite3.SQLITE_NOTADB: "is not a database",
}


class SqliteStore:
    def __init__(self, address: str, namespace: str) -> None:
        check_namespace(namespace)
        self._address = address
        self._lock = Lock()  # one connection, one statement at a time
        path = sqlite_path(address)
        if path.is_dir():
            raise ConfigInvalid(
                f"store {address}: {path} is a folder; name a file in it, such as {path.name}/restride.db"
            )
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigInvalid(
                f"store {address}: cannot make the folder {path.parent}: {error.strerror}; choose another path"
            ) from error
        with self._translated():
            self._connection = sqlite3.connect(
                path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                self._set_up(namespace)
            except BaseException:
                self._connection.close()
                raise

    @property
    def epoch(self) -> Epoch:
        return self._epoch

    def version(self) -> int:
        return self._counters()[0]

    def last_sequence(self) -> int:
        return self._counters()[1]

    def commit(self, embedding: TrackletEmbedding, event: IdentityEvent, expected_version: int) -> IdentityEvent:
        sighting, body = pack_sighting(event.identity, event.state, embedding), pack_event(event)
        tracklet = str(embedding.tracklet)
        with self._locked(), self._transaction():
            if first := self._first_event(tracklet):
                return first
            version, sequence = self._read_counters()
            if version != expected_version:
                raise StoreMoved(f"gallery at version {version}, expected {expected_version}; score again and retry")
            version, sequence = version + 1, sequence + 1
            self._execute("UPDATE namespaces SET version = ?, sequence = ? WHERE id = ?", version, sequence, self._id)
            self._execute(
                "INSERT INTO sightings VALUES (?, ?, ?, ?, ?)", self._id, version, tracklet, sequence, sighting
            )
            self._execute("INSERT INTO events VALUES (?, ?, ?)", self._id, sequence, body)
            self._execute(_COUNT_SIGHTING, self._id, event.identity, event.state.value, embedding.begin, embedding.end)
            self._execute(
                "INSERT OR IGNORE INTO identity_cameras VALUES (?, ?, ?)", self._id, event.identity, embedding.camera
            )
        return replace(event, epoch=self._epoch, sequence=sequence)

    def find(self, tracklet: TrackletId) -> IdentityEvent | None:
        with self._locked():
            return self._first_event(str(tracklet))

    def sightings(self, after: int, limit: int) -> list[Sighting]:
        with self._locked():
            rows = self._execute(
                "SELECT version, body FROM sightings WHERE namespace = ? AND version > ? ORDER BY version LIMIT ?",
                *(self._id, after, limit),
            )
        return [unpack_sighting(version, body) for version, body in rows]

    def events(self, after: int, limit: int) -> list[IdentityEvent]:
        with self._locked():
            rows = self._execute(
                "SELECT body, sequence FROM events WHERE namespace = ? AND sequence > ? ORDER BY sequence LIMIT ?",
                *(self._id, after, limit),
            )
        return [unpack_event(body, self._epoch, sequence) for body, sequence in rows]

    def identities(self) -> list[IdentitySummary]:
        with self._locked():
            rows = self._execute(_IDENTITIES, self._id)
        return [
            IdentitySummary(
                identity=IdentityId(identity),
                state=IdentityState(state),
                first_seen=first_seen,
                last_seen=last_seen,
                cameras=tuple(CameraId(each) for each in sorted(json.loads(cameras))),
                sightings=sightings,
            )
            for identity, state, first_seen, last_seen, sightings, cameras in rows
        ]

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _set_up(self, namespace: str) -> None:
        self._use_write_ahead_log()
        # An acknowledged tracklet leaves its worker's spool: it must outlive a power cut, so every commit is synced
        self._execute("PRAGMA synchronous = FULL")
        with self._transaction():
            self._check_or_create()
            self._execute(
                "INSERT OR IGNORE INTO namespaces (name, epoch, version, sequence) VALUES (?, ?, 0, 0)",
                *(namespace, uuid4().hex),
            )
            [(self._id, epoch)] = self._execute("SELECT id, epoch FROM namespaces WHERE name = ?", namespace)
        self._epoch = Epoch(epoch)

    def _use_write_ahead_log(self) -> None:
        # While another process does the same, sqlite refuses at once instead of waiting
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                self._execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if _code(error) not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED} or time.monotonic() > deadline:
                    raise
            time.sleep(0.01)

    def _check_or_create(self) -> None:
        [(application,)] = self._execute("PRAGMA application_id")
        [(tables,)] = self._execute("SELECT count(*) FROM sqlite_master")
        if application == APPLICATION and tables:
            [(schema,)] = self._execute("SELECT schema FROM about")
            check_schema(schema, self._address)
        elif tables:
            raise ConfigInvalid(f"store {self._address}: the database of another program; choose another file")
        else:
            for statement in _TABLES.split(";"):
                self._execute(statement)
            self._execute(f"PRAGMA application_id = {APPLICATION}")
            self._execute("INSERT INTO about VALUES (?)", SCHEMA)

    def _counters(self) -> tuple[int, int]:
        with self._locked():
            return self._read_counters()

    def _read_counters(self) -> tuple[int, int]:
        [(version, sequence)] = self._execute("SELECT version, sequence FROM namespaces WHERE id = ?", self._id)
        return version, sequence

    def _first_event(self, tracklet: str) -> IdentityEvent | None:
        rows = self._execute(
            "SELECT events.body, sequence FROM sightings JOIN events "
            "ON events.namespace = sightings.namespace AND events.sequence = sightings.event "
            "WHERE sightings.namespace = ? AND tracklet = ?",
            *(self._id, tracklet),
        )
        return unpack_event(rows[0][0], self._epoch, rows[0][1]) if rows else None

    def _execute(self, statement: str, *values: Any) -> list[Any]:
        return self._connection.execute(statement, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._execute("BEGIN IMMEDIATE")  # a writer from the start: nobody changes what the checks have read
        try:
            yield
            self._execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # a full disk may have rolled back already
                self._execute("ROLLBACK")
            raise

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._lock, self._translated():
            yield

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if wrong := _WRONG_FILE.get(_code(error)):
                raise ConfigInvalid(f"store {self._address}: the file {wrong}: {error}; choose another path") from error
            raise StoreUnavailable(f"store {self._address}: {error}") from error


def _code(error: sqlite3.Error) -> int:
    """The primary code: sqlite puts details into the higher bits."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
