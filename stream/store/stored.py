"""What a store keeps, as bytes. It outlives versions of restride, so it carries a schema, and others are refused."""

from dataclasses import replace

import msgspec

from reid_core import wire
from reid_core.errors import ConfigInvalid, RecordInvalid, redacted
from reid_core.records import Epoch, IdentityEvent, IdentityId, IdentityState, Sighting, TrackletEmbedding

SCHEMA = f"1.{wire.VERSION}"  # of our tables and keys, and of the embeddings and events that lie in them


class _Sighting(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    identity: str
    state: str
    embedding: bytes


_sightings = msgspec.msgpack.Decoder(_Sighting)


def check_schema(found: str, address: str) -> None:
    if found != SCHEMA:
        raise ConfigInvalid(
            f"store {redacted(address)}: its data has schema {found[:20]!r}, this restride reads {SCHEMA!r}; "
            "run the restride that wrote it, or begin a new store"
        )


def pack_sighting(identity: IdentityId, state: IdentityState, embedding: TrackletEmbedding) -> bytes:
    return msgspec.msgpack.encode(_Sighting(identity, state.value, wire.pack_embedding(embedding)))


def unpack_sighting(version: int, body: bytes) -> Sighting:
    try:
        stored = _sightings.decode(body)
        state = IdentityState(stored.state)
    except (msgspec.DecodeError, ValueError) as error:
        raise RecordInvalid(f"stored sighting {version}: {error}") from error
    return Sighting(version, IdentityId(stored.identity), state, wire.unpack_embedding(stored.embedding))


def pack_event(event: IdentityEvent) -> bytes:
    """Without epoch and sequence: the log knows them, and the sequence only once the event stands in it."""
    return wire.event_to_json(replace(event, epoch=Epoch(""), sequence=0))


def unpack_event(body: bytes, epoch: Epoch, sequence: int) -> IdentityEvent:
    return replace(wire.event_from_json(body), epoch=epoch, sequence=sequence)
