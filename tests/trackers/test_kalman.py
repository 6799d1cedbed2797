"""The filter of all tracks at once is the textbook's filter of each of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from trackers import kalman

Array = NDArray[np.float64]
SIDES = st.floats(2.0, 800.0)
BOXES = st.tuples(st.floats(-500.0, 4000.0), st.floats(-500.0, 4000.0), SIDES, SIDES)
RATE = 30.0
MODEL = kalman.ASPECT_HEIGHT
MODELS = [kalman.ASPECT_HEIGHT, kalman.WIDTH_HEIGHT, kalman.AREA_ASPECT]


class Textbook:
    """One track, eight numbers and an 8x8 covariance: SORT's and ByteTrack's numbers, per frame at 30 a second."""

    def __init__(self, box: Array) -> None:
        self.mean = np.concatenate((seen(box), np.zeros(4)))
        height = self.mean[3]
        std = np.array([height / 10, height / 10, 0.02, height / 10])
        speed = np.array([height / 16, height / 16, 1e-4, height / 16]) * RATE
        self.covariance = np.diag(np.concatenate((std, speed)) ** 2)

    def predict(self, seconds: float) -> None:
        height = self.mean[3]
        q = np.array([height / 20, height / 20, 1e-2, height / 20]) ** 2 * RATE * seconds
        v = (np.array([height / 160, height / 160, 1e-5, height / 160]) * RATE) ** 2 * RATE
        noise = np.block(
            [
                [np.diag(q + v * seconds**3 / 3), np.diag(v * seconds**2 / 2)],
                [np.diag(v * seconds**2 / 2), np.diag(v * seconds)],
            ]
        )
        carry = np.eye(8)
        carry[:4, 4:] = np.eye(4) * seconds
        self.mean = carry @ self.mean
        self.covariance = carry @ self.covariance @ carry.T + noise

    def correct(self, box: Array) -> None:
        height = self.mean[3]
        look = np.eye(4, 8)
        noise = np.diag(np.array([height / 20, height / 20, 1e-1, height / 20]) ** 2)
        spread = look @ self.covariance @ look.T + noise
        gain = self.covariance @ look.T @ np.linalg.inv(spread)
        self.mean = self.mean + gain @ (seen(box) - look @ self.mean)
        self.covariance = (np.eye(8) - gain @ look) @ self.covariance


def seen(box: Array) -> Array:
    left, top, right, bottom = box
    return np.array([(left + right) / 2, (top + bottom) / 2, (right - left) / (bottom - top), bottom - top])


def edges(boxes: list[tuple[float, float, float, float]]) -> Array:
    return np.array([(left, top, left + width, top + height) for left, top, width, height in boxes])


@given(st.lists(BOXES, min_size=1, max_size=5), st.lists(st.floats(0.005, 1.0), min_size=1, max_size=6))
def test_all_at_once_is_each_alone(boxes: list[tuple[float, float, float, float]], waits: list[float]) -> None:
    first = edges(boxes)
    motion, slow = kalman.started(MODEL, first), [Textbook(box) for box in first]
    for number, seconds in enumerate(waits, start=1):
        looked = first + number * np.array([3.0, -2.0, 5.0, 1.0])
        motion = kalman.corrected(MODEL, kalman.predicted(MODEL, motion, seconds), looked)
        for each, box in zip(slow, looked, strict=True):
            each.predict(seconds)
            each.correct(box)
        for row, each in zip(motion, slow, strict=True):
            np.testing.assert_allclose(row[: kalman.PP].ravel(), each.mean, rtol=1e-7, atol=1e-7)
            for place, block in ((kalman.PP, each.covariance[:4, :4]), (kalman.PV, each.covariance[:4, 4:])):
                np.testing.assert_allclose(row[place], np.diag(block), rtol=1e-6, atol=1e-12)
            np.testing.assert_allclose(row[kalman.VV], np.diag(each.covariance[4:, 4:]), rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("model", [kalman.WIDTH_HEIGHT, kalman.AREA_ASPECT])
def test_so_it_is_for_the_other_models(model: kalman.Model) -> None:
    """Eight numbers and an 8x8 covariance, one track, with the model's own noise."""
    box = np.array([100.0, 50.0, 180.0, 290.0])
    motion = kalman.started(model, box[None])
    mean, covariance = motion[0, : kalman.PP].ravel(), np.diag(motion[0, [kalman.PP, kalman.VV]].ravel())
    rng = np.random.default_rng(2)
    for seconds in (1 / 30, 1 / 30, 0.2, 1 / 15):
        squares = mean[list(model.scale)] ** 2
        q, v = (table[0] * squares + table[1] for table in (model.position, model.velocity))
        both = np.diag(v * seconds**2 / 2)
        noise = np.block([[np.diag(q * seconds + v * seconds**3 / 3), both], [both, np.diag(v * seconds)]])
        carry = np.block([[np.eye(4), np.eye(4) * seconds], [np.zeros((4, 4)), np.eye(4)]])
        mean, covariance = carry @ mean, carry @ covariance @ carry.T + noise
        box = box + rng.normal(0.0, 5.0, 4)
        look, measured = np.eye(4, 8), model.measured[0] * mean[list(model.scale)] ** 2 + model.measured[1]
        gain = covariance @ look.T @ np.linalg.inv(look @ covariance @ look.T + np.diag(measured))
        mean = mean + gain @ (kalman.measured(model, box[None])[0] - look @ mean)
        covariance = (np.eye(8) - gain @ look) @ covariance
        motion = kalman.corrected(model, kalman.predicted(model, motion, seconds), box[None])
        np.testing.assert_allclose(motion[0, : kalman.PP].ravel(), mean, rtol=1e-6)
        np.testing.assert_allclose(motion[0, kalman.PP], np.diag(covariance)[:4], rtol=1e-6)
        np.testing.assert_allclose(motion[0, kalman.PV], np.diag(covariance[:4, 4:]), rtol=1e-6, atol=1e-9)


@given(st.lists(BOXES, min_size=1, max_size=4), st.floats(0.01, 2.0), st.integers(2, 20))
def test_one_long_step_is_many_short_ones(
    boxes: list[tuple[float, float, float, float]], seconds: float, steps: int
) -> None:
    motion = kalman.started(MODEL, edges(boxes))
    motion[:, kalman.VELOCITY, :2] = 30.0
    once, many = kalman.predicted(MODEL, motion, seconds), motion
    for _ in range(steps):
        many = kalman.predicted(MODEL, many, seconds / steps)
    np.testing.assert_allclose(many, once, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("model", MODELS)
def test_it_learns_how_fast_somebody_walks_at_any_frame_rate(model: kalman.Model) -> None:
    for rate in (5.0, 12.5, 30.0):
        start = np.array([[100.0, 100.0, 140.0, 200.0]])
        motion = kalman.started(model, start)
        for step in range(1, int(3 * rate)):
            moved = start + np.array([60.0, 0.0, 60.0, 0.0]) * step / rate
            motion = kalman.corrected(model, kalman.predicted(model, motion, 1 / rate), moved)
        assert motion[0, kalman.VELOCITY, 0] == pytest.approx(60.0, rel=0.02)


@pytest.mark.parametrize("model", MODELS)
def test_boxes_come_back_as_they_were(model: kalman.Model) -> None:
    boxes = edges([(0.0, 0.0, 40.0, 100.0), (-30.0, 12.5, 3.0, 2.0)])
    np.testing.assert_allclose(kalman.boxes_of(model, kalman.started(model, boxes)), boxes)


@pytest.mark.parametrize("model", MODELS)
def test_no_box_is_ever_thinner_than_a_pixel(model: kalman.Model) -> None:
    boxes = np.array([[5.0, 5.0, 5.0 + 1e-9, 5.0 + 1e-9], [0.0, 0.0, 1e-12, 500.0]])
    motion = kalman.started(model, boxes)
    motion[:, kalman.VELOCITY, 3] = -1e4
    found = kalman.boxes_of(model, kalman.predicted(model, motion, 1.0))
    assert (found[:, 2:] - found[:, :2] >= 1.0).all()


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_the_covariance_stays_positive_over_a_hundred_thousand_steps(model: kalman.Model) -> None:
    rng = np.random.default_rng(0)
    boxes = edges([(10.0, 10.0, 40.0, 100.0), (900.0, 300.0, 200.0, 500.0), (0.0, 0.0, 1.0, 1.0)])
    motion = kalman.started(model, boxes)
    waits, jitter = rng.choice([1e-4, 1 / 60, 1 / 30, 0.5], 100_000), rng.normal(0.0, 2.0, (100_000, 3, 4))
    for step, seconds in enumerate(waits.tolist()):
        motion = kalman.predicted(model, motion, seconds)
        if step % 7:
            motion = kalman.corrected(model, motion, boxes + jitter[step])
        if step % 100 == 0:
            assert positive(motion, model)
    assert positive(motion, model)


def positive(motion: Array, model: kalman.Model) -> bool:
    """But for axes that the model takes for fixed: they have no speed and no doubt about it."""
    moving = model.velocity.any(0)
    pp, pv, vv = motion[:, kalman.PP], motion[:, kalman.PV][:, moving], motion[:, kalman.VV][:, moving]
    return bool(
        np.isfinite(motion).all() and (pp > 0).all() and (vv > 0).all() and (pp[:, moving] * vv > pv * pv).all()
    )
