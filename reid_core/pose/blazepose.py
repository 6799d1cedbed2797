"""BlazePose's 33 landmarks become the 14 joints: face, hands and feet merge, the neck lies between the shoulders.

World coordinates: metres; x to the right of the picture, y down, z away from the camera.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from reid_core.errors import RecordInvalid
from reid_core.pose.skeleton import JOINT_COUNT, JOINT_NAMES, joint
from reid_core.records import Pose

LANDMARK_COUNT: Final = 33

# joint: the landmarks whose mean it is
_PARTS: Final = {
    "head": range(11),  # nose, eyes, ears, mouth
    "left_shoulder": (11,),
    "right_shoulder": (12,),
    "left_elbow": (13,),
    "right_elbow": (14,),
    "left_hand": (15, 17, 19, 21),  # wrist, little finger, index finger, thumb
    "right_hand": (16, 18, 20, 22),
    "left_hip": (23,),
    "right_hip": (24,),
    "left_knee": (25,),
    "right_knee": (26,),
    "left_foot": (27, 29, 31),  # ankle, heel, toes
    "right_foot": (28, 30, 32),
    "neck": (11, 12),
}


def _means() -> NDArray[np.float32]:
    """(14, 33): each row weighs the landmarks of one joint."""
    weights = np.zeros((JOINT_COUNT, LANDMARK_COUNT), dtype=np.float32)
    for row, name in enumerate(JOINT_NAMES):
        weights[row, list(_PARTS[name])] = 1.0 / len(_PARTS[name])
    weights.setflags(write=False)
    return weights


_MEANS: Final = _means()
_HIPS: Final = [joint("left_hip"), joint("right_hip")]


def to_pose(world: NDArray[np.float32], image: NDArray[np.float32], visibility: NDArray[np.float32]) -> Pose:
    """world (33, 3) metres about any origin, image (33, 2) pixels, visibility (33,) 0 to 1.

    A merged joint is as visible as its landmarks are on average.
    """
    shapes = (world.shape, image.shape, visibility.shape)
    if shapes != ((LANDMARK_COUNT, 3), (LANDMARK_COUNT, 2), (LANDMARK_COUNT,)):
        raise RecordInvalid(f"landmarks: expected shapes (33, 3), (33, 2) and (33,), found {shapes}")
    joints = _MEANS @ world
    return Pose(
        world=np.asarray(joints - joints[_HIPS].mean(axis=0), dtype=np.float32),
        image=np.asarray(_MEANS @ image, dtype=np.float32),
        visibility=np.asarray(np.clip(_MEANS @ visibility, 0.0, 1.0), dtype=np.float32),
    )
