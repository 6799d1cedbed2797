"""Records as bytes and back, and every message that is not one of ours."""

import pickle
import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from reid_core import wire
from reid_core.errors import RecordInvalid
from reid_core.records import (
    FUSED,
    CameraId,
    Cue,
    Epoch,
    EventType,
    Evidence,
    IdentityEvent,
    IdentityId,
    IdentityState,
    ModelId,
    TrackletEmbedding,
    TrackletId,
    TrackNumber,
    Verdict,
)

UNIT = np.array([0.6, 0.8], dtype=np.float32)
ID = TrackletId(CameraId("door"), Epoch("e1"), TrackNumber(7), 0)
EMBEDDING = TrackletEmbedding(ID, 1.0, 2.0, "colour", ModelId("striped", "1", "abc"), {FUSED: Cue(UNIT)}, 0.5, 8)
EVENT = IdentityEvent(
    type=EventType.MATCHED,
    identity=IdentityId("p1"),
    state=IdentityState.CONFIRMED,
    verdict=Verdict.MATCH,
    tracklet=ID,
    begin=1.0,
    end=2.0,
    time=1_700_000_000.25,
    evidence=Evidence(IdentityId("p1"), 0.7, 0.9, 0.8, IdentityId("p2"), 0.1, {FUSED: 0.7}, 0.5, 8),
    model=ModelId("striped", "1", "abc"),
    gallery_version=3,
    supersedes=("log-1",),
    source="restride/site",
    epoch=Epoch("log"),
    sequence=4,
)
# The fields of an embedding on the wire, in their order
FIELDS: Mapping[str, Any] = {
    "magic": "restride.embedding",
    "version": wire.VERSION,
    "tracklet": "door/e1/7/0",
    "begin": 1.0,
    "end": 2.0,
    "branch": "colour",
    "model": ["striped", "1", "abc"],
    "cues": {"fused": [UNIT.tobytes(), 1.0]},
    "quality": 0.5,
    "shots": 8,
}


def message(**changes: Any) -> bytes:
    return msgspec.msgpack.encode(list({**FIELDS, **changes}.values()))


def told(embedding: TrackletEmbedding) -> Any:
    """Everything in it, as what == can compare."""
    cues = {name: (cue.vector.tolist(), cue.reliability) for name, cue in embedding.cues.items()}
    place = embedding.tracklet, embedding.begin, embedding.end
    return place, embedding.branch, embedding.model, embedding.quality, embedding.shots, cues


names = st.text("abzAZ019_-.:@~'\"\\{}%äß日本🙂", min_size=1, max_size=40)
unit = st.floats(0, 1)
times = st.floats(0, 4e9)
vectors = (
    arrays.arrays(np.float32, st.integers(1, 64), elements=st.floats(-1, 1, width=32))
    .filter(lambda each: float(np.linalg.norm(each)) > 1e-3)
    .map(lambda each: (each / np.linalg.norm(each)).astype(np.float32))
)
ids = st.builds(TrackletId, names, names, st.integers(0, 10**18 - 1), st.integers(0, 10**18 - 1))
models = st.builds(ModelId, names, names, names)
embeddings = st.builds(
    lambda begin, length, fused, cues, **rest: TrackletEmbedding(
        begin=begin, end=begin + length, cues={FUSED: fused, **cues}, **rest
    ),
    tracklet=ids,
    begin=times,
    length=st.floats(0, 100),
    branch=names,
    model=models,
    fused=st.builds(Cue, vectors, unit),
    cues=st.dictionaries(names, st.builds(Cue, vectors, unit), max_size=3),
    quality=unit,
    shots=st.integers(0, 2**53 - 1),
)
evidences = st.builds(
    Evidence,
    nearest=st.none() | names,
    score=unit,
    probability=unit,
    threshold=unit,
    runner_up=st.none() | names,
    margin=st.none() | unit,
    cues=st.dictionaries(names, unit),
    quality=unit,
    shots=st.integers(0, 99),
)
events = st.builds(
    lambda begin, length, **rest: IdentityEvent(begin=begin, end=begin + length, **rest),
    type=st.sampled_from(EventType),
    identity=names,
    state=st.sampled_from(IdentityState),
    verdict=st.sampled_from(Verdict),
    tracklet=ids,
    begin=times,
    length=st.floats(0, 100),
    time=st.integers(0, 10**12).map(lambda each: each / 64),  # whole microseconds survive exactly
    evidence=evidences,
    model=models,
    gallery_version=st.integers(0, 2**53 - 1),
    supersedes=st.lists(names, max_size=3).map(tuple),
    source=names,
    epoch=names,
    sequence=st.integers(0, 2**53 - 1),
)


@given(embeddings)
def test_an_embedding_travels(embedding: TrackletEmbedding) -> None:
    body = wire.pack_embedding(embedding)
    arrived = wire.unpack_embedding(body)
    assert told(arrived) == told(embedding)
    assert wire.pack_embedding(arrived) == body
    assert not arrived.fused.flags.writeable


@given(events)
def test_an_event_travels(event: IdentityEvent) -> None:
    body = wire.event_to_json(event)
    assert wire.event_from_json(body) == event


@given(times)
def test_an_event_keeps_its_time_to_the_microsecond(time: float) -> None:
    body = wire.event_to_json(replace(EVENT, time=time))
    arrived = wire.event_from_json(body)
    assert arrived.time == pytest.approx(time, abs=1e-6)
    assert wire.event_to_json(arrived) == body


def test_a_cloud_event_as_anybody_reads_it() -> None:
    told = msgspec.json.decode(wire.event_to_json(EVENT))
    data = told.pop("data")
    assert told == {
        "specversion": "1.0",
        "id": "log-4",
        "source": "restride/site",
        "type": "reid.identity.matched",
        "subject": "p1",
        "time": "2023-11-14T22:13:20.250000Z",
        "datacontenttype": "application/json",
        "dataschema": "urn:restride:event:1",
        "epoch": "log",
        "sequence": 4,
    }
    assert data["identity"] == "p1"
    assert data["verdict"] == "match"
    assert data["camera"] == "door"
    assert data["tracklet"] == "door/e1/7/0"
    assert data["evidence"]["probability"] == 0.9
    assert data["evidence"]["cues"] == {"fused": 0.7}
    assert data["model"] == {"name": "striped", "version": "1", "hash": "abc"}


def test_attributes_of_cloud_events_that_we_do_not_know_are_let_pass() -> None:
    told = msgspec.json.decode(wire.event_to_json(EVENT))
    told |= {"traceparent": "00-1-2-01", "data": told["data"] | {"clothes": "red"}}
    assert wire.event_from_json(msgspec.json.encode(told)) == EVENT


def test_the_plain_message_is_one_of_ours() -> None:
    """So that each change below is what makes it another."""
    assert told(wire.unpack_embedding(message())) == told(EMBEDDING)
    assert message() == wire.pack_embedding(EMBEDDING)


def cue(vector: bytes, reliability: Any = 1.0) -> dict[str, Any]:
    return {"cues": {"fused": [vector, reliability]}}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"version": 2}, "wire version 2, this side speaks 1; run the same restride on both sides"),
        ({"version": 0}, "wire version 0, this side speaks 1"),
        ({"version": "1"}, "Expected `int`, got `str`"),
        ({"magic": "restride.track"}, "the message is something else"),
        ({"tracklet": "door"}, "expected camera/epoch/track/part"),
        ({"tracklet": "door/e1/7/" + "9" * 30}, "expected camera/epoch/track/part"),
        ({"tracklet": "do\nor/e1/7/0"}, "control characters"),
        ({"branch": "\x1b[2J"}, "control characters"),
        ({"branch": "x" * 257}, "a name of over 256 characters"),
        ({"model": ["a", "b"]}, "length 3"),
        ({"begin": float("nan")}, "begins at nan"),
        ({"begin": 3.0}, "begins at 3.0, ends at 2.0"),
        ({"end": float("inf")}, "ends at inf"),
        ({"quality": 2.0}, "expected a quality of 0 to 1"),
        ({"quality": None}, "Expected `float`"),
        ({"shots": -1}, ">= 0"),
        ({"shots": 2**63}, "Expected `int`"),
        ({"cues": {}}, "no cue 'fused'"),
        ({"cues": {f"c{n}": [UNIT.tobytes(), 1.0] for n in range(17)}}, "more than 16 cues"),
        (cue(b""), "0 bytes are no float32 vector"),
        (cue(UNIT.tobytes()[:-1]), "7 bytes are no float32 vector"),
        (cue(np.full(4, np.nan, "<f4").tobytes()), "found length nan"),
        (cue(np.full(4, np.inf, "<f4").tobytes()), "found length inf"),
        (cue(np.full(4, 3e38, "<f4").tobytes()), r"found length 6e\+38"),
        (cue(UNIT.astype("<f8").tobytes()), "expected a vector of unit length"),
        (cue(UNIT.astype(">f4").tobytes()), "expected a vector of unit length"),
        (cue(UNIT.tobytes(), float("nan")), "expected a reliability of 0 to 1"),
        ({"cues": {"fused": [UNIT.tobytes(), 1.0, 3]}}, "Expected `array` of at most length 2"),
        ({"more": 1}, "Expected `array` of at most length 10"),
    ],
)
def test_a_message_that_breaks_a_rule_is_refused(changes: Mapping[str, Any], said: str) -> None:
    with pytest.raises(RecordInvalid, match=said):
        wire.unpack_embedding(message(**changes))


def test_another_version_is_told_apart_even_when_its_fields_are_unknown() -> None:
    later = msgspec.msgpack.encode(["restride.embedding", 2, {"a": "field"}, None])
    with pytest.raises(RecordInvalid, match="wire version 2, this side speaks 1"):
        wire.unpack_embedding(later)


def wide(numbers: int) -> TrackletEmbedding:
    vector = np.zeros(numbers, dtype=np.float32)
    vector[0] = 1.0
    return replace(EMBEDDING, cues={FUSED: Cue(vector)})


def test_sizes_are_bounded_on_both_sides() -> None:
    assert len(wire.pack_embedding(wide(200_000))) <= wire.MAX_BYTES
    with pytest.raises(RecordInvalid, match=r"embedding of door/e1/7/0: \d+ bytes, at most 1048576 travel"):
        wire.pack_embedding(wide(wire.MAX_BYTES // 4))
    with pytest.raises(RecordInvalid, match="1048577 bytes, expected at most 1048576"):
        wire.unpack_embedding(b"x" * (wire.MAX_BYTES + 1))
    with pytest.raises(RecordInvalid, match="1048577 bytes, expected at most 1048576"):
        wire.event_from_json(b" " * (wire.MAX_BYTES + 1))


@pytest.mark.parametrize(
    "embedding",
    [
        replace(EMBEDDING, branch="x" * 257),
        replace(EMBEDDING, branch="two\nlines"),
        replace(EMBEDDING, tracklet=replace(ID, camera=CameraId("first/floor"))),
        replace(EMBEDDING, tracklet=replace(ID, track=TrackNumber(-1))),
        replace(EMBEDDING, cues={f"c{n}": Cue(UNIT) for n in range(16)} | {FUSED: Cue(UNIT)}),
    ],
    ids=["long name", "two lines", "slash", "negative", "cues"],
)
def test_what_would_be_refused_is_not_sent(embedding: TrackletEmbedding) -> None:
    """Else it would be sent again for ever."""
    with pytest.raises(RecordInvalid):
        wire.pack_embedding(embedding)


def outcome(body: bytes) -> str:
    """Anything but a record or RecordInvalid fails the test that asks."""
    try:
        wire.unpack_embedding(body)
    except RecordInvalid:
        return "refused"
    return "taken"


def event_outcome(body: bytes) -> str:
    try:
        wire.event_from_json(body)
    except RecordInvalid:
        return "refused"
    return "taken"


def test_random_bytes_are_refused() -> None:
    chance = random.Random(1)
    for _ in range(10_000):
        body = chance.randbytes(chance.randrange(300))
        assert outcome(body) == event_outcome(body) == "refused"


def mutated(body: bytes, chance: random.Random) -> bytes:
    changed = bytearray(body)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(changed))
        match chance.randrange(3):
            case 0:
                changed[place] = chance.randrange(256)
            case 1:
                changed[place:place] = chance.randbytes(chance.randint(1, 4))
            case _:
                del changed[place : place + chance.randint(1, 4)]
    return bytes(changed)


def test_mutated_messages_are_taken_or_refused_and_nothing_else() -> None:
    chance = random.Random(2)
    embedding, event = wire.pack_embedding(EMBEDDING), wire.event_to_json(EVENT)
    assert {outcome(mutated(embedding, chance)) for _ in range(10_000)} == {"taken", "refused"}
    assert {event_outcome(mutated(event, chance)) for _ in range(10_000)} == {"taken", "refused"}


def test_a_message_cut_anywhere_is_refused() -> None:
    embedding, event = wire.pack_embedding(EMBEDDING), wire.event_to_json(EVENT)
    assert all(outcome(embedding[:end]) == "refused" for end in range(len(embedding)))
    assert all(event_outcome(event[:end]) == "refused" for end in range(len(event)))
    assert outcome(embedding + b"\0") == "refused"


@pytest.mark.parametrize("depth", [100, 5000, 100_000])
def test_deep_messages_are_refused(depth: int) -> None:
    assert outcome(b"\x91" * depth) == "refused"
    assert outcome(message()[:-1] + b"\x91" * depth + b"\x00") == "refused"
    event = wire.event_to_json(EVENT)
    assert event_outcome(b"[" * depth) == "refused"
    assert event_outcome(b'{"x":' + b"[" * depth + b"]" * depth + b"," + event[1:]) == (
        "taken" if depth == 100 else "refused"
    )


class Bomb:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return exec, ("raise SystemExit('unpickled')",)


def test_a_pickle_is_refused() -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        body = pickle.dumps(Bomb(), protocol)
        assert outcome(body) == event_outcome(body) == "refused"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"urn:restride:event:1", b"urn:restride:event:2"),
        (b"reid.identity.matched", b"reid.identity.unknown"),
        (b'"match"', b'"maybe"'),
        (b"2023-11-14T22:13:20.250000Z", b"yesterday"),
        (b"2023-11-14T22:13:20.250000Z", b"2023-11-14T22:13:20"),  # of no zone: it would shift by the reader's
        (b'"sequence":4', b'"sequence":-4'),
        (b'"sequence":4', b'"sequence":1e30'),
        (b'"sequence":4', b'"sequence":' + b"9" * 5000),
        (b'"begin":1.0', b'"begin":1e999'),
        (b'"begin":1.0', b'"begin":null'),
        (b'"begin":1.0', b'"begin":3.0'),
        (b'"score":0.7', b'"score":NaN'),
        (b"door/e1/7/0", b"door"),
        (b'"identity":"p1",', b""),
        (b'"p1"', b'"\xff"'),
    ],
)
def test_an_event_that_breaks_a_rule_is_refused(old: bytes, new: bytes) -> None:
    body = wire.event_to_json(EVENT)
    assert old in body
    with pytest.raises(RecordInvalid):
        wire.event_from_json(body.replace(old, new))


@pytest.mark.parametrize("time", [float("nan"), float("inf"), 1e18, 253402300800.0])
def test_an_event_at_no_date_is_not_sent(time: float) -> None:
    with pytest.raises(RecordInvalid, match="is no date"):
        wire.event_to_json(replace(EVENT, time=time))
