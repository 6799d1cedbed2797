"""Looks: what is remembered, and what the trackers that use them do with them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from reid_core.options import PluginUse
from reid_core.records import CameraId, Detection, Epoch, Frame
from reid_core.registry import build
from tests.trackers.walkers import frame, person
from trackers.appearance import BranchDescribes, Describe, Looks
from trackers.deepsort import DeepSort

Vectors = NDArray[np.float64]
ONE, OTHER, NOBODY = np.eye(3)[0], np.eye(3)[1], np.zeros(3)


def ids(*numbers: int) -> NDArray[np.int64]:
    return np.array(numbers, dtype=np.int64)


def test_the_most_alike_of_what_is_remembered_counts() -> None:
    looks = Looks(budget=2)
    for vector in (OTHER, ONE, OTHER):
        looks.learn(ids(4), vector[None], ids(4))
    np.testing.assert_allclose(looks.distance(ids(4), np.stack((ONE, OTHER))), [[0.0, 0.0]], atol=1e-12)
    looks.learn(ids(4), OTHER[None], ids(4))  # ONE is pushed out
    np.testing.assert_allclose(looks.distance(ids(4), np.stack((ONE, OTHER))), [[1.0, 0.0]], atol=1e-12)


def test_who_is_unknown_or_cannot_be_seen_is_like_nobody() -> None:
    looks = Looks(budget=3)
    assert looks.distance(ids(1, 2), ONE[None]).tolist() == [[1.0], [1.0]]
    looks.learn(ids(2, 5), np.stack((ONE, NOBODY)), ids(2, 5))
    assert looks.distance(ids(5, 2), np.stack((ONE, NOBODY))).tolist() == [[1.0, 1.0], [0.0, 1.0]]


def test_who_is_gone_is_forgotten() -> None:
    looks = Looks(budget=1)
    looks.learn(ids(1, 2), np.stack((ONE, OTHER)), ids(1, 2))
    looks.learn(ids(), np.zeros((0, 3)), ids(2))
    assert looks.distance(ids(1, 2), np.stack((ONE, OTHER))).tolist() == [[1.0, 1.0], [1.0, 0.0]]


def test_a_new_vector_is_blended_in_and_of_unit_length() -> None:
    looks = Looks(budget=1, blend=0.5)
    looks.learn(ids(1), ONE[None], ids(1))
    looks.learn(ids(1), OTHER[None], ids(1))
    assert looks.distance(ids(1), ONE[None])[0, 0] == pytest.approx(1 - np.sqrt(0.5))


def by_height(_: Frame, detections: object) -> Vectors:
    """A description that tells two people apart by the only thing that a bare box has."""
    assert isinstance(detections, list)
    return np.stack([ONE if each.box.height < 105 else OTHER for each in detections] or [NOBODY])[: len(detections)]


def kept(describe: Describe | None) -> bool:
    """Two people meet, stop at one place, and go back where they came from; whose id is whose at the end?"""
    tracker = DeepSort(DeepSort.Options(), describe)
    for i in range(41):
        near = min(i, 40 - i)
        short, tall = person(8.0 * near, height=100), person(400.0 - 8.0 * near, height=110, top=95)
        seen: list[Detection] = [short, tall] if near < 17 else []
        tracks = tracker.update(frame(i / 30, i), seen)
        if i == 0:
            first = {track.id: track.box.height for track in tracks}
    return {track.id: track.box.height for track in tracks} == first


def test_deepsort_knows_again_by_looks_whom_motion_confuses() -> None:
    assert kept(by_height)
    assert not kept(None)


@pytest.mark.parametrize("kind", ["botsort", "deepsort", "restride"])
def test_any_branch_may_describe(kind: str) -> None:
    """Two in clothes of two colours, in a picture; the colour branch needs no weights."""
    described = PluginUse(use=kind, options={"appearance": {"use": "colour"}})
    tracker, again = build("trackers", described), build("trackers", described)
    for i in range(6):
        people = [person(20.0 + i, top=20), person(200.0 + i, top=20)]
        now = painted(i, people)
        tracks = tracker.update(now, people)
    assert sorted(track.id for track in tracks) == [1, 2]
    again.restore(tracker.save())
    assert again.update(painted(6, people), people) == tracker.update(painted(6, people), people)


def test_a_branch_is_shown_the_crops_and_not_what_lies_outside() -> None:
    people = [person(20.0, top=20), person(200.0, top=20), person(5000.0, top=20)]
    vectors = BranchDescribes(PluginUse(use="colour"))(painted(0, people), people)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1.0, 1.0, 0.0], atol=1e-5)
    assert vectors[0] @ vectors[1] < 0.9
    assert BranchDescribes(PluginUse(use="colour"))(painted(0, []), []).shape == (0, 0)


def painted(index: int, people: list[Detection]) -> Frame:
    picture = np.full((160, 320, 3), 128, np.uint8)
    for each, colour in zip(people, [(200, 30, 30), (30, 30, 200), (0, 0, 0)], strict=False):
        left, top = int(each.box.left), int(each.box.top)
        picture[top : top + 50, left : left + 40] = colour
    return Frame(CameraId("door"), Epoch("e1"), index, index / 10, picture)
