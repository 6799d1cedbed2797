"""Tracks to tracklets: crops at a steady rate, cut every few seconds, the best few marked for appearance."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import ceil, floor
from typing import Annotated

import cv2
import numpy as np
from msgspec import Meta

from reid_core.geometry import Box, stack
from reid_core.options import Options
from reid_core.records import CameraId, Epoch, Frame, Image, Shot, Track, Tracklet, TrackletId, TrackNumber, TrackState
from stream.metrics import Metrics
from stream.pipeline.quality import best_of, quality, sharpness, size_score, visibility

_REMEMBERED = 10_000  # closed tracks whose parts are still counted, should they come back


class CutterOptions(Options, frozen=True):
    max_seconds: Annotated[float, Meta(gt=0, le=60)] = 4.0  # a longer track is cut into pieces of this
    shots_per_second: Annotated[float, Meta(gt=0, le=60)] = 12.5  # gait needs 10 to 15
    best: Annotated[int, Meta(ge=1, le=64)] = 8  # shots of a piece that appearance looks at
    min_seconds: Annotated[float, Meta(ge=0)] = 0.4  # from first to last shot; shorter pieces are dropped
    min_shots: Annotated[int, Meta(ge=1)] = 4  # pieces of fewer are dropped
    idle_seconds: Annotated[float, Meta(gt=0, le=60)] = 1.0  # a track not seen for longer is closed
    max_tracks: Annotated[int, Meta(ge=1, le=1000)] = 64  # of one camera at a time; the rest gets no shots
    max_height: Annotated[int, Meta(ge=32, le=2048)] = 256  # of a crop in pixels, and its width; larger are shrunk
    margin: Annotated[float, Meta(ge=0, le=1)] = 0.05  # share of the box that a crop is wider on each side

    def __post_init__(self) -> None:
        if self.min_seconds >= self.max_seconds:
            raise ValueError(f"expected min_seconds ({self.min_seconds:g}) below max_seconds ({self.max_seconds:g})")
        if self.min_shots > self.ticks:
            raise ValueError(
                f"expected min_shots ({self.min_shots}) of at most the {self.ticks} shots that "
                "max_seconds x shots_per_second give"
            )

    @property
    def ticks(self) -> int:
        """The most shots of one piece."""
        return max(1, round(self.max_seconds * self.shots_per_second))


@dataclass(slots=True)
class _Piece:
    """What was gathered of one track since its last cut."""

    seen: float  # when the track was seen last
    first_tick: int = 0  # of its shots
    shots: list[Shot] = field(default_factory=list)


class Cutter:
    """One camera's. A new epoch closes everything of the old one."""

    def __init__(self, options: CutterOptions, metrics: Metrics | None = None) -> None:
        self._options = options
        self._metrics = metrics or Metrics()
        self._origin: tuple[CameraId, Epoch] = CameraId(""), Epoch("")
        self._start = 0.0  # of the epoch: the grid of shots begins here, so that it never drifts
        self._time = 0.0  # of the frame before
        self._tick = -1  # place on the grid of the last frame that was shot
        self._pieces: dict[TrackNumber, _Piece] = {}
        self._parts: dict[TrackNumber, int] = {}  # how many pieces a track has given

    def push(self, frame: Frame, tracks: Sequence[Track]) -> list[Tracklet]:
        """The pieces that this frame closes."""
        closed: list[Tracklet] = []
        if (frame.camera, frame.epoch) != self._origin:
            closed += self.flush()
            self._begin(frame)
        seen = [track for track in tracks if track.state is TrackState.CONFIRMED]
        for track in seen:
            self._open(track, frame.time)
        if (tick := self._tick_of(frame.time)) > self._tick:
            self._tick = tick
            closed += self._shoot(frame, seen, tick)
        self._time = frame.time
        idle = [track for track, piece in self._pieces.items() if frame.time - piece.seen > self._options.idle_seconds]
        return closed + self._close(idle)

    def flush(self) -> list[Tracklet]:
        """All that is open, closed."""
        return self._close(list(self._pieces))

    def _begin(self, frame: Frame) -> None:
        self._origin = frame.camera, frame.epoch
        self._start = self._time = frame.time
        self._tick = -1
        self._parts.clear()

    def _tick_of(self, time: float) -> int:
        """The last point of the grid that this frame is nearest to, or past.

        Half the time between frames decides which is nearest; jitter of the capture times so costs no shot.
        """
        period = 1.0 / self._options.shots_per_second
        slack = min(time - self._time, period) / 2
        return floor((time - self._start + slack) / period)

    def _open(self, track: Track, time: float) -> None:
        if piece := self._pieces.get(track.id):
            piece.seen = time
        elif len(self._pieces) < self._options.max_tracks:
            self._pieces[track.id] = _Piece(seen=time)
        else:
            self._count("tracks_over_limit")

    def _shoot(self, frame: Frame, tracks: Sequence[Track], tick: int) -> list[Tracklet]:
        height, width = frame.image.shape[:2]
        closed: list[Tracklet] = []
        kept = 0
        visible = visibility(stack(track.box for track in tracks), width, height).tolist()
        for track, seen in zip(tracks, visible, strict=True):
            area = _grown(track.box, self._options.margin).clipped(width, height)
            piece = self._pieces.get(track.id)
            if area is None or piece is None:
                continue
            if piece.shots and tick - piece.first_tick >= self._options.ticks:
                closed += self._cut(track.id, piece.shots)
                piece.shots = []
            if not piece.shots:
                piece.first_tick = tick
            piece.shots.append(self._shot(frame, track, area, seen))
            kept += 1
        self._count("shots_kept", kept)
        return closed

    def _shot(self, frame: Frame, track: Track, area: Box, visible: float) -> Shot:
        left, top, right, bottom = floor(area.left), floor(area.top), ceil(area.right), ceil(area.bottom)
        crop = _shrunk(frame.image[top:bottom, left:right], self._options.max_height)
        worth = quality(sharpness(crop), size_score(track.box.height, self._options.max_height), visible)
        return Shot(frame.time, crop, Box(left, top, right, bottom), track.score, worth)

    def _close(self, tracks: Sequence[TrackNumber]) -> list[Tracklet]:
        return [tracklet for track in tracks for tracklet in self._cut(track, self._pieces.pop(track).shots)]

    def _cut(self, track: TrackNumber, shots: Sequence[Shot]) -> list[Tracklet]:
        """One tracklet, or none where there is too little to say anything."""
        options = self._options
        if len(shots) < options.min_shots or shots[-1].time - shots[0].time < options.min_seconds:
            self._count("tracklets_too_short")
            return []
        best = best_of([shot.time for shot in shots], [shot.quality for shot in shots], options.best)
        marked = tuple(replace(shot, best=True) if place in best else shot for place, shot in enumerate(shots))
        part = self._parts.pop(track, 0)
        self._parts[track] = part + 1  # at the end: the first is the one that was cut longest ago
        if len(self._parts) > _REMEMBERED:
            del self._parts[next(iter(self._parts))]
        self._count("tracklets_cut")
        return [Tracklet(TrackletId(*self._origin, track, part), marked, marked[0].time, marked[-1].time)]

    def _count(self, name: str, amount: int = 1) -> None:
        self._metrics.add(name, amount, camera=self._origin[0])


def _grown(box: Box, margin: float) -> Box:
    across, down = margin * box.width, margin * box.height
    return Box(box.left - across, box.top - down, box.right + across, box.bottom + down)


def _shrunk(picture: Image, longest: int) -> Image:
    """A copy of its own, so that a crop does not keep its frame alive; read-only."""
    crop = picture
    while (scale := longest / max(crop.shape[:2])) < 1.0:
        # by halves at most: so the quick filter blends all pixels, and area averaging costs ten times as much
        step = max(scale, 0.5)
        size = [max(1, round(side * step)) for side in crop.shape[1::-1]]
        crop = cv2.resize(crop, size).astype(np.uint8, copy=False)
    crop = picture.copy() if crop is picture else crop
    crop.setflags(write=False)
    return crop
