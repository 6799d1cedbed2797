"""restride's own tracker: of each of the others what was measured to help.

From ByteTrack the second stage for detections of low score; from OC-SORT that a track is looked for also where it was
seen last; from BoT-SORT the camera that moves, and looks where somebody describes them. Beyond them: a filter that
keeps the size, a pair must agree in height and shape, the longer somebody is lost the nearer a box must lie, and who
is left at the end is tried by distance instead of overlap. Momentum and re-update brought nothing beside these.

The numbers below were tuned on MOT17-02 and MOT17-05 alone: as they are, backwards in time, at half the frame rate,
with detections left out, and without compensation of the camera's motion.
"""

from typing import Annotated, Literal

import msgspec
import numpy as np

from reid_core.assignment import Flags, Floats, Rows
from reid_core.geometry import Boxes, iou
from reid_core.options import PluginUse
from trackers import kalman
from trackers.appearance import BranchDescribes, Describe, Looks
from trackers.births import newcomers
from trackers.bytetrack import scores_rise
from trackers.camera_motion import CameraMotion, SparseFlow
from trackers.cascade import Cascade
from trackers.costs import height_overlap, shape_likeness
from trackers.follower import Follower, FollowOptions, Seconds, Share, Sights
from trackers.lifecycle import CONFIRMED, TENTATIVE, Lifecycle

_Weight = Annotated[float, msgspec.Meta(ge=0.0)]


class Restride(Follower):
    class Options(FollowOptions, frozen=True):
        camera_motion: Literal["none", "flow"] = "none"  # flow: the camera itself moves; some milliseconds a frame
        appearance: PluginUse | None = None  # a branch that describes each detection, such as {use: colour}
        high_score: Share = 0.6  # detections from here on are matched first
        low_score: Share = 0.2  # those below are ignored
        high_gate: Share = 0.825  # cost (1 - likeness x score) at which a sure detection is somebody else
        low_gate: Share = 0.4  # cost (1 - overlap x that of heights) likewise, for detections of low score
        tentative_gate: Share = 0.7  # cost (1 - overlap x score) likewise, for tracks seen too few times
        last_seen: Share = 0.7  # what overlap with the box seen last is worth, beside that with the predicted one
        shape: _Weight = 0.5  # power of equal width and height
        fading: _Weight = 0.2  # share of its likeness that a lost track loses a second
        reach: _Weight = 0.1  # heights within which somebody left over is the same,
        reach_growth: _Weight = 0.2  # more a second that the track is lost,
        reach_size: _Weight = 0.2  # unless the height differs by so much (difference of logarithms)
        looks_gate: Share = 0.25  # half the distance of looks at which they do not count
        lost_seconds: Seconds = 1.5

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
        life = Lifecycle(kalman.STEADY_SIZE, options)
        super().__init__(options, life, camera_motion, describe, Looks(budget=1, blend=0.9))
        self._options = options

    def _associate(self, cascade: Cascade, seen: Sights) -> Rows:
        wanted, tracks, boxes = self._options, self._life.tracks, seen.boxes
        known, believed = tracks["state"] != TENTATIVE, tracks["state"] == CONFIRMED
        sure = seen.scores >= wanted.high_score
        weak = ~sure & (seen.scores >= wanted.low_score)
        expected = self._life.boxes()
        overlap = np.maximum(iou(expected, boxes), wanted.last_seen * iou(tracks["box"], boxes))
        near = rows, columns = overlap.nonzero()
        upright, likeness = np.zeros_like(overlap), np.zeros_like(overlap)
        upright[near] = overlap[near] * height_overlap(expected[rows], boxes[columns])
        faded = np.exp(-wanted.fading * self._life.unseen())
        likeness[near] = upright[near] * shape_likeness(expected[rows], boxes[columns]) ** wanted.shape * faded[rows]
        cascade.stage(known, sure, self._with_looks(1.0 - likeness * seen.scores, seen), wanted.high_gate)
        cascade.stage(believed, weak, 1.0 - upright, wanted.low_gate)
        cascade.stage(known, sure, self._astray(cascade, known, sure, expected, boxes), 1.0)
        cascade.stage(~known, sure, 1.0 - overlap * seen.scores, wanted.tentative_gate)
        return newcomers(boxes, seen.scores, cascade.open_columns, wanted.new_score, wanted.doubled_overlap)

    def _with_looks(self, cost: Floats, seen: Sights) -> Floats:
        """Of who lies anywhere near, looks may lower the cost."""
        if not (self._looks and seen.looks.size):
            return cost
        unlike = self._looks.distance(self._life.tracks["id"], seen.looks) / 2
        apart = (unlike > self._options.looks_gate) | (cost >= 1.0)
        return np.asarray(np.minimum(cost, np.where(apart, 1.0, unlike)))

    def _astray(self, cascade: Cascade, known: Flags, sure: Flags, expected: Boxes, boxes: Boxes) -> Floats:
        """Of who is left, distance as a share of how far a track may have gone astray; from 1 on it is another."""
        wanted = self._options
        rows, columns = cascade.left(known, sure)
        tracks, found = expected[rows], boxes[columns]
        mine, theirs = (each[:, 3] - each[:, 1] for each in (tracks, found))
        astray = (wanted.reach + wanted.reach_growth * self._life.unseen()[rows]) * mine
        apart = (tracks[:, None, :2] + tracks[:, None, 2:] - found[:, :2] - found[:, 2:]) / 2
        distance = np.sqrt((apart * apart).sum(2)) / np.maximum(astray, 1e-9)[:, None]
        cost = np.full((len(expected), len(boxes)), np.inf)
        alike = np.abs(np.log(mine[:, None] / theirs)) < wanted.reach_size
        cost[rows[:, None], columns] = np.where(alike, distance, np.inf)
        return cost
