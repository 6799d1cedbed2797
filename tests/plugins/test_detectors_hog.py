"""OpenCV's people detector as a plugin: its options, and that it sees a painted person where it stands."""

from math import pi

import numpy as np
import pytest

from plugins.detectors.hog import HogDetector
from reid_core.errors import ConfigInvalid
from reid_core.geometry import Box, iou, stack
from reid_core.options import convert_options
from reid_core.records import CameraId, Epoch, Frame, Image
from reid_core.synth.figure import Look, paint

LOOK = Look(1.75, 1.0, (220, 170, 140), (40, 30, 20), (180, 30, 30), None, (40, 50, 90), (20, 20, 20))


def picture(width: int, height: int, tall: float, left: float) -> tuple[Image, Box]:
    """A person so many pixels tall, 20 above the lower edge, before a plain wall; and the true box."""
    figure = paint(LOOK, 0.1, pi / 3, tall)
    rows, columns = np.nonzero(figure.alpha > 0.5)
    y = int(height - 20 - rows.max() - 1)
    canvas = np.full((height, width, 3), 185, dtype=np.float32)
    part = figure.alpha[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1, None]
    colour = figure.colour[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    box = Box(int(left), y + int(rows.min()), int(left) + part.shape[1], y + int(rows.min()) + part.shape[0])
    window = canvas[int(box.top) : int(box.bottom), int(box.left) : int(box.right)]
    window *= 1 - part
    window += colour
    return canvas.astype(np.uint8), box


def frame(image: Image) -> Frame:
    return Frame(CameraId("door"), Epoch("e"), 0, 0.0, image)


@pytest.mark.parametrize(
    ("width", "height", "tall"), [(480, 270, 120), (480, 270, 180), (480, 270, 215), (1280, 720, 400)]
)
def test_finds_a_person_where_it_is(width: int, height: int, tall: float) -> None:
    image, truth = picture(width, height, tall, width * 0.4)
    [people] = HogDetector(HogDetector.Options()).detect([frame(image)])
    assert len(people) == 1
    assert people[0].score > 0.6
    assert iou(stack([people[0].box]), stack([truth]))[0, 0] > 0.6


def test_who_is_too_small_or_too_tall_is_left_out() -> None:
    image, _ = picture(480, 270, 150, 200)
    for more in ({"min_height": 210}, {"max_height": 100}):
        [people] = HogDetector(convert_options(more, HogDetector.Options, "hog")).detect([frame(image)])
        assert people == []


def test_frames_are_scaled_down_to_the_width_that_was_asked_for() -> None:
    image, _ = picture(480, 270, 150, 200)
    # at half the size the person is 75 pixels tall
    assert HogDetector(HogDetector.Options(max_width=240)).detect([frame(image)]) == [[]]
    assert HogDetector(HogDetector.Options(max_width=240, min_height=64)).detect([frame(image)]) != [[]]


def test_threads_change_nothing() -> None:
    frames = [frame(picture(480, 270, 140 + i, 60 * i)[0]) for i in range(5)]
    one, three = (HogDetector(HogDetector.Options(threads=threads)).detect(frames) for threads in (1, 3))
    assert one == three
    assert all(one)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"min_height": 200, "max_height": 100}, "expected max_height of at least min_height"),
        ({"scale_step": 1.0}, "scale_step"),
        ({"stride": 6}, "stride"),
        ({"iou": 1.5}, "iou"),
    ],
)
def test_options_out_of_range_are_refused(more: dict[str, float], words: str) -> None:
    with pytest.raises(ConfigInvalid, match=words):
        convert_options(more, HogDetector.Options, "detectors hog: options")
