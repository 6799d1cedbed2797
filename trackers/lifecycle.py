"""The life of a track: tentative, confirmed, lost, gone. What every tracker keeps, whatever it matches by."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reid_core.errors import RecordInvalid
from reid_core.geometry import Box, Boxes, stack
from reid_core.records import CameraId, Detection, Epoch, Frame, Track, TrackState
from trackers import kalman
from trackers.assignment import Pairs, Rows

TENTATIVE, CONFIRMED, LOST = range(3)
_FARTHEST = 1e6  # pixels: nothing beyond lies in a picture

Tracks = NDArray[np.void]  # one row a track, with the fields of LIFE
Floats = NDArray[np.float64]

LIFE = np.dtype(
    [
        ("id", np.int64),
        ("state", np.int8),
        ("hits", np.int64),  # frames it was seen in
        ("seen", np.float64),  # when last,
        ("score", np.float64),  # how surely
        ("detection", np.int64),  # its place among this frame's; -1: not seen in it
        ("motion", np.float64, (5, 4)),
    ]
)


def observed(frame: Frame, detections: Sequence[Detection]) -> tuple[Boxes, Floats]:
    """The detections as arrays: boxes (N, 4) and scores (N,)."""
    boxes = stack([detection.box for detection in detections])
    scores = np.array([detection.score for detection in detections], dtype=np.float64)
    if scores.size and not (np.abs(boxes).max() <= _FARTHEST and np.abs(scores).max() < np.inf):  # NaN fails too
        raise RecordInvalid(
            f"camera {frame.camera}, frame {frame.index}: a detection whose box or score is not finite or lies beyond "
            f"{_FARTHEST:.0e} pixels; the detector must leave it out"
        )
    return boxes, scores


class Lifecycle:
    """The tracks of one camera and epoch, as one array. Ids are the instance's own and never given twice."""

    def __init__(self, confirm_hits: int, lost_seconds: float) -> None:
        self._confirm_hits = confirm_hits
        self._lost_seconds = lost_seconds
        self._next_id = 1
        self._origin: tuple[CameraId, Epoch] | None = None
        self._time = -np.inf
        self._starting = False
        self.tracks: Tracks = np.zeros(0, LIFE)

    def advance(self, frame: Frame) -> None:
        """Move every track to where it should be in this frame; those that were lost for too long are gone."""
        origin = (frame.camera, frame.epoch)
        if self._origin not in (None, origin):
            raise RecordInvalid(
                f"camera {frame.camera}, epoch {frame.epoch}: this tracker follows camera %s, epoch %s; "
                "make one for each camera and epoch" % self._origin
            )
        if not self._time < frame.time < np.inf:
            raise RecordInvalid(
                f"camera {frame.camera}, frame {frame.index}: captured at {frame.time}, expected later than the frame "
                f"before at {self._time}; give the frames of an epoch in order of time"
            )
        tracks = self.tracks[frame.time - self.tracks["seen"] <= self._lost_seconds]
        if len(tracks):
            tracks["motion"] = kalman.predicted(tracks["motion"], frame.time - self._time)
        self._starting = self._origin is None
        self.tracks, self._origin, self._time = tracks, origin, frame.time

    def settle(self, pairs: Pairs, new: Rows, boxes: Boxes, scores: Floats) -> None:
        """Each pair is a track and the box it was seen as; new boxes begin tracks; the rest was not seen."""
        rows, columns = pairs
        seen = self.tracks[rows]
        seen["hits"] += 1
        seen["seen"] = self._time
        seen["score"] = scores[columns]
        seen["detection"] = columns
        seen["motion"] = kalman.corrected(seen["motion"], boxes[columns])
        believed = (seen["hits"] >= self._confirm_hits) | (seen["state"] != TENTATIVE)
        seen["state"] = np.where(believed, CONFIRMED, TENTATIVE)
        unseen = self.tracks["state"] != TENTATIVE  # tentative ones are gone
        unseen[rows] = False
        lost = self.tracks[unseen]
        lost["state"] = LOST
        lost["detection"] = -1
        lost["motion"][:, kalman.VELOCITY, kalman.ASPECT :] = 0.0  # it keeps its size
        self.tracks = _joined(seen, self._born(new, boxes, scores), lost)

    def _born(self, new: Rows, boxes: Boxes, scores: Floats) -> Tracks:
        tracks = np.zeros(len(new), LIFE)
        if len(new):
            tracks["id"] = np.arange(self._next_id, self._next_id + len(new))
            # who is there when a camera starts is believed at once, as in the papers
            tracks["state"] = CONFIRMED if self._starting or self._confirm_hits == 1 else TENTATIVE
            tracks["hits"] = 1
            tracks["seen"] = self._time
            tracks["score"] = scores[new]
            tracks["detection"] = new
            tracks["motion"] = kalman.started(boxes[new])
            self._next_id += len(new)
        return tracks

    def report(self, camera: CameraId, detections: Sequence[Detection], lost: bool) -> list[Track]:
        """The confirmed tracks that were seen in this frame; if wanted, the lost ones where they should be."""
        tracks = self.tracks[self.tracks["state"] == CONFIRMED]
        ids, places, scores = (tracks[field].tolist() for field in ("id", "detection", "score"))
        # the detector's own box: it was measured to lie nearer to the truth than the filtered one
        found = [
            Track(number, camera, self._time, detections[place].box, score, TrackState.CONFIRMED)
            for number, place, score in zip(ids, places, scores, strict=True)
        ]
        if lost:
            tracks = self.tracks[self.tracks["state"] == LOST]
            boxes = (Box(*edges) for edges in kalman.boxes_of(tracks["motion"]).tolist())
            found += [
                Track(number, camera, self._time, box, score, TrackState.LOST)
                for number, box, score in zip(tracks["id"].tolist(), boxes, tracks["score"].tolist(), strict=True)
            ]
        return found


def _joined(*parts: Tracks) -> Tracks:
    """np.concatenate, but five times as quick for records: it knows that all are of one type."""
    whole = np.empty(sum(map(len, parts)), parts[0].dtype)
    end = 0
    for part in parts:
        begin, end = end, end + len(part)
        whole[begin:end] = part
    return whole
