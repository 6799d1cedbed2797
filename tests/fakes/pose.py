"""A pose estimator that sees the same standing figure in every crop that is large enough."""

import numpy as np

from reid_core import options
from reid_core.pose.skeleton import JOINT_NAMES
from reid_core.records import Pose, Shot, Tracklet

# across (left is the person's own, who faces the camera) and down, in parts of the height
STANDING = {
    "head": (0.0, 0.07),
    "neck": (0.0, 0.18),
    "shoulder": (0.10, 0.18),
    "elbow": (0.13, 0.34),
    "hand": (0.14, 0.48),
    "hip": (0.06, 0.50),
    "knee": (0.06, 0.73),
    "foot": (0.06, 0.96),
}
HEIGHT_METRES = 1.75


class StandingPose:
    class Options(options.Options, frozen=True):
        min_height: int = 32  # pixels; no pose in smaller crops

    def __init__(self, options: Options) -> None:
        self._min_height = options.min_height

    def estimate(self, tracklet: Tracklet) -> list[Pose | None]:
        return [self._pose(shot) for shot in tracklet.shots]

    def _pose(self, shot: Shot) -> Pose | None:
        height, width = shot.crop.shape[:2]
        if height < self._min_height:
            return None
        flat = np.array([_place(name) for name in JOINT_NAMES], dtype=np.float32)
        pelvis = np.array(STANDING["hip"], dtype=np.float32) * (0, 1)
        world = np.zeros((len(JOINT_NAMES), 3), dtype=np.float32)
        world[:, :2] = (flat - pelvis) * HEIGHT_METRES
        image = (flat * height + (width / 2, 0)).astype(np.float32)
        return Pose(world, image, np.ones(len(JOINT_NAMES), dtype=np.float32))


def _place(name: str) -> tuple[float, float]:
    side, _, part = name.rpartition("_")
    across, down = STANDING[part]
    return (-across if side == "right" else across), down
