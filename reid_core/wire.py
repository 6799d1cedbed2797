"""Records as bytes: versioned msgpack between restride's processes, CloudEvents JSON for everybody.

Another version is refused, sizes are bounded, and nothing is ever unpickled.
"""

from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any, TypeVar

import msgspec
import numpy as np

from reid_core.errors import RecordInvalid, RecordUnknown
from reid_core.records import (
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
    Verdict,
)

E = TypeVar("E", bound=Enum)

VERSION = 1
MAX_BYTES = 1 << 20  # of one message: sixteen cues of 8192 numbers fit
MAX_CUES = 16
MAX_TEXT = 256
SCHEMA = "urn:restride:event:1"

Count = Annotated[int, msgspec.Meta(ge=0, lt=1 << 53)]  # every reader of JSON and every store can hold it


class _Header(msgspec.Struct, array_like=True):
    magic: str
    version: int


class _Cue(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    vector: bytes  # float32, little endian
    reliability: float


class _Embedding(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    magic: str
    version: int
    tracklet: str
    begin: float
    end: float
    branch: str
    model: tuple[str, str, str]
    cues: dict[str, _Cue]
    quality: float
    shots: Count


class _Data(msgspec.Struct, frozen=True, kw_only=True):
    identity: str
    state: str
    verdict: str
    tracklet: str
    camera: str
    begin: float
    end: float
    evidence: Evidence
    model: ModelId
    gallery_version: Count
    supersedes: tuple[str, ...]


class _CloudEvent(msgspec.Struct, frozen=True, kw_only=True):
    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: str
    dataschema: str
    epoch: str
    sequence: Count
    data: _Data


class _Place(msgspec.Struct, frozen=True):
    epoch: str
    sequence: Count


_MAGIC = "restride.embedding"
_headers = msgspec.msgpack.Decoder(_Header)
_embeddings = msgspec.msgpack.Decoder(_Embedding)
_events = msgspec.json.Decoder(_CloudEvent)
_places = msgspec.json.Decoder(_Place)


def pack_embedding(embedding: TrackletEmbedding) -> bytes:
    """Raises RecordInvalid for what unpack_embedding would refuse."""
    message = _Embedding(
        _MAGIC,
        VERSION,
        str(embedding.tracklet),
        embedding.begin,
        embedding.end,
        embedding.branch,
        (embedding.model.name, embedding.model.version, embedding.model.hash),
        {
            name: _Cue(np.ascontiguousarray(cue.vector, dtype="<f4").tobytes(), cue.reliability)
            for name, cue in embedding.cues.items()
        },
        embedding.quality,
        embedding.shots,
    )
    _check_names(message)
    TrackletId.parse(message.tracklet)
    body = msgspec.msgpack.encode(message)
    if len(body) > MAX_BYTES:
        raise RecordInvalid(f"embedding of {embedding.tracklet}: {len(body)} bytes, at most {MAX_BYTES} travel")
    return body


def unpack_embedding(body: bytes) -> TrackletEmbedding:
    """Raises RecordInvalid for anything that pack_embedding of this version would not have made."""
    if len(body) > MAX_BYTES:
        raise RecordInvalid(f"embedding: {len(body)} bytes, expected at most {MAX_BYTES}")
    try:
        header = _headers.decode(body)
        if header.magic != _MAGIC:
            raise RecordInvalid("embedding: the message is something else")
        if header.version != VERSION:
            raise RecordInvalid(
                f"embedding: wire version {header.version}, this side speaks {VERSION}; "
                "run the same restride on both sides"
            )
        message = _embeddings.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise RecordInvalid(f"embedding: not a message of restride: {error}") from error
    _check_names(message)
    return TrackletEmbedding(
        tracklet=TrackletId.parse(message.tracklet),
        begin=message.begin,
        end=message.end,
        branch=message.branch,
        model=ModelId(*message.model),
        cues={name: Cue(_vector(cue.vector), cue.reliability) for name, cue in message.cues.items()},
        quality=message.quality,
        shots=message.shots,
    )


def _check_names(message: _Embedding) -> None:
    texts = [message.tracklet, message.branch, *message.model, *message.cues]
    if len(message.cues) > MAX_CUES or max(map(len, texts)) > MAX_TEXT:
        raise RecordInvalid(f"embedding: more than {MAX_CUES} cues, or a name of over {MAX_TEXT} characters")
    if not all(map(str.isprintable, texts)):  # they stand in logs and on terminals
        raise RecordInvalid("embedding: a name with control characters in it")


def _vector(raw: bytes) -> Any:
    if not raw or len(raw) % 4:
        raise RecordInvalid(f"cue: {len(raw)} bytes are no float32 vector")
    return np.frombuffer(raw, dtype="<f4").astype(np.float32, copy=False)


def event_to_json(event: IdentityEvent) -> bytes:
    """A CloudEvents 1.0 envelope."""
    return msgspec.json.encode(
        _CloudEvent(
            specversion="1.0",
            id=event.id,
            source=event.source,
            type=event.type.value,
            subject=event.identity,
            time=_date(event.time),
            datacontenttype="application/json",
            dataschema=SCHEMA,
            epoch=event.epoch,
            sequence=event.sequence,
            data=_Data(
                identity=event.identity,
                state=event.state.value,
                verdict=event.verdict.value,
                tracklet=str(event.tracklet),
                camera=event.tracklet.camera,
                begin=event.begin,
                end=event.end,
                evidence=event.evidence,
                model=event.model,
                gallery_version=event.gallery_version,
                supersedes=event.supersedes,
            ),
        )
    )


def _date(time: float) -> str:
    """Seconds since 1970 as RFC 3339, to the microsecond."""
    try:
        return datetime.fromtimestamp(time, UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError) as error:
        raise RecordInvalid(f"event: {time} seconds since 1970 is no date: {error}") from error


def _seconds(date: str) -> float:
    moment = datetime.fromisoformat(date)
    if moment.tzinfo is None:
        raise ValueError(f"the time {date[:80]!r} names no zone")
    return moment.timestamp()


def event_from_json(body: bytes) -> IdentityEvent:
    """Unknown fields are let pass.

    Raises RecordUnknown for a type, state or verdict that was added later, RecordInvalid for what is no event.
    """
    if len(body) > MAX_BYTES:
        raise RecordInvalid(f"event: {len(body)} bytes, expected at most {MAX_BYTES}")
    try:
        message = _events.decode(body)
        if message.dataschema != SCHEMA:
            raise RecordInvalid(f"event: schema {message.dataschema[:80]!r}, this side speaks {SCHEMA}")
        data = message.data
        return IdentityEvent(
            type=_known(EventType, message.type),
            identity=IdentityId(data.identity),
            state=_known(IdentityState, data.state),
            verdict=_known(Verdict, data.verdict),
            tracklet=TrackletId.parse(data.tracklet),
            begin=data.begin,
            end=data.end,
            time=_seconds(message.time),
            evidence=data.evidence,
            model=data.model,
            gallery_version=data.gallery_version,
            supersedes=data.supersedes,
            source=message.source,
            epoch=Epoch(message.epoch),
            sequence=message.sequence,
        )
    except (msgspec.DecodeError, ValueError, OverflowError, RecursionError) as error:
        raise RecordInvalid(f"event: not a message of restride: {error}") from error


def _known(kind: type[E], value: str) -> E:
    try:
        return kind(value)
    except ValueError as error:
        raise RecordUnknown(
            f"event: {value[:80]!r} is no {kind.__name__} known here; a newer restride knows it"
        ) from error


def event_place(body: bytes) -> tuple[str, int] | None:
    """Epoch and sequence, also of an event that is not understood; None when not even they can be read."""
    try:
        place = _places.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return place.epoch, place.sequence
