"""What every tracker does with a frame. What is its own is how it pairs tracks with detections."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Annotated, NamedTuple

import msgspec
import numpy as np

from reid_core import options
from reid_core.assignment import Floats, Rows
from reid_core.geometry import Boxes
from reid_core.records import Detection, Epoch, Frame, Track
from trackers.appearance import Describe, Looks
from trackers.camera_motion import CameraMotion
from trackers.cascade import Cascade
from trackers.lifecycle import Lifecycle, observed
from trackers.snapshot import packed, unpacked

Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Seconds = Annotated[float, msgspec.Meta(gt=0.0)]
Hits = Annotated[int, msgspec.Meta(ge=1)]


class FollowOptions(options.Options, frozen=True):
    """What can be asked of every tracker."""

    new_score: Share = 0.7  # a detection begins a track from here on
    doubled_overlap: Share = 0.7  # a new track must not cover a box that is taken by so much
    confirm_hits: Hits = 2  # frames in a row until a track is believed
    lost_seconds: Seconds = 1.0  # how long a track is remembered unseen
    report_lost: bool = False  # also give the tracks that are not seen, where they should be
    still_seconds: Seconds | None = None  # leave out who has not moved for so long: posters, mannequins
    ghost_seconds: Seconds | None = None  # forget who was not seen with new_score for so long: reflections, shadows


class Sights(NamedTuple):
    """The detections of one frame."""

    boxes: Boxes  # (N, 4)
    scores: Floats  # (N,)
    looks: Floats  # (N, D); D is 0 where nobody describes


class Follower(ABC):
    """The line of every tracker: move the tracks, pair them, settle who was seen, report."""

    def __init__(
        self,
        options: FollowOptions,
        life: Lifecycle,
        camera_motion: CameraMotion | None = None,
        describe: Describe | None = None,
        looks: Looks | None = None,
    ) -> None:
        self._follow = options
        self._life = life
        self._camera_motion = camera_motion
        self._describe = describe
        self._looks = looks

    @abstractmethod
    def _associate(self, cascade: Cascade, seen: Sights) -> Rows:
        """Pair the tracks, the rows of the cascade, with what is seen, its columns; what else begins a track."""

    def update(self, frame: Frame, detections: Sequence[Detection]) -> list[Track]:
        boxes, scores = observed(frame, detections)
        self._life.advance(frame, self._camera_motion(frame, boxes) if self._camera_motion else None)
        seen = Sights(boxes, scores, self._described(frame, detections))
        cascade = Cascade(len(self._life.tracks), len(boxes))
        new = self._associate(cascade, seen)
        self._life.settle(cascade.pairs(), new, boxes, scores)
        if self._looks is not None:
            here = self._life.tracks[self._life.tracks["detection"] >= 0]
            self._looks.learn(here["id"], seen.looks[here["detection"]], self._life.tracks["id"])
        return self._life.report(frame.camera, detections, lost=self._follow.report_lost)

    def reset(self) -> None:
        """Forget everybody: the next frame may be of any epoch. Ids go on, so none is given twice."""
        self._life.reset()

    def save(self) -> bytes:
        """All that the next frame needs; a given camera motion begins anew."""
        return packed(type(self).__name__, self._life.state() | (self._looks.state() if self._looks else {}))

    def restore(self, data: bytes, epoch: Epoch | None = None) -> None:
        """Go on where another left off, under a new epoch where the source was opened anew."""
        state = unpacked(type(self).__name__, data)
        self._life.restore(state, epoch)
        if self._looks is not None:
            self._looks.restore(state)

    def _described(self, frame: Frame, detections: Sequence[Detection]) -> Floats:
        return self._describe(frame, detections) if self._describe else np.zeros((len(detections), 0))
