"""A parser for those who have none: body parts drawn as thick lines between the joints that a pose estimator finds.

It knows where a limb is, not what it wears: whatever may be clothes is called clothes, so that erasing them erases too
much rather than too little. Hair, skirts, bags and what hangs wide of the body it cannot see.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, cast

import cv2
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from reid_core import options, registry
from reid_core.geometry import Box
from reid_core.models.human_parts import label
from reid_core.options import PluginUse
from reid_core.pose.skeleton import joint
from reid_core.protocols import PoseEstimator
from reid_core.records import CameraId, Epoch, Image, Pose, Shot, Tracklet, TrackletId, TrackNumber


@dataclass(frozen=True, slots=True)
class _Limb:
    """A thick line; begin and end in parts of the way from the first joint to the second."""

    name: str  # of the ATR label; {side} is left or right
    joints: tuple[str, str]
    width: float  # in parts of the torso's length
    begin: float = 0.0
    end: float = 1.0


# Later ones lie above earlier ones
_LIMBS = (
    _Limb("pants", ("{side}_hip", "{side}_knee"), 0.36),
    _Limb("pants", ("{side}_knee", "{side}_foot"), 0.28, end=0.85),
    _Limb("{side}_shoe", ("{side}_knee", "{side}_foot"), 0.28, begin=0.93, end=1.03),
)
_ARMS = (
    _Limb("upper_clothes", ("{side}_shoulder", "{side}_elbow"), 0.26),
    _Limb("upper_clothes", ("{side}_elbow", "{side}_hand"), 0.22, end=0.8),
    _Limb("{side}_arm", ("{side}_elbow", "{side}_hand"), 0.2, begin=0.9, end=1.1),
)
_CHEST = 0.5  # least width of the torso, as seen from the side; all in parts of its length
_HEAD = (0.22, 0.3)  # half width, half height
_TORSO = ("left_shoulder", "right_shoulder", "right_hip", "left_hip")


class PoseParser:
    """Implements protocols.HumanParser. Each picture is a tracklet of one shot to the pose estimator."""

    class Options(options.Options, frozen=True):
        pose: PluginUse = PluginUse(use="mediapipe")  # who finds the joints
        visible: Annotated[float, Meta(ge=0, le=1)] = 0.5  # a part is drawn if both its joints are seen as well as this

    def __init__(self, options: Options) -> None:
        self._visible = options.visible
        self._pose = cast(PoseEstimator, registry.build("poses", options.pose))

    def parse(self, pictures: Sequence[Image], paths: Sequence[Path] | None = None) -> list[NDArray[np.uint8] | None]:
        del paths
        return [self._parse(picture) for picture in pictures]

    def _parse(self, picture: Image) -> NDArray[np.uint8] | None:
        [pose] = self._pose.estimate(_alone(picture))
        return None if pose is None else draw_parts(pose, picture.shape[0], picture.shape[1], self._visible)


def draw_parts(pose: Pose, height: int, width: int, visible: float) -> NDArray[np.uint8] | None:
    """(height, width) labels of ATR; None where the torso cannot be seen, which all else is measured by."""
    points = pose.image.astype(np.float64)
    seen = pose.visibility >= visible
    corners = [joint(name) for name in _TORSO]
    if not seen[corners].all():
        return None
    shoulders, hips = points[corners[:2]].mean(axis=0), points[corners[2:]].mean(axis=0)
    torso = float(np.linalg.norm(hips - shoulders))
    canvas = np.zeros((height, width), dtype=np.uint8)
    for limb in _LIMBS:
        _draw_sides(canvas, limb, points, seen, torso)
    _line(canvas, label("upper_clothes"), shoulders, hips, _CHEST * torso)
    cv2.fillPoly(canvas, [np.rint(points[corners]).astype(np.int32)], label("upper_clothes"))
    for limb in _ARMS:
        _draw_sides(canvas, limb, points, seen, torso)
    if seen[joint("head")]:
        axes = (max(round(_HEAD[0] * torso), 1), max(round(_HEAD[1] * torso), 1))
        cv2.ellipse(canvas, _pixel(points[joint("head")]), axes, 0, 0, 360, label("face"), -1)
    return canvas


def _draw_sides(
    canvas: NDArray[np.uint8], limb: _Limb, points: NDArray[np.float64], seen: NDArray[np.bool_], torso: float
) -> None:
    for side in ("left", "right"):
        inner, outer = (joint(name.format(side=side)) for name in limb.joints)
        if seen[inner] and seen[outer]:
            way = points[outer] - points[inner]
            begin, end = points[inner] + limb.begin * way, points[inner] + limb.end * way
            _line(canvas, label(limb.name.format(side=side)), begin, end, limb.width * torso)


def _line(
    canvas: NDArray[np.uint8], value: int, begin: NDArray[np.float64], end: NDArray[np.float64], width: float
) -> None:
    cv2.line(canvas, _pixel(begin), _pixel(end), value, max(round(width), 1))


def _pixel(point: NDArray[np.float64]) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))


def _alone(picture: Image) -> Tracklet:
    height, width = picture.shape[:2]
    # a view: a shot makes its crop read-only, and this one is the caller's
    shot = Shot(time=0.0, crop=picture.view(), box=Box(0, 0, width, height), score=1.0, quality=1.0)
    return Tracklet(TrackletId(CameraId("parser"), Epoch("0"), TrackNumber(0), 0), (shot,), 0.0, 0.0)
