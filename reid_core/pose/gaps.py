"""The poses of a tracklet as arrays, with the gaps filled from both sides and marked as filled."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reid_core.errors import RecordInvalid
from reid_core.pose.skeleton import JOINT_COUNT
from reid_core.records import Pose


@dataclass(frozen=True, slots=True, eq=False)
class PoseSequence:
    """T shots in order of time. Where `found` is False the joints are made up from the neighbours."""

    world: NDArray[np.float32]  # (T, 14, 3) metres, pelvis-centred
    image: NDArray[np.float32]  # (T, 14, 2) pixels of each shot's crop
    visibility: NDArray[np.float32]  # (T, 14) 0 to 1; 0 where the pose is made up
    found: NDArray[np.bool_]  # (T,)


def without_gaps(poses: Sequence[Pose | None], times: NDArray[np.float64]) -> PoseSequence | None:
    """One pose a shot; None where not a single one was found. times: (T,) seconds, increasing.

    Zeros would be a body shrunk to its pelvis; so a gap is interpolated in time, and the ends repeat the nearest pose.
    """
    if len(poses) != len(times):
        raise RecordInvalid(f"poses of a tracklet: {len(poses)} poses, but {len(times)} times")
    seen = [pose for pose in poses if pose is not None]
    if not seen:
        return None
    found = np.array([pose is not None for pose in poses], dtype=np.bool_)
    visibility = np.zeros((len(poses), JOINT_COUNT), dtype=np.float32)
    visibility[found] = [pose.visibility for pose in seen]
    return PoseSequence(
        world=_interpolated(np.array([pose.world for pose in seen]), times[found], times),
        image=_interpolated(np.array([pose.image for pose in seen]), times[found], times),
        visibility=visibility,
        found=found,
    )


def _interpolated(
    known: NDArray[np.float32], known_times: NDArray[np.float64], times: NDArray[np.float64]
) -> NDArray[np.float32]:
    ways = known.reshape(len(known), -1).T  # one coordinate of one joint each
    filled = np.stack([np.interp(times, known_times, way) for way in ways], axis=1)
    return filled.reshape(len(times), *known.shape[1:]).astype(np.float32)
