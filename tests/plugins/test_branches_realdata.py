"""Real people: two parts of one track are more alike than two people who were seen at once."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest

from plugins.branches.colour import ColourBranch
from plugins.branches.onnx_image import OnnxImageBranch
from plugins.detectors.onnx import OnnxDetector
from reid_core.geometry import Box, intersections, stack
from reid_core.protocols import Branch
from reid_core.records import CameraId, Epoch, Frame, Image, Track, TrackNumber, TrackState
from tests.fakes.tracklets import tracklet
from trackers.bytetrack import ByteTrack

FRAMES = 400  # 40 seconds
PART = 6  # shots in each part of a walk

pytestmark = pytest.mark.realdata


@dataclass
class Walk:
    """One person, for as long as nobody else is in the way."""

    track: TrackNumber
    boxes: list[Box] = field(default_factory=list)
    crops: list[Image] = field(default_factory=list)
    frames: set[int] = field(default_factory=set)

    def see(self, frame: Frame, box: Box) -> None:
        height, width = frame.image.shape[:2]
        left, right = (min(max(round(side), 0), width) for side in (box.left, box.right))
        top, bottom = (min(max(round(side), 0), height) for side in (box.top, box.bottom))
        self.boxes.append(box)
        self.crops.append(np.ascontiguousarray(frame.image[top:bottom, left:right]))
        self.frames.add(frame.index)

    def moved(self) -> float:
        """In heights of the person."""
        return abs(self.boxes[-1].left - self.boxes[0].left) / self.boxes[0].height


def data() -> Path:
    return Path(os.environ["RESTRIDE_DATA"])


def frames() -> Iterator[Frame]:
    with av.open(str(data() / "video/vtest_480x360_reencode.mp4")) as video:
        for index, picture in enumerate(video.decode(video=0)):
            if index == FRAMES:
                return
            image = np.asarray(picture.to_ndarray(format="rgb24"), dtype=np.uint8)
            yield Frame(CameraId("campus"), Epoch("e"), index, picture.time or 0.0, image)


@cache
def walks() -> tuple[Walk, ...]:
    detector = OnnxDetector(OnnxDetector.Options(path=str(data() / "detectors/yolox_nano_416.onnx")))
    tracker = ByteTrack(ByteTrack.Options())
    found: list[Walk] = []
    going: dict[TrackNumber, Walk] = {}
    for frame in frames():
        [detections] = detector.detect([frame])
        tracks = [each for each in tracker.update(frame, detections) if each.state is TrackState.CONFIRMED]
        seen = {track.id: track.box for track in apart(tracks)}
        going = {number: going.get(number) or Walk(number) for number in seen}  # who is hidden begins anew
        for number, box in seen.items():
            going[number].see(frame, box)
        found += [walk for walk in going.values() if len(walk.crops) == 1]
    # lamp-posts stand still
    return tuple(walk for walk in found if len(walk.crops) >= 3 * PART and walk.moved() > 0.5)


def apart(tracks: list[Track]) -> list[Track]:
    """Those whom nobody hides: where two cross, a tracker may confuse them."""
    boxes = stack(track.box for track in tracks)
    shared = intersections(boxes, boxes)
    np.fill_diagonal(shared, 0)
    return [track for track, most in zip(tracks, shared.max(axis=1, initial=0), strict=True) if most == 0]


def auc(branch: Branch) -> float:
    people = walks()
    firsts = branch.embed([tracklet(walk.crops[:PART], 2 * i) for i, walk in enumerate(people)])
    lasts = branch.embed([tracklet(walk.crops[-PART:], 2 * i + 1) for i, walk in enumerate(people)])
    same, different = [], []
    for i, a in enumerate(firsts):
        for j, b in enumerate(lasts):
            assert a is not None
            assert b is not None
            if i == j:
                same.append(a.fused @ b.fused)
            elif people[i].frames & people[j].frames:  # at once on one camera: certainly two people
                different.append(a.fused @ b.fused)
    assert len(same) >= 8
    assert len(different) >= 40
    return float((np.array(same)[:, None] > np.array(different)).mean())


def test_osnet() -> None:
    path = data() / "reid/osnet_x0_25_msmt17.onnx"
    assert auc(OnnxImageBranch(OnnxImageBranch.Options(path=str(path)))) > 0.9


def test_colour() -> None:
    assert auc(ColourBranch(ColourBranch.Options())) > 0.85
