"""The messages of both lanes, frame by frame; docs/events.md describes lane 2 for other languages."""

from typing import Annotated

import msgspec

from reid_core.errors import RecordInvalid
from reid_core.wire import MAX_BYTES, SCHEMA, Count

# Lane 1. Worker -> service: [tag][embedding]. Service -> worker: [answer].
MAX_TAG = 1024  # bytes; the tag is the worker's own, the service gives it back as it came
MAX_REASON = 500  # characters
MAX_FRAME = 2 * MAX_BYTES  # above what is refused with a reason, a peer is cut off

# Lane 2, published: [topic][header][body]; the topic is the type of the event, the body its JSON.
HEARTBEAT = b"reid.heartbeat"  # its body is empty; its sequence is that of the last event published
HEARTBEAT_SECONDS = 1.0

# Lane 2, replay. Subscriber -> service: [tag][request]. Service -> subscriber: [tag][reply][event]...
MAX_REQUEST = 4096  # bytes
REPLAY_EVENTS = 500  # at most, in one reply
REPLAY_BYTES = MAX_BYTES  # about, in one reply

Epoch = Annotated[str, msgspec.Meta(max_length=256)]


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """One frame, so that no connection can break within it: ZeroMQ may abort a process that reads the rest."""

    tag: bytes
    refusal: Annotated[str, msgspec.Meta(max_length=MAX_REASON)] = ""  # why; empty where it was accepted


class Header(msgspec.Struct, frozen=True):
    schema: str
    epoch: Epoch
    sequence: Count


class ReplayRequest(msgspec.Struct, frozen=True):
    after: Count  # send what follows this one
    epoch: Epoch = ""  # of the log that `after` counts in; of another log everything is sent
    limit: Annotated[int, msgspec.Meta(ge=1)] = REPLAY_EVENTS


class ReplayReply(msgspec.Struct, frozen=True, omit_defaults=True):
    schema: str
    epoch: Epoch = ""
    last: Count = 0  # of the log: beyond the last event sent, there is more to ask for
    error: str = ""  # why there is no answer


_answers = msgspec.msgpack.Decoder(Answer)
_headers = msgspec.json.Decoder(Header)
_requests = msgspec.json.Decoder(ReplayRequest)
_replies = msgspec.json.Decoder(ReplayReply)


def pack_answer(answer: Answer) -> bytes:
    return msgspec.msgpack.encode(answer)


def unpack_answer(raw: bytes) -> Answer:
    try:
        return _answers.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RecordInvalid(f"answer to a tracklet: {error}") from error


def pack_header(epoch: str, sequence: int) -> bytes:
    return msgspec.json.encode(Header(SCHEMA, epoch, sequence))


def unpack_header(raw: bytes) -> Header:
    try:
        header = _headers.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RecordInvalid(f"header of an event: {error}") from error
    _check_schema(header.schema)
    return header


def pack_request(request: ReplayRequest) -> bytes:
    return msgspec.json.encode(request)


def unpack_request(raw: bytes) -> ReplayRequest:
    try:
        return _requests.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RecordInvalid(f'request for replay: {error}; expected {{"after": number, "epoch": text}}') from error


def pack_reply(reply: ReplayReply) -> bytes:
    return msgspec.json.encode(reply)


def unpack_reply(raw: bytes) -> ReplayReply:
    try:
        reply = _replies.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RecordInvalid(f"reply with events: {error}") from error
    _check_schema(reply.schema)
    return reply


def _check_schema(found: str) -> None:
    if found != SCHEMA:
        raise RecordInvalid(
            f"events of schema {found[:80]!r}, this side speaks {SCHEMA}; run the same restride on both sides"
        )
