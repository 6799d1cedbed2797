"""A Store that lives in memory: the whole contract, nothing on disk."""

from collections.abc import Sequence
from dataclasses import replace
from threading import Lock
from uuid import uuid4

from reid_core.errors import StoreMoved, StoreUnavailable
from reid_core.records import (
    Epoch,
    IdentityEvent,
    IdentityId,
    IdentitySummary,
    Sighting,
    TrackletEmbedding,
    TrackletId,
)


class MemoryStore:
    def __init__(self, epoch: str = "") -> None:
        self.away = False  # set it, and every call raises StoreUnavailable, as a lost database would
        self._epoch = Epoch(epoch or uuid4().hex)
        self._lock = Lock()
        self._sightings: list[Sighting] = []  # version n at index n - 1
        self._events: list[IdentityEvent] = []  # sequence n at index n - 1
        self._first: dict[TrackletId, IdentityEvent] = {}

    @property
    def epoch(self) -> Epoch:
        self._check()
        return self._epoch

    def version(self) -> int:
        self._check()
        with self._lock:
            return len(self._sightings)

    def last_sequence(self) -> int:
        self._check()
        with self._lock:
            return len(self._events)

    def commit(self, embedding: TrackletEmbedding, event: IdentityEvent, expected_version: int) -> IdentityEvent:
        self._check()
        with self._lock:
            if known := self._first.get(embedding.tracklet):
                return known
            version = len(self._sightings)
            if version != expected_version:
                raise StoreMoved(f"gallery at version {version}, expected {expected_version}; score again and retry")
            logged = replace(event, epoch=self._epoch, sequence=len(self._events) + 1)
            self._sightings.append(Sighting(version + 1, event.identity, event.state, embedding))
            self._events.append(logged)
            self._first[embedding.tracklet] = logged
            return logged

    def find(self, tracklet: TrackletId) -> IdentityEvent | None:
        self._check()
        with self._lock:
            return self._first.get(tracklet)

    def sightings(self, after: int, limit: int) -> list[Sighting]:
        self._check()
        with self._lock:
            return self._sightings[after : after + limit]

    def events(self, after: int, limit: int) -> list[IdentityEvent]:
        self._check()
        with self._lock:
            return self._events[after : after + limit]

    def identities(self) -> list[IdentitySummary]:
        self._check()
        with self._lock:
            seen: dict[IdentityId, list[Sighting]] = {}
            for sighting in self._sightings:
                seen.setdefault(sighting.identity, []).append(sighting)
            return [_summary(identity, sightings) for identity, sightings in seen.items()]

    def close(self) -> None:
        pass

    def _check(self) -> None:
        if self.away:
            raise StoreUnavailable("memory store: away, because the test said so")


def _summary(identity: IdentityId, sightings: Sequence[Sighting]) -> IdentitySummary:
    return IdentitySummary(
        identity=identity,
        state=sightings[-1].state,
        first_seen=min(each.embedding.begin for each in sightings),
        last_seen=max(each.embedding.end for each in sightings),
        cameras=tuple(sorted({each.embedding.camera for each in sightings})),
        sightings=len(sightings),
    )
