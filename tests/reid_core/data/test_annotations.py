"""What other networks said of a picture: there or not, and never half."""

from pathlib import Path

import numpy as np
import pytest

from reid_core.data.annotations import Annotations
from reid_core.errors import DataSetInvalid
from reid_core.pose.skeleton import JOINT_COUNT
from reid_core.records import Pose
from tests.fakes.palette_png import write_palette


@pytest.fixture
def annotations(tmp_path: Path) -> Annotations:
    return Annotations(tmp_path / "data", tmp_path / "cache")


def test_what_was_written_is_read(annotations: Annotations) -> None:
    picture = annotations.root / "train" / "1.jpg"
    assert annotations.parsing(picture) is None
    assert annotations.pose(picture) is None
    assert annotations.silhouette(picture) is None
    labels = np.random.default_rng(0).integers(0, 18, (9, 5), dtype=np.uint8)
    annotations.write_parsing(picture, labels)
    read = annotations.parsing(picture)
    assert read is not None
    assert np.array_equal(read, labels)
    assert (annotations.cache / "train" / "1.jpg.png").is_file()
    pose = Pose(*(np.random.default_rng(0).random(s, dtype=np.float32) for s in ((14, 3), (14, 2), (14,))))
    annotations.write_pose(picture, pose)
    back = annotations.pose(picture)
    assert back is not None
    assert np.array_equal(back.world, pose.world)
    assert np.array_equal(back.visibility, pose.visibility)


def test_a_silhouette_is_its_mask_or_else_the_parsed_person(annotations: Annotations) -> None:
    picture = annotations.root / "1.jpg"
    annotations.write_parsing(picture, np.array([[0, 2], [11, 0]], dtype=np.uint8))
    parsed = annotations.silhouette(picture)
    assert parsed is not None
    assert parsed.tolist() == [[0, 255], [255, 0]]
    annotations.write_silhouette(picture, np.full((2, 2), 128, dtype=np.uint8))
    mask = annotations.silhouette(picture)
    assert mask is not None
    assert mask.tolist() == [[128, 128], [128, 128]]


def test_a_palette_is_for_looking_only(annotations: Annotations) -> None:
    labels = np.array([[0, 1], [2, 17]], dtype=np.uint8)
    write_palette(annotations.cache / "1.jpg.png", labels)
    parsed = annotations.parsing(annotations.root / "1.jpg")
    assert parsed is not None
    assert parsed.tolist() == labels.tolist()


def test_labels_of_another_set_are_refused(annotations: Annotations) -> None:
    picture = annotations.root / "1.jpg"
    annotations.write_parsing(picture, np.full((2, 2), 19, dtype=np.uint8))
    with pytest.raises(DataSetInvalid, match=r"1\.jpg\.png: holds the label 19; those of ATR end at 17"):
        annotations.parsing(picture)


def test_damaged_poses_are_named(annotations: Annotations) -> None:
    picture = annotations.root / "1.jpg"
    annotations.write_pose(picture, Pose(*(np.zeros(s, dtype=np.float32) for s in ((13, 3), (14, 2), (14,)))))
    with pytest.raises(DataSetInvalid, match=rf"expected world of \({JOINT_COUNT}, 3\), found \(13, 3\)"):
        annotations.pose(picture)
    path = annotations.cache / "1.jpg.npz"
    for content in (b"", b"PK\x03\x04", b"text", path.read_bytes()[:200]):
        path.write_bytes(content)
        with pytest.raises(DataSetInvalid, match=r"1\.jpg\.npz: not a pose with world, image, visibility"):
            annotations.pose(picture)


def test_a_picture_from_elsewhere_has_no_place(annotations: Annotations, tmp_path: Path) -> None:
    with pytest.raises(DataSetInvalid, match="not below the data set's folder"):
        annotations.parsing(tmp_path / "1.jpg")
