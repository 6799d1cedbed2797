"""Poses by MediaPipe's pose landmarker (BlazePose): each tracklet is a little video of its own."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
from msgspec import Meta

from plugins.poses.landmarker_file import POSE_LANDMARKER
from plugins.poses.landmarker_messages import LANDMARKS, Picture, Settings
from plugins.poses.landmarker_process import LandmarkerProcess
from reid_core import options
from reid_core.errors import CheckpointInvalid, DeviceUnavailable, RecordInvalid
from reid_core.pose.blazepose import to_pose
from reid_core.records import Image, Pose, Tracklet

log = logging.getLogger("restride.poses")

Confidence = Annotated[float, Meta(ge=0.0, le=1.0)]

# A border of the colour of the crop's sides, as part of its height. BlazePose wants air around a person: with it, crops
# of 45 to 60 pixels with a pose rise from 45 % to 92 %, of 30 to 45 pixels from 46 % to 81 %, and the joints of large
# ones move by less than 1.5 % of the height. Enlarging small crops did not help.
BORDER_SIDES = 0.30
BORDER_ENDS = 0.15
MOST_HEIGHT = 512  # pixels; the network looks at 256


class MediaPipePose:
    """Implements protocols.PoseEstimator. One instance a thread.

    Every tracklet gets a new landmarker in VIDEO mode. In IMAGE mode fewer poses are found (23 of 50 against 47, 1 of
    50 against 23 on small crops) and joints shake twice as much. One landmarker for all tracklets carries the last
    person into the next: after black pictures and a gap of days, visibilities still differ by up to 0.8 and joints by
    up to 46 mm. A new one costs 50 ms a tracklet, at about 10 ms a shot, and is made while nobody waits for it.
    """

    class Options(options.Options, frozen=True):
        model: str = "auto"  # path of a .task file; auto: the cache, and what is not there is fetched
        detection: Confidence = 0.5  # least score at which a person is taken for one
        presence: Confidence = 0.5  # least score at which the landmarks are taken for a pose
        tracking: Confidence = 0.5  # least score at which the pose is followed instead of looked for anew
        min_height: Annotated[int, Meta(ge=1)] = 32  # pixels; in smaller crops no pose is looked for

    def __init__(self, options: Options) -> None:
        self._min_height = options.min_height
        self._settings = Settings(str(_model(options.model)), options.detection, options.presence, options.tracking)
        self._process: LandmarkerProcess | None = LandmarkerProcess(self._settings)

    def estimate(self, tracklet: Tracklet) -> list[Pose | None]:
        poses: list[Pose | None] = [None] * len(tracklet.shots)
        large = [i for i, shot in enumerate(tracklet.shots) if shot.crop.shape[0] >= self._min_height]
        in_time = sorted(large, key=lambda i: tracklet.shots[i].time)
        if not in_time:
            return poses
        bordered = [_bordered(tracklet.shots[i].crop) for i in in_time]
        times = _milliseconds([tracklet.shots[i].time for i in in_time])
        pictures = [_picture(time, each.image) for time, each in zip(times, bordered, strict=True)]
        for i, each, landmarks in zip(in_time, bordered, self._ask(tracklet, pictures), strict=True):
            poses[i] = None if landmarks is None else _pose(landmarks, each)
        return poses

    def close(self) -> None:
        """Ends MediaPipe's process; so does the end of this instance."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def _ask(self, tracklet: Tracklet, pictures: list[Picture]) -> list[bytes | None]:
        """Twice, if need be: the fault may lie with the machine, or with the tracklet."""
        try:
            return self._running().landmarks(pictures)
        except DeviceUnavailable as error:
            log.warning("poses of tracklet %s: %s; trying again", tracklet.id, error)
            self.close()
        try:
            return self._running().landmarks(pictures)
        except DeviceUnavailable as error:
            self.close()
            raise RecordInvalid(f"tracklet {tracklet.id}: no poses, in two attempts: {error}") from error

    def _running(self) -> LandmarkerProcess:
        if self._process is None:
            self._process = LandmarkerProcess(self._settings)
        return self._process


def _model(wanted: str) -> Path:
    if wanted == "auto":
        return POSE_LANDMARKER.path() or POSE_LANDMARKER.fetch(_unheard)
    path = Path(wanted).expanduser()
    if not path.is_file():
        raise CheckpointInvalid(
            f"{path}: no such file; expected a pose landmarker of MediaPipe (.task); `model: auto` fetches one"
        )
    return path


def _unheard(what: str, size: int, total: int | None) -> None:
    """Progress is for `restride models fetch`; here the log says what is under way."""


def _milliseconds(times: Sequence[float]) -> list[int]:
    """From the first on; MediaPipe wants each to be later than the one before."""
    later = accumulate(times, lambda before, time: max(before + 0.001, time))
    return [round((time - times[0]) * 1000) for time in later]


@dataclass(frozen=True, slots=True, eq=False)
class _Bordered:
    image: Image
    scale: float  # pixels of the image to a pixel of the crop
    left: int  # pixels of the image before the crop begins
    top: int


def _bordered(crop: Image) -> _Bordered:
    scale = min(1.0, MOST_HEIGHT / crop.shape[0])
    if scale < 1.0:
        width = max(1, round(crop.shape[1] * scale))
        crop = np.asarray(cv2.resize(crop, (width, MOST_HEIGHT), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    left, top = int(BORDER_SIDES * crop.shape[0]), int(BORDER_ENDS * crop.shape[0])
    colour = crop[:, [0, -1]].mean(axis=(0, 1)).tolist()
    image = cv2.copyMakeBorder(crop, top, top, left, left, cv2.BORDER_CONSTANT, value=colour)
    return _Bordered(np.asarray(image, dtype=np.uint8), scale, left, top)


def _picture(milliseconds: int, image: Image) -> Picture:
    return Picture(milliseconds, image.shape[0], image.shape[1], image.tobytes())


def _pose(landmarks: bytes, bordered: _Bordered) -> Pose:
    found = np.frombuffer(landmarks, dtype=np.float32).reshape(LANDMARKS)
    in_crop = (found[:, 3:5] - np.array([bordered.left, bordered.top], dtype=np.float32)) / np.float32(bordered.scale)
    return to_pose(found[:, :3], in_crop, found[:, 5])
