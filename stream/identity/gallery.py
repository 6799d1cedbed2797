"""Everybody known, in memory: a copy of the store that is followed by version, made for searching."""

from collections import OrderedDict
from dataclasses import dataclass, replace

from reid_core.errors import RecordInvalid
from reid_core.protocols import Store
from reid_core.records import (
    CameraId,
    Epoch,
    IdentityId,
    IdentityState,
    ModelId,
    Sighting,
    TrackletEmbedding,
    TrackletId,
    TrackNumber,
)
from stream.identity.decide import Candidate, Rules
from stream.identity.exemplars import Exemplars
from stream.identity.topology import Presence, possible

CANDIDATES = 8  # identities that a decision looks at, all of them possible
PAGE = 500  # sightings of one reading
TRACKS = 100_000  # remembered: a later piece of an older track is taken for somebody's first
PRESENCES = 64  # of one identity, remembered: older ones cannot meet a tracklet that comes in time

Track = tuple[CameraId, Epoch, TrackNumber]


@dataclass(frozen=True, slots=True)
class Known:
    """An identity, as of the latest sighting."""

    state: IdentityState
    presences: dict[Track, Presence]


def track_of(tracklet: TrackletId) -> Track:
    return tracklet.camera, tracklet.epoch, tracklet.track


class Gallery:
    """The same sightings in the same order make the same gallery. Not to be shared among threads."""

    def __init__(self, rules: Rules) -> None:
        self.version = 0
        self._rules = rules
        self._models: dict[ModelId, Exemplars] = {}  # vectors of several models never meet
        self._known: dict[IdentityId, Known] = {}
        self._tracks: OrderedDict[Track, IdentityId] = OrderedDict()  # the latest last

    def __contains__(self, identity: object) -> bool:
        return identity in self._known

    def __len__(self) -> int:
        return len(self._known)

    @property
    def exemplars(self) -> int:
        return sum(map(len, self._models.values()))

    def catch_up(self, store: Store) -> None:
        while sightings := store.sightings(self.version, PAGE):
            for sighting in sightings:
                self.add(sighting)

    def add(self, sighting: Sighting) -> None:
        embedding, identity = sighting.embedding, sighting.identity
        self.check(embedding)
        if embedding.model not in self._models:
            self._models[embedding.model] = Exemplars(embedding.fused.size, self._rules.exemplars)
        self._models[embedding.model].add(identity, embedding)
        track = track_of(embedding.tracklet)
        known = self._known.setdefault(identity, Known(sighting.state, {}))
        self._known[identity] = replace(known, state=sighting.state)
        _remember(known.presences, track, presence_of(embedding))
        self._tracks[track] = identity
        self._tracks.move_to_end(track)
        if len(self._tracks) > TRACKS:
            self._tracks.popitem(last=False)
        self.version = sighting.version

    def check(self, embedding: TrackletEmbedding) -> None:
        """Raises RecordInvalid for a vector that cannot be of the model it names."""
        exemplars = self._models.get(embedding.model)
        if exemplars is not None and exemplars.dimension != embedding.fused.size:
            raise RecordInvalid(
                f"embedding of {embedding.tracklet}: {embedding.fused.size} numbers of model {embedding.model}, "
                f"whose others have {exemplars.dimension}; give a changed model its own version"
            )

    def identity_of(self, tracklet: TrackletId) -> IdentityId | None:
        """That another piece of its track has."""
        return self._tracks.get(track_of(tracklet))

    def state_of(self, identity: IdentityId) -> IdentityState:
        return self._known[identity].state

    def candidates(self, embedding: TrackletEmbedding, without: IdentityId | None = None) -> list[Candidate]:
        """The most similar of those it can be: the impossible never stand in the way of a possible one."""
        found: list[Candidate] = []
        exemplars = self._models.get(embedding.model)
        if exemplars is None:
            return found
        here, topology = presence_of(embedding), self._rules.topology
        for identity in exemplars.nearest(embedding, expected=2 * CANDIDATES):
            if identity != without and possible(here, self._known[identity].presences.values(), topology):
                found.append(Candidate(identity, exemplars.compare(identity, embedding)))
                if len(found) == CANDIDATES:
                    break
        return found

    def candidate(self, identity: IdentityId, embedding: TrackletEmbedding) -> list[Candidate]:
        """This one alone; nothing where it was never seen by this model."""
        exemplars = self._models.get(embedding.model)
        cues = exemplars.compare(identity, embedding) if exemplars else {}
        return [Candidate(identity, cues)] if cues else []


def presence_of(embedding: TrackletEmbedding) -> Presence:
    return Presence(embedding.camera, embedding.begin, embedding.end)


def _remember(presences: dict[Track, Presence], track: Track, presence: Presence) -> None:
    before = presences.get(track)
    presences[track] = before.extended(presence) if before else presence
    if len(presences) > PRESENCES:
        del presences[min(presences, key=lambda each: (presences[each].end, each))]
