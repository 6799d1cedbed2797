"""What every pose estimator must do."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from plugins.poses.mediapipe import MediaPipePose
from reid_core.pose.skeleton import JOINT_COUNT, joint
from reid_core.protocols import PoseEstimator
from reid_core.records import Pose, Tracklet
from tests.fakes.painted import AWAY, TOWARDS, painted_crop, painted_walk
from tests.fakes.pose import StandingPose
from tests.fakes.tracklets import tracklet
from tests.pose_model import pose_model


@pytest.fixture(scope="module", params=["standing", "mediapipe"])
def estimator(request: pytest.FixtureRequest) -> Iterator[PoseEstimator]:
    if request.param == "standing":
        yield StandingPose(StandingPose.Options())
        return
    estimator = MediaPipePose(MediaPipePose.Options(model=str(pose_model())))
    yield estimator
    estimator.close()


def same(one: list[Pose | None], other: list[Pose | None]) -> bool:
    """To the last bit."""
    return len(one) == len(other) and all(
        (a is None and b is None)
        or (
            a is not None
            and b is not None
            and np.array_equal(a.world, b.world)
            and np.array_equal(a.image, b.image)
            and np.array_equal(a.visibility, b.visibility)
        )
        for a, b in zip(one, other, strict=True)
    )


def test_one_answer_a_shot_as_the_record_says(estimator: PoseEstimator) -> None:
    walk = painted_walk()
    poses = estimator.estimate(walk)
    assert len(poses) == len(walk.shots)
    found = [pose for pose in poses if pose is not None]
    assert len(found) >= len(walk.shots) - 1
    for pose in found:
        assert (pose.world.shape, pose.image.shape) == ((JOINT_COUNT, 3), (JOINT_COUNT, 2))
        assert pose.visibility.shape == (JOINT_COUNT,)
        assert {pose.world.dtype, pose.image.dtype, pose.visibility.dtype} == {np.dtype(np.float32)}
        assert 0 <= pose.visibility.min() <= pose.visibility.max() <= 1
        hips = pose.world[[joint("left_hip"), joint("right_hip")]]
        np.testing.assert_allclose(hips.mean(axis=0), 0, atol=1e-5)


def test_a_crop_too_small_for_a_pose_has_none_and_keeps_its_place(estimator: PoseEstimator) -> None:
    small = painted_crop(0, height=12)
    poses = estimator.estimate(tracklet([small, *(painted_crop(i / 14) for i in range(3)), small]))
    assert [pose is None for pose in poses] == [True, False, False, False, True]


def test_no_shots_no_poses(estimator: PoseEstimator) -> None:
    assert estimator.estimate(replace(painted_walk(), shots=())) == []


def test_the_same_tracklet_has_the_same_poses_whatever_came_before(estimator: PoseEstimator) -> None:
    walks = [painted_walk(TOWARDS), painted_walk(AWAY, number=2), painted_walk(TOWARDS, height=90, number=3)]
    there = [estimator.estimate(walk) for walk in walks]
    back = [estimator.estimate(walk) for walk in reversed(walks)]
    assert all(same(one, other) for one, other in zip(there, reversed(back), strict=True))


def test_shots_are_taken_in_order_of_time_and_answered_in_their_own(estimator: PoseEstimator) -> None:
    walk = painted_walk()
    reversed_walk = replace(walk, shots=walk.shots[::-1])
    assert same(estimator.estimate(walk), estimator.estimate(reversed_walk)[::-1])


def test_shots_at_one_time_are_no_trouble(estimator: PoseEstimator) -> None:
    walk = painted_walk(shots=4)
    at_once = replace(walk, shots=tuple(replace(shot, time=5.0) for shot in walk.shots))
    assert all(pose is not None for pose in estimator.estimate(at_once))


def test_joints_lie_where_the_person_is(estimator: PoseEstimator) -> None:
    walk: Tracklet = painted_walk()
    height, width = walk.shots[0].crop.shape[:2]
    for pose in filter(None, estimator.estimate(walk)):
        head, pelvis = pose.image[joint("head")], pose.image[[joint("left_hip"), joint("right_hip")]].mean(axis=0)
        feet = pose.image[[joint("left_foot"), joint("right_foot")]].mean(axis=0)
        assert abs(head[0] - width / 2) < width / 6
        assert 0 < head[1] < 0.25 * height < pelvis[1] < 0.7 * height < feet[1] < height
        # y down, and as tall as people are
        assert -1.0 < pose.world[joint("head"), 1] < -0.3
        assert 0.5 < pose.world[[joint("left_foot"), joint("right_foot")], 1].mean() < 1.1


def test_left_is_the_persons_own(estimator: PoseEstimator) -> None:
    for pose in filter(None, estimator.estimate(painted_walk(TOWARDS))):
        for part in ("shoulder", "hip"):
            assert pose.image[joint(f"left_{part}"), 0] > pose.image[joint(f"right_{part}"), 0]
            assert pose.world[joint(f"left_{part}"), 0] > pose.world[joint(f"right_{part}"), 0]
