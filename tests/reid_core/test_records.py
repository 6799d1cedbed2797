"""What is always true of a record, and that the ground is light."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import FrozenInstanceError, fields, replace
from math import inf, nan
from typing import Any

import numpy as np
import pytest

from reid_core.errors import RecordInvalid
from reid_core.geometry import Box
from reid_core.records import (
    FUSED,
    CameraId,
    Cue,
    Epoch,
    EventType,
    Evidence,
    Frame,
    IdentityEvent,
    IdentityId,
    IdentityState,
    ModelId,
    Shot,
    Tracklet,
    TrackletEmbedding,
    TrackletId,
    TrackNumber,
    Verdict,
)

ID = TrackletId(CameraId("door"), Epoch("e1"), TrackNumber(7), 0)
UNIT = np.array([0.6, 0.8], dtype=np.float32)


def picture(*shape: int, dtype: Any = np.uint8) -> Any:
    return np.zeros(shape, dtype=dtype)


def embedding(**changes: Any) -> TrackletEmbedding:
    made = TrackletEmbedding(ID, 1.0, 2.0, "colour", ModelId("striped", "1", "abc"), {FUSED: Cue(UNIT)}, 0.5, 8)
    return replace(made, **changes)


def event(**changes: Any) -> IdentityEvent:
    made = IdentityEvent(
        type=EventType.MATCHED,
        identity=IdentityId("p1"),
        state=IdentityState.CONFIRMED,
        verdict=Verdict.MATCH,
        tracklet=ID,
        begin=1.0,
        end=2.0,
        time=3.0,
        evidence=evidence(),
        model=ModelId("striped", "1", "abc"),
        gallery_version=1,
    )
    return replace(made, **changes)


def evidence(**changes: Any) -> Evidence:
    made = Evidence(None, 0.7, 0.9, 0.8, None, None, {FUSED: 0.7}, 0.5, 8)
    return replace(made, **changes)


def test_records_are_frozen() -> None:
    for record in (
        Box(0, 0, 1, 1),
        ID,
        embedding(),
        event(),
        Frame(CameraId("a"), Epoch("e"), 0, 0.0, picture(2, 2, 3)),
    ):
        with pytest.raises(FrozenInstanceError):
            setattr(record, fields(record)[0].name, None)


@pytest.mark.parametrize(
    "image",
    [picture(4, 4), picture(4, 4, 1), picture(4, 4, 4), picture(4, 4, 3, dtype=np.float32), picture(0, 4, 3)],
    ids=["grey", "one channel", "four channels", "float", "empty"],
)
def test_a_picture_of_another_shape_is_refused(image: Any) -> None:
    with pytest.raises(RecordInvalid, match=r"camera door: expected a picture of \(height, width, 3\) uint8, found"):
        Frame(CameraId("door"), Epoch("e"), 0, 0.0, image)
    with pytest.raises(RecordInvalid, match="shot: expected a picture"):
        Shot(0.0, image, Box(0, 0, 1, 1), 1.0, 1.0)


def test_pictures_and_vectors_are_read_only() -> None:
    frame = Frame(CameraId("door"), Epoch("e"), 0, 0.0, picture(4, 4, 3))
    shot = Shot(0.0, picture(4, 4, 3), Box(0, 0, 4, 4), 1.0, 1.0)
    for array in (frame.image, shot.crop, Cue(UNIT.copy()).vector):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_frames_compare_by_what_they_are_not_by_pixels() -> None:
    """Arrays have no truth value: == on fields would raise."""
    first, second = (Frame(CameraId("a"), Epoch("e"), 0, 0.0, picture(2, 2, 3)) for _ in range(2))
    assert first != second
    assert embedding() != embedding()


@pytest.mark.parametrize(
    ("begin", "end"), [(2.0, 1.0), (nan, 1.0), (1.0, nan), (0.0, inf), (-inf, 0.0), (-1e308, 1e308)]
)
def test_a_span_that_cannot_be_is_refused(begin: float, end: float) -> None:
    with pytest.raises(RecordInvalid, match=r"embedding of door/e1/7/0: begins at"):
        embedding(begin=begin, end=end)
    with pytest.raises(RecordInvalid, match=r"tracklet door/e1/7/0: begins at"):
        Tracklet(ID, (), begin, end)
    with pytest.raises(RecordInvalid, match=r"event of door/e1/7/0: begins at"):
        event(begin=begin, end=end)


@pytest.mark.parametrize(
    ("vector", "reliability", "message"),
    [
        (UNIT.astype(np.float64), 1.0, "expected a float32 vector, found float64"),
        (UNIT.reshape(1, 2), 1.0, r"found float32 of shape \(1, 2\)"),
        (UNIT[:0], 1.0, r"found float32 of shape \(0,\)"),
        (UNIT * 2, 1.0, "expected a vector of unit length, found length 2"),
        (UNIT * 0, 1.0, "found length 0"),
        (UNIT * np.float32(nan), 1.0, "found length nan"),
        (np.array([inf, 0], dtype=np.float32), 1.0, "found length inf"),
        (np.full(4, 3e38, dtype=np.float32), 1.0, r"found length 6e\+38"),
        (UNIT, 1.1, "expected a reliability of 0 to 1, found 1.1"),
        (UNIT, -0.1, "expected a reliability of 0 to 1"),
        (UNIT, nan, "expected a reliability of 0 to 1, found nan"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_a_cue_that_compares_with_nothing_is_refused(vector: Any, reliability: float, message: str) -> None:
    with pytest.raises(RecordInvalid, match=message):
        Cue(vector, reliability)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cues": {"gait": Cue(UNIT)}}, r"no cue 'fused' among \['gait'\]"),
        ({"quality": 1.5}, "expected a quality of 0 to 1, found 1.5"),
        ({"quality": nan}, "expected a quality of 0 to 1, found nan"),
        ({"shots": -1}, "made of -1 shots"),
    ],
)
def test_an_embedding_names_its_tracklet_when_it_is_wrong(changes: Mapping[str, Any], message: str) -> None:
    with pytest.raises(RecordInvalid, match=f"embedding of door/e1/7/0: .*{message}"):
        embedding(**changes)


@pytest.mark.parametrize("field", ["score", "probability", "threshold", "margin", "quality"])
@pytest.mark.parametrize("value", [nan, inf])
def test_evidence_is_finite(field: str, value: float) -> None:
    """JSON has no NaN: such an event would reach nobody."""
    with pytest.raises(RecordInvalid, match="evidence: expected finite numbers"):
        evidence(**{field: value})
    with pytest.raises(RecordInvalid, match="evidence: expected finite numbers"):
        evidence(cues={"fused": value})


def test_what_a_record_says_of_itself() -> None:
    made = embedding()
    assert made.camera == "door"
    assert made.fused is made.cues[FUSED].vector
    assert str(made.model) == "striped:1:abc"
    assert event(epoch=Epoch("log"), sequence=4).id == "log-4"


def test_tracklet_ids_sort_in_the_order_of_their_parts() -> None:
    parts = [replace(ID, part=part) for part in (10, 9, 2)]
    assert [each.part for each in sorted(parts)] == [2, 9, 10]


def test_a_tracklet_id_reads_back() -> None:
    assert TrackletId.parse(str(ID)) == ID


@pytest.mark.parametrize(
    "text",
    [
        "",
        "door",
        "door/e1/7",
        "door/e1/7/0/1",
        "/e1/7/0",
        "door//7/0",
        "door/e1/x/0",
        "door/e1/-7/0",
        "door/e1/7/",
        "door/e1/ 7/0",
        "door/e1/\u0667/0",  # a digit, though not one of ours
        "door/e1/\u00b2/0",
        "door/e1/" + "9" * 19 + "/0",  # no store holds it
        "do\nor/e1/7/0",  # would forge a line of a log
        "do\x1b[2Jor/e1/7/0",
    ],
)
def test_what_is_no_tracklet_id_is_refused(text: str) -> None:
    with pytest.raises(RecordInvalid, match="expected camera/epoch/track/part"):
        TrackletId.parse(text)


LIGHT = """
import sys, time
began = time.process_time()
import reid_core.records
print(time.process_time() - began)
print(*sorted({name.partition('.')[0] for name in sys.modules}))
"""


def test_the_records_load_fast_and_nothing_heavy() -> None:
    """The best of five, in processor time: what else the machine does is not the import's fault."""
    seconds = []
    for _ in range(5):
        run = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True)
        took, modules = run.stdout.splitlines()
        seconds.append(float(took))
        assert not {"torch", "cv2", "zmq", "av", "faiss", "redis", "msgspec", "yaml"} & set(modules.split())
    assert min(seconds) < 0.15
