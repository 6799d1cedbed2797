"""The 14 joints: the skeleton is whole, landmarks merge as they should, gaps are filled and marked."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from reid_core.errors import RecordInvalid
from reid_core.pose.blazepose import LANDMARK_COUNT, to_pose
from reid_core.pose.gaps import without_gaps
from reid_core.pose.skeleton import BONES, JOINT_COUNT, JOINT_NAMES, PAIRS, joint
from reid_core.records import Pose


def landmarks(seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    rng = np.random.default_rng(seed)
    return (
        rng.normal(size=(33, 3)).astype(np.float32),
        rng.uniform(0, 200, size=(33, 2)).astype(np.float32),
        rng.uniform(size=33).astype(np.float32),
    )


def test_the_skeleton_is_one_piece_without_double_bones() -> None:
    assert len(set(JOINT_NAMES)) == JOINT_COUNT == 14
    assert len({frozenset(bone) for bone in BONES}) == len(BONES) == 14
    reached = {joint("neck")}
    for _ in range(JOINT_COUNT):
        reached |= {end for bone in BONES if reached & set(bone) for end in bone}
    assert reached == set(range(JOINT_COUNT))


def test_left_and_right_are_paired_and_their_bones_too() -> None:
    mirror = {a: b for left, right in PAIRS for a, b in ((left, right), (right, left))}
    alone = {JOINT_NAMES[index] for index in range(JOINT_COUNT) if index not in mirror}
    assert alone == {"head", "neck"}
    assert all(JOINT_NAMES[left].replace("left", "right") == JOINT_NAMES[right] for left, right in PAIRS)
    bones = {frozenset(bone) for bone in BONES}
    assert {frozenset(mirror.get(end, end) for end in bone) for bone in bones} == bones


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("head", range(11)),
        ("left_shoulder", [11]),
        ("right_elbow", [14]),
        ("left_hand", [15, 17, 19, 21]),
        ("right_hand", [16, 18, 20, 22]),
        ("left_hip", [23]),
        ("right_knee", [26]),
        ("left_foot", [27, 29, 31]),
        ("right_foot", [28, 30, 32]),
        ("neck", [11, 12]),
    ],
)
def test_a_joint_is_the_mean_of_its_landmarks(name: str, parts: list[int]) -> None:
    world, image, visibility = landmarks()
    pose = to_pose(world, image, visibility)
    pelvis = world[[23, 24]].mean(axis=0)
    np.testing.assert_allclose(pose.world[joint(name)], world[parts].mean(axis=0) - pelvis, atol=1e-5)
    np.testing.assert_allclose(pose.image[joint(name)], image[parts].mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(pose.visibility[joint(name)], visibility[parts].mean(), rtol=1e-5)


def test_every_landmark_belongs_to_a_joint_and_shoulders_to_two() -> None:
    counted: Counter[int] = Counter()
    for landmark in range(LANDMARK_COUNT):
        visibility = np.zeros(33, dtype=np.float32)
        visibility[landmark] = 1
        counted[landmark] = int(np.count_nonzero(to_pose(*landmarks()[:2], visibility).visibility))
    assert {index for index, count in counted.items() if count == 2} == {11, 12}
    assert {count for index, count in counted.items() if index not in {11, 12}} == {1}


def test_the_pose_is_centred_on_the_pelvis_wherever_the_landmarks_are() -> None:
    world, image, visibility = landmarks()
    here, there = to_pose(world, image, visibility), to_pose(world + np.float32(7), image, visibility)
    np.testing.assert_allclose(here.world, there.world, atol=1e-5)
    hips = here.world[[joint("left_hip"), joint("right_hip")]]
    np.testing.assert_allclose(hips.mean(axis=0), 0, atol=1e-6)
    assert {here.world.dtype, here.image.dtype, here.visibility.dtype} == {np.dtype(np.float32)}


def test_rounding_does_not_make_a_joint_more_than_visible() -> None:
    pose = to_pose(*landmarks()[:2], np.full(33, 1.0000002, dtype=np.float32))
    assert pose.visibility.max() <= 1.0


def test_landmarks_of_another_model_are_refused() -> None:
    world, image, visibility = landmarks()
    with pytest.raises(RecordInvalid, match=r"expected shapes \(33, 3\).*found \(\(17, 3\)"):
        to_pose(world[:17], image, visibility)


def pose_at(value: float) -> Pose:
    return Pose(
        world=np.full((14, 3), value, dtype=np.float32),
        image=np.full((14, 2), 10 * value, dtype=np.float32),
        visibility=np.full(14, 0.5, dtype=np.float32),
    )


def test_a_gap_is_filled_in_time_and_marked() -> None:
    times = np.array([0.0, 0.1, 0.4, 0.5])
    filled = without_gaps([pose_at(1), None, None, pose_at(6)], times)
    assert filled is not None
    np.testing.assert_allclose(filled.world[:, 0, 0], [1, 2, 5, 6], rtol=1e-6)
    np.testing.assert_allclose(filled.image[:, 3, 1], [10, 20, 50, 60], rtol=1e-6)
    assert filled.found.tolist() == [True, False, False, True]
    assert filled.visibility[:, 0].tolist() == [0.5, 0, 0, 0.5]


def test_the_ends_repeat_the_nearest_pose() -> None:
    filled = without_gaps([None, pose_at(3), None], np.arange(3.0))
    assert filled is not None
    assert filled.world[:, 0, 0].tolist() == [3, 3, 3]


def test_where_nothing_was_found_there_is_nothing() -> None:
    assert without_gaps([None, None], np.arange(2.0)) is None
    assert without_gaps([], np.zeros(0)) is None


def test_poses_and_times_must_match() -> None:
    with pytest.raises(RecordInvalid, match="2 poses, but 3 times"):
        without_gaps([None, None], np.arange(3.0))


@given(st.lists(st.booleans(), min_size=1, max_size=12))
def test_what_was_found_is_never_changed(there: list[bool]) -> None:
    poses = [pose_at(float(index)) if is_there else None for index, is_there in enumerate(there)]
    filled = without_gaps(poses, np.arange(float(len(there))))
    assert (filled is None) == (not any(there))
    if filled is not None:
        assert filled.found.tolist() == there
        np.testing.assert_array_equal(filled.world[filled.found, 0, 0], np.flatnonzero(there))
        assert np.isfinite(filled.world).all()
