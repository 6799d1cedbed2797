"""A store in Redis 6 or newer, or Valkey: shared by the machines of a site.

Every call is one script, so one round trip and one atomic step; the keys of a namespace share one hash tag, so they
lie on one node of a cluster.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import msgspec
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from reid_core.errors import ConfigInvalid, StoreMoved, StoreUnavailable, redacted
from reid_core.records import (
    CameraId,
    Epoch,
    IdentityEvent,
    IdentityId,
    IdentityState,
    IdentitySummary,
    Sighting,
    TrackletEmbedding,
    TrackletId,
)
from stream.store.address import check_namespace
from stream.store.stored import SCHEMA, check_schema, pack_event, pack_sighting, unpack_event, unpack_sighting

_ANSWER_SECONDS = 10.0

# about: schema, epoch, version, sequence       tracklets: tracklet -> sequence of its first event
# sightings: version -> sighting                identities: identity -> state, first seen, last seen, count, cameras
# events: a stream whose ids are the sequence, so other programs may follow it with XREAD or XREADGROUP
_KEYS = ("about", "tracklets", "sightings", "events", "identities")
_NAMES = "".join(f"local {name} = KEYS[{index}]\n" for index, name in enumerate(_KEYS, 1))

_OPEN = f"""
{_NAMES}
if redis.call('EXISTS', about) == 0 then
    redis.call('HSET', about, 'schema', ARGV[1], 'epoch', ARGV[2], 'version', 0, 'sequence', 0)
end
return redis.call('HMGET', about, 'schema', 'epoch')
"""

# Scripts begin so: a server that was emptied or replaced must not be mistaken for the one that was opened
_SAME_LOG = f"""
{_NAMES}
if redis.call('HGET', about, 'epoch') ~= ARGV[1] then return {{'gone'}} end
local function event(sequence)
    local entry = redis.call('XRANGE', events, sequence .. '-0', sequence .. '-0')[1]
    return {{'event', tonumber(sequence), entry[2][2]}}
end
"""

_COMMIT = f"""
{_SAME_LOG}
local _, expected, tracklet, sighting, body, identity, state, camera = unpack(ARGV, 1, 8)
local first_seen, last_seen = tonumber(ARGV[9]), tonumber(ARGV[10])
local known = redis.call('HGET', tracklets, tracklet)
if known then return event(known) end
local version = redis.call('HGET', about, 'version')
if version ~= expected then return {{'moved', version}} end
version = redis.call('HINCRBY', about, 'version', 1)
local sequence = redis.call('HINCRBY', about, 'sequence', 1)
redis.call('HSET', tracklets, tracklet, sequence)
redis.call('HSET', sightings, version, sighting)
redis.call('XADD', events, sequence .. '-0', 'event', body, 'epoch', ARGV[1])
local cameras, count, stored = {{}}, 0, redis.call('HGET', identities, identity)
if stored then
    local before = cmsgpack.unpack(stored)
    first_seen, last_seen = math.min(first_seen, before[2]), math.max(last_seen, before[3])
    count, cameras = before[4], before[5]
end
local met = false
for _, each in ipairs(cameras) do met = met or each == camera end
if not met then table.insert(cameras, camera) end
redis.call('HSET', identities, identity, cmsgpack.pack({{state, first_seen, last_seen, count + 1, cameras}}))
return {{'new', sequence}}
"""

_COUNTERS = f"{_SAME_LOG} return redis.call('HMGET', about, 'version', 'sequence')"

_FIND = f"""
{_SAME_LOG}
local known = redis.call('HGET', tracklets, ARGV[2])
return known and event(known) or {{'none'}}
"""

_SIGHTINGS = f"""
{_SAME_LOG}
local after, limit, found = tonumber(ARGV[2]), tonumber(ARGV[3]), {{}}
for version = after + 1, math.min(after + limit, tonumber(redis.call('HGET', about, 'version'))) do
    table.insert(found, {{version, redis.call('HGET', sightings, version)}})
end
return found
"""

_EVENTS = f"""
{_SAME_LOG}
local found = {{}}
for _, entry in ipairs(redis.call('XRANGE', events, '(' .. ARGV[2] .. '-0', '+', 'COUNT', ARGV[3])) do
    table.insert(found, {{tonumber(string.match(entry[1], '%d+')), entry[2][2]}})
end
return found
"""

_IDENTITIES = f"{_SAME_LOG} return redis.call('HGETALL', identities)"


class _Summary(msgspec.Struct, array_like=True):
    state: str
    first_seen: float
    last_seen: float
    sightings: int
    cameras: list[str]


_summaries = msgspec.msgpack.Decoder(_Summary)


class RedisStore:
    def __init__(self, address: str, namespace: str) -> None:
        check_namespace(namespace)
        self._address = redacted(address)
        self._keys = [f"restride:{{{namespace}}}:{name}" for name in _KEYS]
        try:
            self._client = redis.Redis.from_url(
                address,
                socket_timeout=_ANSWER_SECONDS,
                socket_connect_timeout=_ANSWER_SECONDS,
                # Once more at once, for a connection that died while idle. A commit may be repeated: it is idempotent
                retry=Retry(NoBackoff(), 1),
            )
        except ValueError as error:
            raise ConfigInvalid(
                f"store {self._address}: {redacted(str(error))}; write redis://host:6379/0 or rediss://host:6379/0"
            ) from error
        self._scripts = {
            script: self._client.register_script(script)
            for script in (_OPEN, _COMMIT, _COUNTERS, _FIND, _SIGHTINGS, _EVENTS, _IDENTITIES)
        }
        try:
            schema, epoch = self._run(_OPEN, SCHEMA, uuid4().hex)
            check_schema((schema or b"").decode(errors="replace"), address)
        except BaseException:
            self._client.close()
            raise
        self._epoch = Epoch(epoch.decode())

    @property
    def epoch(self) -> Epoch:
        return self._epoch

    def version(self) -> int:
        return int(self._ask(_COUNTERS)[0])

    def last_sequence(self) -> int:
        return int(self._ask(_COUNTERS)[1])

    def commit(self, embedding: TrackletEmbedding, event: IdentityEvent, expected_version: int) -> IdentityEvent:
        answer = self._ask(
            _COMMIT,
            expected_version,
            str(embedding.tracklet),
            pack_sighting(event.identity, event.state, embedding),
            pack_event(event),
            event.identity,
            event.state.value,
            embedding.camera,
            embedding.begin,
            embedding.end,
        )
        match answer:
            case [b"new", sequence]:
                return replace(event, epoch=self._epoch, sequence=sequence)
            case [b"event", sequence, body]:
                return unpack_event(body, self._epoch, sequence)
            case [_, version]:
                raise StoreMoved(
                    f"gallery at version {int(version)}, expected {expected_version}; score again and retry"
                )
        raise StoreUnavailable(f"store {self._address}: an answer that restride does not know: {answer!r:.80}")

    def find(self, tracklet: TrackletId) -> IdentityEvent | None:
        match self._ask(_FIND, str(tracklet)):
            case [b"event", sequence, body]:
                return unpack_event(body, self._epoch, sequence)
        return None

    def sightings(self, after: int, limit: int) -> list[Sighting]:
        return [unpack_sighting(version, body) for version, body in self._ask(_SIGHTINGS, after, limit)]

    def events(self, after: int, limit: int) -> list[IdentityEvent]:
        return [unpack_event(body, self._epoch, sequence) for sequence, body in self._ask(_EVENTS, after, limit)]

    def identities(self) -> list[IdentitySummary]:
        answer = self._ask(_IDENTITIES)
        return [
            _summary(IdentityId(identity.decode()), _summaries.decode(body))
            for identity, body in zip(answer[::2], answer[1::2], strict=True)
        ]

    def close(self) -> None:
        self._client.close()

    def _ask(self, script: str, *values: str | bytes | int | float) -> Any:
        answer = self._run(script, self._epoch, *values)
        if answer == [b"gone"]:
            raise StoreUnavailable(
                f"store {self._address}: the data that was opened is gone: the server was emptied, or is another one"
            )
        return answer

    def _run(self, script: str, *values: str | bytes | int | float) -> Any:
        with self._translated():
            return self._scripts[script](self._keys, values)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (
            redis.AuthenticationError,
            redis.exceptions.AuthorizationError,
            redis.exceptions.NoPermissionError,
        ) as error:
            raise ConfigInvalid(
                f"store {self._address}: Redis lets nobody in that way; check user and password, which stand "
                "before the @ of the address, and that user's rights"
            ) from error
        except (redis.ConnectionError, redis.TimeoutError) as error:
            raise StoreUnavailable(
                f"store {self._address}: no answer: {redacted(str(error))}; start `redis-server` there, "
                "or use sqlite:///restride.db"
            ) from error
        except redis.RedisError as error:
            raise StoreUnavailable(f"store {self._address}: Redis refused: {redacted(str(error))}") from error


def _summary(identity: IdentityId, stored: _Summary) -> IdentitySummary:
    return IdentitySummary(
        identity=identity,
        state=IdentityState(stored.state),
        first_seen=stored.first_seen,
        last_seen=stored.last_seen,
        cameras=tuple(CameraId(each) for each in sorted(stored.cameras)),
        sightings=stored.sightings,
    )
