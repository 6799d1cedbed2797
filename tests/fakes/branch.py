"""A branch that knows who is who, because the test says so."""

from collections.abc import Callable, Sequence

import numpy as np

from reid_core.records import FUSED, Cue, ModelId, Tracklet, TrackletEmbedding


class FakeBranch:
    """`who` names the person of a tracklet, 0 to 255, or None where the branch shall see nothing.

    One person's vectors are equal, two persons' are at right angles. `calls` keeps how many tracklets came at once.
    """

    def __init__(self, who: Callable[[Tracklet], int | None] = lambda tracklet: tracklet.id.track % 256) -> None:
        self._who = who
        self.calls: list[int] = []

    def embed(self, tracklets: Sequence[Tracklet]) -> list[TrackletEmbedding | None]:
        self.calls.append(len(tracklets))
        return [self._embed(tracklet, self._who(tracklet)) for tracklet in tracklets]

    def _embed(self, tracklet: Tracklet, person: int | None) -> TrackletEmbedding | None:
        if person is None or not tracklet.shots:
            return None
        cue = Cue(np.eye(1, 256, person, dtype=np.float32)[0])
        quality = max(shot.quality for shot in tracklet.shots)
        model = ModelId("fake", "1", "0")
        return TrackletEmbedding(
            tracklet.id,
            tracklet.begin,
            tracklet.end,
            "fake",
            model,
            {FUSED: cue, "appearance": cue},
            quality,
            len(tracklet.shots),
        )
