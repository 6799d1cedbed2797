"""Chances that are drawn once, and then done alike to pictures, labels and joints."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reid_core.data.augment import (
    AugmentOptions,
    Change,
    change_labels,
    change_mask,
    change_picture,
    change_points,
    change_visibility,
    change_world,
    draw,
)
from reid_core.data.parsing import ATR_LABELS
from reid_core.data.transforms import resize_labels, resize_mask, scale_points
from reid_core.errors import ConfigInvalid
from reid_core.options import convert_options
from reid_core.pose.skeleton import JOINT_COUNT, joint

HEIGHT, WIDTH = 40, 20
STILL = Change(HEIGHT, WIDTH)
PICTURE = np.random.default_rng(0).integers(1, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


def test_no_change_changes_nothing() -> None:
    assert np.array_equal(change_picture(STILL, PICTURE), PICTURE)
    points = np.random.default_rng(0).random((3, JOINT_COUNT, 2), dtype=np.float32)
    assert np.array_equal(change_points(STILL, points), points)


@given(st.booleans(), st.integers(-10, 10), st.integers(-10, 10), st.integers(12, 27), st.integers(12, 7 + 12))
def test_a_point_stays_on_what_it_points_at(flip: bool, right: int, down: int, row: int, column: int) -> None:
    change = Change(HEIGHT, WIDTH, flip=flip, right=right, down=down)
    picture = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    picture[row, column] = 255
    labels = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    labels[row, column] = ATR_LABELS.index("left_arm")
    points = np.zeros((JOINT_COUNT, 2), dtype=np.float32)
    points[joint("left_hand")] = column + 0.5, row + 0.5  # the middle of the pixel
    x, y = change_points(change, points)[joint("right_hand" if flip else "left_hand")]
    seen = 0 <= x < WIDTH and 0 <= y < HEIGHT
    shown = change_picture(change, picture)
    assert shown.any() == seen
    if seen:
        assert shown[int(y), int(x)].tolist() == [255] * 3
        arm = "right_arm" if flip else "left_arm"
        assert ATR_LABELS[change_labels(change, labels)[int(y), int(x)]] == arm


def test_a_mirrored_body_is_mirrored_in_every_way() -> None:
    change = replace(STILL, flip=True)
    world = np.random.default_rng(1).normal(size=(5, JOINT_COUNT, 3)).astype(np.float32)
    mirrored = change_world(change, world)
    left, right = joint("left_foot"), joint("right_foot")
    assert np.array_equal(mirrored[:, right], world[:, left] * [-1, 1, 1])
    assert np.array_equal(mirrored[:, joint("neck"), 1:], world[:, joint("neck"), 1:])
    assert np.array_equal(change_world(change, mirrored), world)
    visibility = np.arange(JOINT_COUNT, dtype=np.float32)
    assert change_visibility(change, visibility)[right] == left
    mask = np.arange(12, dtype=np.float32).reshape(3, 4)
    assert np.array_equal(change_mask(change, mask), mask[:, ::-1])


def test_what_leaves_is_black_where_it_left() -> None:
    moved = change_picture(replace(STILL, right=3, down=-5), PICTURE)
    assert np.array_equal(moved[:35, 3:], PICTURE[5:, :17])
    assert not moved[35:].any()
    assert not moved[:, :3].any()


def test_a_shift_as_large_as_the_picture_leaves_nothing() -> None:
    assert not change_picture(Change(HEIGHT, WIDTH, right=WIDTH + 3), PICTURE).any()


def test_what_is_erased_stays_in_the_labels() -> None:
    change = replace(STILL, erased=(2, 3, 10, 20))
    covered = change_picture(change, PICTURE)
    assert covered[3:20, 2:10].reshape(-1, 3).tolist() == [[124, 116, 104]] * (17 * 8)
    kept = np.ones((HEIGHT, WIDTH), dtype=np.bool_)
    kept[3:20, 2:10] = False
    assert np.array_equal(covered[kept], PICTURE[kept])
    labels = np.full((HEIGHT, WIDTH), 4, dtype=np.uint8)
    assert np.array_equal(change_labels(change, labels), labels)


def test_colours() -> None:
    flat = np.full((HEIGHT, WIDTH, 3), (100, 50, 150), dtype=np.uint8)
    assert change_picture(replace(STILL, brightness=1.2), flat)[0, 0].tolist() == [120, 60, 180]
    grey = change_picture(replace(STILL, saturation=0.0), flat)[0, 0]
    assert len(set(grey.tolist())) == 1
    assert np.ptp(change_picture(replace(STILL, contrast=0.0), PICTURE)) == 0
    third = change_picture(replace(STILL, hue=1 / 3), np.full((2, 2, 3), (255, 0, 0), dtype=np.uint8))[0, 0]
    assert third.argmax() == 1  # a third of the wheel on from red is green
    assert change_picture(replace(STILL, brightness=3.0), flat).max() == 255


def test_chances_repeat_themselves_and_keep_their_shares() -> None:
    options = AugmentOptions(flip=0.5, pad=10, erase=0.5, brightness=0.1)
    changes = [draw(options, 256, 128, np.random.default_rng(seed)) for seed in range(400)]
    assert changes == [draw(options, 256, 128, np.random.default_rng(seed)) for seed in range(400)]
    assert 150 < sum(change.flip for change in changes) < 250
    erased = [change.erased for change in changes if change.erased]
    assert 150 < len(erased) < 250
    assert all(0 <= left < right <= 128 and 0 <= top < bottom <= 256 for left, top, right, bottom in erased)
    assert {change.right for change in changes} == set(range(-10, 11))
    assert all(0.9 <= change.brightness <= 1.1 for change in changes)
    off = AugmentOptions(flip=0, pad=0)
    assert draw(off, 256, 128, np.random.default_rng(0)) == Change(256, 128)


def test_a_chance_beyond_one_is_refused() -> None:
    with pytest.raises(ConfigInvalid, match="flip"):
        convert_options({"flip": 1.5}, AugmentOptions, where="train.yaml")


def test_labels_are_never_mixed_and_points_keep_their_place_in_another_size() -> None:
    labels = np.zeros((8, 4), dtype=np.uint8)
    labels[:, 2:] = 14
    resized = resize_labels(labels, 32, 16)
    assert set(resized.ravel().tolist()) == {0, 14}
    assert (resized[:, 8:] == 14).all()
    mask = resize_mask(np.where(labels == 14, 255, 0).astype(np.uint8), 4, 3)
    assert mask[0].tolist() == [0.0, 0.5, 1.0]
    points = np.array([[2.0, 4.0]], dtype=np.float32)
    assert scale_points(points, (8, 4), (32, 8)).tolist() == [[4.0, 16.0]]
