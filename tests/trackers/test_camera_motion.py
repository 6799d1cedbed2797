"""How the picture moved is found from the picture, and the tracks go with it."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from reid_core.records import CameraId, Detection, Epoch, Frame, Image
from tests.trackers.walkers import frame, person
from trackers import kalman
from trackers.botsort import BotSort
from trackers.camera_motion import SparseFlow
from trackers.observations import warped_boxes
from trackers.restride import Restride

NOBODY: NDArray[np.float64] = np.zeros((0, 4))


def scene(seed: int = 0, width: int = 1400, height: int = 800) -> Image:
    """Something to hold on to everywhere."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (height // 10, width // 10, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def seen(picture: Image, index: int) -> Frame:
    return Frame(CameraId("door"), Epoch("e1"), index, index / 10, np.ascontiguousarray(picture))


def panning(step: int, count: int = 4) -> Iterator[Frame]:
    whole = scene()
    for i in range(count):
        yield seen(whole[100:640, 100 + step * i : 1060 + step * i], i)


def test_a_pan_is_seen_in_pixels_of_the_frame() -> None:
    flow = SparseFlow()
    first, *others = [flow(each, NOBODY) for each in panning(9)]
    assert first is None
    for affine in others:
        assert affine is not None
        np.testing.assert_allclose(affine, [[1, 0, -9], [0, 1, 0]], atol=0.2)


def test_somebody_who_walks_by_moves_no_camera() -> None:
    flow, whole, walker = SparseFlow(), scene()[:540, :960], scene(1)[:300, :200]
    for i in range(4):
        picture = whole.copy()
        picture[100:400, 200 + 15 * i : 400 + 15 * i] = walker
        affine = flow(seen(picture, i), np.array([[200.0 + 15 * i, 100, 400 + 15 * i, 400]]))
    assert affine is not None
    np.testing.assert_allclose(affine, [[1, 0, 0], [0, 1, 0]], atol=0.2)


def test_a_wall_without_a_mark_says_nothing() -> None:
    flow, grey = SparseFlow(), np.full((120, 160, 3), 90, np.uint8)
    assert [flow(seen(grey.copy(), i), NOBODY) for i in range(3)] == [None] * 3


def test_another_size_of_picture_begins_anew() -> None:
    flow = SparseFlow()
    flow(seen(scene()[:540, :960].copy(), 0), NOBODY)
    assert flow(seen(scene()[:400, :600].copy(), 1), NOBODY) is None


@pytest.mark.parametrize("kind", ["botsort", "restride"])
def test_a_jerk_of_the_camera_loses_nobody(kind: str) -> None:
    """60 pixels at once, people 40 wide: without the motion every box is new."""
    jerk = np.array([[1.0, 0.0, 60.0], [0.0, 1.0, -30.0]])

    def ids(compensate: bool) -> set[int]:
        def motion(now: Frame, _: NDArray[np.float64]) -> NDArray[np.float64] | None:
            return jerk if compensate and now.index == 10 else None

        tracker = BotSort(BotSort.Options(), motion) if kind == "botsort" else Restride(Restride.Options(), motion)
        found: set[int] = set()
        for i in range(14):
            aside, down = (60.0, -30.0) if i >= 10 else (0.0, 0.0)
            people: list[Detection] = [person(left + aside, 100 + down) for left in (50.0, 200.0, 300.0)]
            found |= {track.id for track in tracker.update(frame(i / 10, index=i), people)}
        return found

    assert ids(compensate=True) == {1, 2, 3}
    assert len(ids(compensate=False)) > 3


@pytest.mark.parametrize("model", [kalman.ASPECT_HEIGHT, kalman.WIDTH_HEIGHT, kalman.AREA_ASPECT])
def test_zoom_and_turn_move_a_track_as_they_move_its_box(model: kalman.Model) -> None:
    boxes = np.array([[100.0, 100.0, 140.0, 220.0]])
    affine = np.array([[0.0, -2.0, 30.0], [2.0, 0.0, 5.0]])
    motion = kalman.started(model, boxes)
    motion[:, kalman.VELOCITY, :2] = [3.0, 4.0]
    after = kalman.moved(model, motion, affine)
    np.testing.assert_allclose(kalman.boxes_of(model, after), warped_boxes(boxes, affine))
    np.testing.assert_allclose(after[:, kalman.VELOCITY, :2], [[-8.0, 6.0]])
    np.testing.assert_allclose(after[0, kalman.PP, :2], 4 * motion[0, kalman.PP, 1::-1])
