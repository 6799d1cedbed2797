"""From an embedding to its identity event, stored: decided on a gallery that nobody changed in between."""

import secrets
import time
from collections.abc import Callable, Container
from dataclasses import replace

from reid_core.errors import StoreMoved, StoreUnavailable
from reid_core.protocols import Store
from reid_core.records import (
    EventType,
    IdentityEvent,
    IdentityId,
    IdentityState,
    TrackletEmbedding,
    Verdict,
)
from stream.identity.decide import Decision, Rules, decide
from stream.identity.gallery import Gallery
from stream.metrics import Metrics

ATTEMPTS = 100  # of one tracklet, each lost to another service that stored its own

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # without I, L, O and U: read aloud, none is taken for another


def fresh_identity(taken: Container[IdentityId]) -> IdentityId:
    """Never one of the gallery's: it is stored only if the gallery is still complete by then."""
    while True:
        identity = IdentityId("P-" + "".join(secrets.choice(_ALPHABET) for _ in range(10)))
        if identity not in taken:
            return identity


class IdentityService:
    """One instance a thread; many, of many processes and machines, may share a store."""

    def __init__(
        self,
        store: Store,
        rules: Rules,
        *,
        clock: Callable[[], float] = time.time,
        metrics: Metrics | None = None,
        source: str = "restride",
    ) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock
        self._metrics = metrics or Metrics()
        self._source = source
        self._gallery = Gallery(rules)
        self._gallery.catch_up(store)

    def handle(self, embedding: TrackletEmbedding) -> IdentityEvent:
        """The event as logged; for a tracklet that came before, its first one.

        Raises RecordInvalid for an embedding that can never be stored, Unavailable when it cannot be now.
        """
        if first := self._store.find(embedding.tracklet):
            self._metrics.add("identity_tracklets_known")
            return first
        for _ in range(ATTEMPTS):
            self._gallery.catch_up(self._store)
            self._gallery.check(embedding)
            try:
                event = self._store.commit(embedding, self._judge(embedding), self._gallery.version)
            except StoreMoved:
                self._metrics.add("identity_conflicts")
                continue
            self._metrics.add("identity_events", type=event.type.value)
            self._metrics.put("gallery_identities", len(self._gallery))
            self._metrics.put("gallery_exemplars", self._gallery.exemplars)
            return event
        raise StoreUnavailable(
            f"tracklet {embedding.tracklet}: other identity services were faster {ATTEMPTS} times; send it again"
        )

    def _judge(self, embedding: TrackletEmbedding) -> IdentityEvent:
        identity = self._gallery.identity_of(embedding.tracklet)
        return self._next_piece(embedding, identity) if identity else self._first_piece(embedding)

    def _first_piece(self, embedding: TrackletEmbedding) -> IdentityEvent:
        candidates = self._gallery.candidates(embedding)
        decision = decide(embedding, candidates, self._rules)
        if (identity := decision.identity) is not None:
            state = self._gallery.state_of(identity)
            others = [each for each in candidates if each.identity != identity]
            if decide(embedding, others, self._rules).verdict is Verdict.NEW:
                state = IdentityState.CONFIRMED  # clearly this one, and clearly nobody else
            return self._event(EventType.MATCHED, identity, state, embedding, decision)
        certain = decision.verdict is Verdict.NEW
        state = IdentityState.CONFIRMED if certain else IdentityState.PROVISIONAL
        return self._event(EventType.CREATED, fresh_identity(self._gallery), state, embedding, decision)

    def _next_piece(self, embedding: TrackletEmbedding, identity: IdentityId) -> IdentityEvent:
        """A track stays the person it is: its tracker saw that nobody else took the place."""
        state = self._gallery.state_of(identity)
        if state is IdentityState.CONFIRMED:
            decision = decide(embedding, self._gallery.candidate(identity, embedding), self._rules)
            kept = replace(decision, verdict=Verdict.MATCH)  # the evidence stays what the pictures say
            return self._event(EventType.SEEN, identity, state, embedding, kept)
        # Where this piece now clearly is somebody else that is known, the two would have to be merged, which is a
        # correction of events already told and needs its own event. Until there is one, it stays provisional.
        decision = decide(embedding, self._gallery.candidates(embedding, without=identity), self._rules)
        if decision.verdict is Verdict.NEW:
            return self._event(EventType.CONFIRMED, identity, IdentityState.CONFIRMED, embedding, decision)
        return self._event(EventType.SEEN, identity, state, embedding, replace(decision, verdict=Verdict.UNSURE))

    def _event(
        self,
        kind: EventType,
        identity: IdentityId,
        state: IdentityState,
        embedding: TrackletEmbedding,
        decision: Decision,
    ) -> IdentityEvent:
        return IdentityEvent(
            type=kind,
            identity=identity,
            state=state,
            verdict=decision.verdict,
            tracklet=embedding.tracklet,
            begin=embedding.begin,
            end=embedding.end,
            time=round(self._clock(), 6),  # as the log keeps it
            evidence=decision.evidence,
            model=embedding.model,
            gallery_version=self._gallery.version,
            source=self._source,
        )
