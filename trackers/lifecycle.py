"""The life of a track: tentative, confirmed, lost, gone. What every tracker keeps, whatever it matches by."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from reid_core.assignment import Pairs, Rows
from reid_core.errors import RecordInvalid
from reid_core.geometry import Box, Boxes, iou, stack
from reid_core.records import CameraId, Detection, Epoch, Frame, Track, TrackState
from trackers import kalman
from trackers.observations import TRAIL, reupdated, warped_boxes, warped_trail
from trackers.snapshot import State

TENTATIVE, CONFIRMED, LOST = range(3)
_FARTHEST = 1e6  # pixels: nothing beyond lies in a picture
_STAYED = 0.7  # overlap with where it stands, above which a track has not moved

Tracks = NDArray[np.void]  # one row a track, with the fields of LIFE
Floats = NDArray[np.float64]

LIFE = np.dtype(
    [
        ("id", np.int64),
        ("state", np.int8),
        ("hits", np.int64),  # frames it was seen in
        ("missed", np.int64),  # frames since it was seen
        ("seen", np.float64),  # when last,
        ("score", np.float64),  # how surely,
        ("box", np.float64, 4),  # and where, as the picture has moved since
        ("trail", np.float64, (TRAIL, 3)),  # where it was seen before: centre and time, the last first
        ("detection", np.int64),  # its place among this frame's; -1: not seen in it
        ("sure", np.float64),  # when it was seen last with a score that could begin a track
        ("stand", np.float64, 4),  # a box that it has not left,
        ("stood", np.float64),  # since when
        ("motion", np.float64, (5, 4)),
        ("sight", np.float64, (5, 4)),  # motion as of when it was seen last
    ]
)


class Rules(Protocol):
    """Of a tracker's options, those that its tracks live by."""

    @property
    def new_score(self) -> float: ...
    @property
    def confirm_hits(self) -> int: ...
    @property
    def lost_seconds(self) -> float: ...
    @property
    def still_seconds(self) -> float | None: ...
    @property
    def ghost_seconds(self) -> float | None: ...


_FIELDS = LIFE.names or ()


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

    def __init__(self, model: kalman.Model, rules: Rules, *, observation_centric: bool = False) -> None:
        """Observation-centric: after a gap, the filter is fed the straight path between the two sights."""
        self._model = model
        self._rules = rules
        self._observation_centric = observation_centric
        self._next_id = 1
        self._origin: tuple[CameraId, Epoch] | None = None
        self._time = -np.inf
        self._starting = False
        self.tracks: Tracks = np.zeros(0, LIFE)

    def advance(self, frame: Frame, affine: kalman.Affine | None = None) -> None:
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
        living = frame.time - self.tracks["seen"] <= self._rules.lost_seconds
        if self._rules.ghost_seconds is not None:
            living &= frame.time - self.tracks["sure"] <= self._rules.ghost_seconds
        tracks = self.tracks[living]
        if len(tracks):
            tracks["motion"] = kalman.predicted(self._model, tracks["motion"], frame.time - self._time)
            if affine is not None:
                tracks["motion"] = kalman.moved(self._model, tracks["motion"], affine)
                tracks["sight"] = kalman.moved(self._model, tracks["sight"], affine)
                tracks["box"] = warped_boxes(tracks["box"], affine)
                tracks["stand"] = warped_boxes(tracks["stand"], affine)
                tracks["trail"] = warped_trail(tracks["trail"], affine)
        self._starting = self._origin is None
        self.tracks, self._origin, self._time = tracks, origin, frame.time

    def boxes(self) -> Boxes:
        """Where the tracks should be."""
        return kalman.boxes_of(self._model, self.tracks["motion"])

    def unseen(self) -> Floats:
        """For how many seconds each track was lost before this frame."""
        return np.asarray(np.where(self.tracks["missed"] > 0, self._time - self.tracks["seen"], 0.0))

    def distance(self, rows: Rows, boxes: Boxes) -> Floats:
        """Squared, in standard deviations, from where these tracks should be to the box beside each."""
        return kalman.distance(self._model, self.tracks["motion"][rows], boxes)

    def settle(self, pairs: Pairs, new: Rows, boxes: Boxes, scores: Floats) -> None:
        """Each pair is a track and the box it was seen as; new boxes begin tracks; the rest was not seen."""
        rows, columns = pairs
        seen = self.tracks[rows]
        if self._observation_centric:
            back = (seen["missed"] > 0).nonzero()[0]
            if back.size:
                seen["motion"][back] = reupdated(self._model, seen[back], boxes[columns[back]], self._time)
        seen["hits"] += 1
        seen["missed"] = 0
        seen["seen"] = self._time
        seen["score"] = scores[columns]
        seen["box"] = boxes[columns]
        seen["detection"] = columns
        self._watch(seen)
        seen["motion"] = seen["sight"] = kalman.corrected(self._model, seen["motion"], boxes[columns])
        seen["trail"][:, 1:] = seen["trail"][:, :-1].copy()
        self._mark(seen)
        believed = (seen["hits"] >= self._rules.confirm_hits) | (seen["state"] != TENTATIVE)
        seen["state"] = np.where(believed, CONFIRMED, TENTATIVE)
        unseen = self.tracks["state"] != TENTATIVE  # tentative ones are gone
        unseen[rows] = False
        lost = self.tracks[unseen]
        lost["state"] = LOST
        lost["missed"] += 1
        lost["detection"] = -1
        lost["motion"][:, kalman.VELOCITY, kalman.SIZE :] = 0.0  # it keeps its size
        self.tracks = _joined(seen, self._born(new, boxes, scores), lost)

    def _mark(self, seen: Tracks) -> None:
        """The newest place of the trail."""
        seen["trail"][:, 0, :2] = (seen["box"][:, :2] + seen["box"][:, 2:]) / 2
        seen["trail"][:, 0, 2] = self._time

    def _watch(self, seen: Tracks) -> None:
        """Who moves, and who is sure: what still and ghost tracks are told by."""
        if self._rules.ghost_seconds is not None:
            seen["sure"] = np.where(seen["score"] >= self._rules.new_score, self._time, seen["sure"])
        if self._rules.still_seconds is not None:
            gone = np.diagonal(iou(seen["box"], seen["stand"])) < _STAYED
            seen["stand"] = np.where(gone[:, None], seen["box"], seen["stand"])
            seen["stood"] = np.where(gone, self._time, seen["stood"])

    def _born(self, new: Rows, boxes: Boxes, scores: Floats) -> Tracks:
        tracks = np.zeros(len(new), LIFE)
        if len(new):
            tracks["id"] = np.arange(self._next_id, self._next_id + len(new))
            # who is there when a camera starts is believed at once, as in the papers
            tracks["state"] = CONFIRMED if self._starting or self._rules.confirm_hits == 1 else TENTATIVE
            tracks["hits"] = 1
            tracks["seen"] = self._time
            tracks["score"] = scores[new]
            tracks["box"] = tracks["stand"] = boxes[new]
            tracks["sure"] = tracks["stood"] = self._time
            tracks["trail"] = -np.inf
            self._mark(tracks)
            tracks["detection"] = new
            tracks["motion"] = tracks["sight"] = kalman.started(self._model, boxes[new])
            self._next_id += len(new)
        return tracks

    def report(self, camera: CameraId, detections: Sequence[Detection], lost: bool) -> list[Track]:
        """The confirmed tracks that were seen in this frame; if wanted, the lost ones where they should be."""
        shown = self.tracks["state"] == CONFIRMED
        if self._rules.still_seconds is not None:
            shown &= self._time - self.tracks["stood"] <= self._rules.still_seconds
        tracks = self.tracks[shown]
        ids, places, scores = (tracks[field].tolist() for field in ("id", "detection", "score"))
        # the detector's own box: it was measured to lie nearer to the truth than the filtered one
        found = [
            Track(number, camera, self._time, detections[place].box, score, TrackState.CONFIRMED)
            for number, place, score in zip(ids, places, scores, strict=True)
        ]
        if lost:
            tracks = self.tracks[self.tracks["state"] == LOST]
            boxes = (Box(*edges) for edges in kalman.boxes_of(self._model, tracks["motion"]).tolist())
            found += [
                Track(number, camera, self._time, box, score, TrackState.LOST)
                for number, box, score in zip(tracks["id"].tolist(), boxes, tracks["score"].tolist(), strict=True)
            ]
        return found

    def reset(self) -> None:
        self._origin, self._time, self.tracks = None, -np.inf, np.zeros(0, LIFE)

    def state(self) -> State:
        camera, epoch = self._origin or ("", "")
        life = {field: self.tracks[field] for field in _FIELDS}
        return {"camera": np.array(camera), "epoch": np.array(epoch)} | {
            "next_id": np.array(self._next_id),
            "time": np.array(self._time),
            **life,
        }

    def restore(self, state: State, epoch: Epoch | None) -> None:
        """Ids go on under a new epoch too, so that none is given twice."""
        try:
            tracks = np.zeros(len(state["id"]), LIFE)
            for field in _FIELDS:
                tracks[field] = state[field]
            camera, known = CameraId(str(state["camera"])), Epoch(str(state["epoch"]))
            next_id, time = int(state["next_id"].astype(np.int64)), float(state["time"].astype(np.float64))
        except (KeyError, ValueError, TypeError) as error:
            raise RecordInvalid(f"state of a tracker: does not fit: {error}; start without it") from error
        self._origin = (camera, known if epoch is None else epoch) if camera else None
        self.tracks, self._next_id, self._time = tracks, next_id, time


def _joined(*parts: Tracks) -> Tracks:
    """np.concatenate, but five times as quick for records: it knows that all are of one type."""
    whole = np.empty(sum(map(len, parts)), parts[0].dtype)
    end = 0
    for part in parts:
        begin, end = end, end + len(part)
        whole[begin:end] = part
    return whole
