"""The views of each identity that are kept for search, within one model: few, and unlike each other."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from reid_core.records import FUSED, Cue, IdentityId, TrackletEmbedding, Vector
from stream.identity.decide import CueScore
from stream.identity.search import FlatIndex


@dataclass(frozen=True, slots=True, eq=False)
class Exemplar:
    camera: str
    time: float  # the middle of its tracklet
    quality: float
    reliability: float  # of the fused cue, whose vector lies in the index
    cues: Mapping[str, Cue]  # the other cues
    slot: int = -1  # in the index


def surplus(exemplars: Sequence[Exemplar]) -> int:
    """Which one is missed least: of the camera that has most, the poorer of the two that are closest in time."""
    counts = Counter(each.camera for each in exemplars)
    camera = min(counts, key=lambda each: (-counts[each], each))
    crowd = sorted((each.time, -each.quality, number) for number, each in enumerate(exemplars) if each.camera == camera)
    if len(crowd) == 1:  # a view of each camera: the oldest goes
        return min(range(len(exemplars)), key=lambda number: (exemplars[number].time, number))
    twins = min(pairwise(crowd), key=lambda pair: pair[1][0] - pair[0][0])
    return max(twins, key=lambda each: each[1])[2]


class Exemplars:
    """Of one model."""

    def __init__(self, dimension: int, most: int) -> None:
        self._index = FlatIndex(dimension)
        self._owners: list[IdentityId] = []  # by slot
        self._kept: dict[IdentityId, list[Exemplar]] = {}
        self._most = most

    def __len__(self) -> int:
        return len(self._index)

    @property
    def dimension(self) -> int:
        return self._index.dimension

    def add(self, identity: IdentityId, embedding: TrackletEmbedding) -> None:
        kept = self._kept.setdefault(identity, [])
        new = _exemplar(embedding)
        if len(kept) < self._most:
            kept.append(replace(new, slot=self._index.add(embedding.fused)))
            self._owners.append(identity)
            return
        out = surplus([*kept, new])
        if out < len(kept):
            slot = kept.pop(out).slot
            self._index.replace(slot, embedding.fused)
            kept.append(replace(new, slot=slot))

    def nearest(self, embedding: TrackletEmbedding, expected: int) -> Iterator[IdentityId]:
        """Each identity once, from the most similar on, by the fused cue; about `expected` will be asked for."""
        told: set[IdentityId] = set()
        count = 0
        while count < len(self):
            # The first search is for those that are expected; whoever goes on is answered from wider ones
            count = min(len(self), max(expected * self._most, 4 * count))
            for slot in self._index.search(embedding.fused, count):
                owner = self._owners[slot]
                if owner not in told:
                    told.add(owner)
                    yield owner

    def compare(self, identity: IdentityId, embedding: TrackletEmbedding) -> dict[str, CueScore]:
        """The best similarity to it by cue; nothing where no view of it is kept."""
        kept = self._kept.get(identity, [])
        scores = {}
        for name, cue in embedding.cues.items():
            others = [other for each in kept if (other := self._cue(each, name)) and other[0].shape == cue.vector.shape]
            if others:
                similarities = np.stack([vector for vector, _ in others]) @ cue.vector
                best = int(np.argmax(similarities))
                scores[name] = CueScore(float(similarities[best]), cue.reliability * others[best][1])
        return scores

    def _cue(self, exemplar: Exemplar, name: str) -> tuple[Vector, float] | None:
        if name == FUSED:
            return self._index.vector(exemplar.slot), exemplar.reliability
        cue = exemplar.cues.get(name)
        return (cue.vector, cue.reliability) if cue else None


def _exemplar(embedding: TrackletEmbedding) -> Exemplar:
    # Copies: the vectors of an embedding from the wire keep the whole message alive
    others = {name: Cue(cue.vector.copy(), cue.reliability) for name, cue in embedding.cues.items() if name != FUSED}
    return Exemplar(
        camera=embedding.camera,
        time=(embedding.begin + embedding.end) / 2,
        quality=embedding.quality,
        reliability=embedding.cues[FUSED].reliability,
        cues=others,
    )
