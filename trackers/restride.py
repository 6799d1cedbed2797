"""restride's own tracker: of each of the others what was measured to help.

From ByteTrack the second stage for detections of low score; from OC-SORT the filter, and that a track is looked for
also where it was seen last; from BoT-SORT the camera that moves, and looks where somebody describes them. Beyond
them: a pair must agree in height and shape, the longer somebody is lost the nearer a box must lie, and who is left
at the end is tried by distance instead of overlap. Each part was kept because leaving it out cost HOTA and IDF1.

The numbers below were tuned on MOT17-02 and MOT17-05 alone: as they are, backwards in time, at half the frame rate,
and with and without compensation of the camera's motion.
"""

from typing import Annotated, Literal

import msgspec
import numpy as np

from reid_core.assignment import Floats, Rows
from reid_core.geometry import Boxes, iou
from reid_core.options import PluginUse
from trackers import kalman
from trackers.appearance import BranchDescribes, Describe, Looks
from trackers.births import newcomers
from trackers.bytetrack import scores_rise
from trackers.camera_motion import CameraMotion, SparseFlow
from trackers.cascade import Cascade
from trackers.costs import centre_distance, height_overlap, shape_likeness
from trackers.follower import Follower, FollowOptions, Seconds, Share, Sights
from trackers.lifecycle import CONFIRMED, TENTATIVE, Lifecycle

_Weight = Annotated[float, msgspec.Meta(ge=0.0)]


class Restride(Follower):
    class Options(FollowOptions, frozen=True):
        camera_motion: Literal["none", "flow"] = "none"  # flow: the camera itself moves; some milliseconds a frame
        appearance: PluginUse | None = None  # a branch that describes each detection, such as {use: colour}
        high_score: Share = 0.6  # detections from here on are matched first
        low_score: Share = 0.3  # those below are ignored
        high_gate: Share = 0.8  # cost (1 - likeness x score) at which a sure detection is somebody else
        low_gate: Share = 0.4  # cost (1 - overlap x that of heights) likewise, for detections of low score
        tentative_gate: Share = 0.7  # cost (1 - overlap x score) likewise, for tracks seen too few times
        last_seen: Share = 0.9  # what overlap with the box seen last is worth, beside that with the predicted one
        height: _Weight = 0.75  # power of the overlap of heights in the likeness
        shape: _Weight = 0.5  # power of equal width and height
        fading: _Weight = 0.2  # share of its likeness that a lost track loses a second
        slowing: _Weight = 1.0  # share of its speed likewise
        reach: _Weight = 0.1  # heights within which somebody left over is the same,
        reach_growth: _Weight = 0.2  # more a second that the track is lost,
        reach_size: _Weight = 0.3  # unless the height differs by so much (difference of logarithms)
        looks_gate: Share = 0.25  # half the distance of looks at which they do not count
        lost_seconds: Seconds = 1.2
        doubled_overlap: Share = 0.8

        def __post_init__(self) -> None:
            scores_rise(self.low_score, self.high_score, self.new_score)

    def __init__(
        self, options: Options, camera_motion: CameraMotion | None = None, describe: Describe | None = None
    ) -> None:
        """A camera motion or a description given here comes before those of the options."""
        if camera_motion is None and options.camera_motion == "flow":
            camera_motion = SparseFlow()
        if describe is None and options.appearance is not None:
            describe = BranchDescribes(options.appearance)
        life = Lifecycle(kalman.AREA_ASPECT, options, slowing=options.slowing)
        super().__init__(options, life, camera_motion, describe, Looks(budget=1, blend=0.9))
        self._options = options

    def _associate(self, cascade: Cascade, seen: Sights) -> Rows:
        wanted, tracks, boxes = self._options, self._life.tracks, seen.boxes
        known, believed = tracks["state"] != TENTATIVE, tracks["state"] == CONFIRMED
        sure = seen.scores >= wanted.high_score
        weak = ~sure & (seen.scores >= wanted.low_score)
        if len(tracks) and len(boxes):
            expected = self._life.boxes()
            overlap = np.maximum(iou(expected, boxes), wanted.last_seen * iou(tracks["box"], boxes))
            heights = height_overlap(expected, boxes)
            likeness = overlap * heights**wanted.height * shape_likeness(expected, boxes) ** wanted.shape
            likeness *= np.exp(-wanted.fading * self._life.unseen())[:, None]
            cascade.stage(known, sure, self._with_looks(1.0 - likeness * seen.scores, seen), wanted.high_gate)
            cascade.stage(believed, weak, 1.0 - overlap * heights, wanted.low_gate)
            cascade.stage(known, sure, self._reached(expected, boxes), 1.0)
            cascade.stage(~known, sure, 1.0 - overlap * seen.scores, wanted.tentative_gate)
        return newcomers(boxes, seen.scores, cascade.open_columns, wanted.new_score, wanted.doubled_overlap)

    def _with_looks(self, cost: Floats, seen: Sights) -> Floats:
        """Of who lies anywhere near, looks may lower the cost."""
        if not (self._looks and seen.looks.size):
            return cost
        unlike = self._looks.distance(self._life.tracks["id"], seen.looks) / 2
        apart = (unlike > self._options.looks_gate) | (cost >= 1.0)
        return np.asarray(np.minimum(cost, np.where(apart, 1.0, unlike)))

    def _reached(self, expected: Boxes, boxes: Boxes) -> Floats:
        """Distance as a share of how far a track may have gone astray; beyond 1 it is somebody else."""
        wanted = self._options
        far = wanted.reach + wanted.reach_growth * self._life.unseen()
        mine, theirs = (each[:, 3] - each[:, 1] for each in (expected, boxes))
        alike = np.abs(np.log(mine[:, None] / theirs)) < wanted.reach_size
        distance = centre_distance(expected, boxes) / np.maximum(far, 1e-9)[:, None]
        return np.where(alike, distance, np.inf)
