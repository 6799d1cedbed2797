"""Joint heatmaps: where the peaks lie, how high they are, and other layouts becoming the 13 maps of CAMC."""

import numpy as np
import pytest
from numpy.typing import NDArray

from reid_core.errors import RecordInvalid
from reid_core.pose.heatmaps import BODY_COUNT, joint_heatmaps, to_body_maps
from reid_core.pose.skeleton import JOINT_COUNT, joint

COCO = [
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
]
OPENPOSE = [
    "nose",
    "neck",
    "right_shoulder",
    "right_elbow",
    "right_wrist",
    "left_shoulder",
    "left_elbow",
    "left_wrist",
    "right_hip",
    "right_knee",
    "right_ankle",
    "left_hip",
    "left_knee",
    "left_ankle",
    "right_eye",
    "left_eye",
    "right_ear",
    "left_ear",
]
BODY = [
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
]


def some_points(seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).uniform((8, 8), (120, 248), (JOINT_COUNT, 2)).astype(np.float32)


def test_peaks_lie_at_the_joints_and_are_as_high_as_these_are_visible() -> None:
    points = np.array([[2.0, 2.0], [66.0, 130.0], [126.0, 254.0]], dtype=np.float32)  # the middles of cells
    maps = joint_heatmaps(points, np.array([1.0, 0.5, 0.0], dtype=np.float32), 256, 128)
    assert maps.shape == (3, 64, 32)
    assert maps.dtype == np.float32
    assert maps[0, 0, 0] == pytest.approx(1.0)
    assert np.unravel_index(maps[1].argmax(), (64, 32)) == (32, 16)
    assert maps[1].max() == pytest.approx(0.5)
    assert not maps[2].any()
    sigma = 64 / 48
    assert maps[1, 33, 16] == pytest.approx(0.5 * np.exp(-1 / (2 * sigma**2)))


def test_a_joint_beside_the_picture_leaves_at_most_its_tail() -> None:
    points = np.array([[-200.0, 50.0], [-4.0, 50.0]], dtype=np.float32)
    far, near = joint_heatmaps(points, np.ones(2, dtype=np.float32), 256, 128)
    assert far.max() < 1e-6
    assert 0.1 < near.max() < 1
    assert near.max() == near[:, 0].max()


def test_many_pictures_at_once_are_as_one_by_one() -> None:
    both = np.stack([some_points(1), some_points(2)])
    visible = np.random.default_rng(3).uniform(size=(2, JOINT_COUNT)).astype(np.float32)
    at_once = joint_heatmaps(both, visible, 256, 128)
    for i in range(2):
        assert np.array_equal(at_once[i], joint_heatmaps(both[i], visible[i], 256, 128))


def test_a_mirrored_pose_gives_mirrored_maps() -> None:
    points = some_points()
    mirrored = points * np.array([-1, 1], dtype=np.float32) + np.array([128, 0], dtype=np.float32)
    ones = np.ones(JOINT_COUNT, dtype=np.float32)
    np.testing.assert_allclose(
        joint_heatmaps(mirrored, ones, 256, 128), joint_heatmaps(points, ones, 256, 128)[..., ::-1], atol=1e-5
    )


def test_thirteen_are_fourteen_without_the_neck() -> None:
    fourteen = joint_heatmaps(some_points(), np.ones(JOINT_COUNT, dtype=np.float32), 256, 128)
    assert fourteen.shape == (14, 64, 32)
    assert np.array_equal(to_body_maps(fourteen), fourteen[:BODY_COUNT])
    assert np.array_equal(to_body_maps(fourteen[:BODY_COUNT]), fourteen[:BODY_COUNT])


@pytest.mark.parametrize("names", [COCO, OPENPOSE], ids=["coco", "openpose"])
def test_other_layouts_become_ours_with_the_face_as_one_joint(names: list[str]) -> None:
    maps = np.random.default_rng(0).random((2, len(names), 6, 4), dtype=np.float32)
    body = to_body_maps(maps)
    face = [i for i, name in enumerate(names) if name.partition("_")[2] in {"eye", "ear"} or name == "nose"]
    assert len(face) == 5
    assert np.array_equal(body[:, joint("head")], maps[:, face].max(axis=1))
    for name in BODY:
        ours = name.replace("wrist", "hand").replace("ankle", "foot")
        assert np.array_equal(body[:, joint(ours)], maps[:, names.index(name)]), name


def test_what_is_no_set_of_maps_is_refused() -> None:
    with pytest.raises(RecordInvalid, match=r"with 13, 14, 17, 18 joints, found \(12, 4, 4\)"):
        to_body_maps(np.zeros((12, 4, 4), dtype=np.float32))
    with pytest.raises(RecordInvalid, match="expected points"):
        joint_heatmaps(np.zeros((3, 2), dtype=np.float32), np.zeros(4, dtype=np.float32), 64, 32)
