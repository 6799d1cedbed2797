"""What may be wrong with a Redis, and what lies in it."""

import socket
from pathlib import Path

import pytest
import redis

from reid_core.errors import ConfigInvalid, StoreUnavailable
from stream.store.open import open_store
from stream.store.redis import RedisStore
from tests import redis_server
from tests.needs import need
from tests.redis_server import RedisServer
from tests.stream.sightings import embedding, event


def test_nobody_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: refused, and nobody else gets it
        port = taken.getsockname()[1]
        with pytest.raises(StoreUnavailable) as error:
            open_store(f"redis://user:secret@127.0.0.1:{port}/0", "site")
    message = str(error.value)
    assert "\n" not in message
    assert "secret" not in message
    assert f"redis://***@127.0.0.1:{port}/0" in message
    assert "redis-server" in message
    assert "sqlite:///restride.db" in message


@pytest.mark.parametrize("address", ["redis://host:port/0", "redis://host:6379/zero"])
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises((ConfigInvalid, StoreUnavailable), match="redis://host:"):
        open_store(address, "site")


def test_another_schema_is_refused(redis_url: str) -> None:
    open_store(redis_url, "site").close()
    redis.Redis.from_url(redis_url).hset("restride:{site}:about", "schema", "99.1")
    with pytest.raises(ConfigInvalid, match=r"schema '99\.1'.*run the restride that wrote it"):
        open_store(redis_url, "site")


def test_a_wrong_password(redis_url: str) -> None:
    admin = redis.Redis.from_url(redis_url)
    admin.config_set("requirepass", "right")
    for wrong in (redis_url, redis_url.replace("redis://", "redis://:wrong@")):
        with pytest.raises(ConfigInvalid, match="check user and password") as error:
            open_store(wrong, "site")
        assert ":wrong" not in str(error.value)
    open_store(redis_url.replace("redis://", "redis://:right@"), "site").close()


def test_an_emptied_server_is_another_log(redis_url: str) -> None:
    store = RedisStore(redis_url, "site")
    piece = embedding()
    store.commit(piece, event(piece), 0)
    redis.Redis.from_url(redis_url).flushall()
    with pytest.raises(StoreUnavailable, match="is gone"):
        store.commit(piece, event(piece), 0)
    with pytest.raises(StoreUnavailable, match="is gone"):
        store.events(0, 10)
    assert RedisStore(redis_url, "site").epoch != store.epoch


def test_a_full_server_changes_nothing(redis_url: str) -> None:
    store, admin = RedisStore(redis_url, "site"), redis.Redis.from_url(redis_url)
    admin.config_set("maxmemory", "1")
    piece = embedding()
    with pytest.raises(StoreUnavailable, match="Redis refused"):
        store.commit(piece, event(piece), 0)
    admin.config_set("maxmemory", "0")
    assert store.version() == store.last_sequence() == 0
    assert store.commit(piece, event(piece), 0).sequence == 1


def test_kill_of_the_server_keeps_what_was_answered(tmp_path: Path) -> None:
    need("redis-server is not installed: apt-get install redis-server", redis_server.COMMAND is not None)
    server = RedisServer(tmp_path, persistent=True)
    try:
        store = RedisStore(server.url, "site")
        for track in range(20):
            piece = embedding(track)
            store.commit(piece, event(piece), track)
        server.kill()
        with pytest.raises(StoreUnavailable):
            store.version()
        server.start()
        assert store.version() == store.last_sequence() == 20  # the same store object goes on
        assert len(store.sightings(0, 100)) == len(store.events(0, 100)) == 20
        assert len(store.identities()) == 1
        assert RedisStore(server.url, "site").epoch == store.epoch
    finally:
        server.stop()


def test_other_programs_can_follow_the_events(redis_url: str) -> None:
    store = RedisStore(redis_url, "site")
    for track in range(3):
        piece = embedding(track)
        store.commit(piece, event(piece), track)
    entries = redis.Redis.from_url(redis_url).xrange("restride:{site}:events", "(1-0")
    assert entries is not None
    names, fields = zip(*entries, strict=True)
    assert names == (b"2-0", b"3-0")
    assert fields[0][b"epoch"].decode() == store.epoch
    assert b"P-1" in fields[0][b"event"]


def test_all_keys_of_a_namespace_share_one_hash_tag(redis_url: str) -> None:
    store = RedisStore(redis_url, "site")
    piece = embedding()
    store.commit(piece, event(piece), 0)
    keys = list(redis.Redis.from_url(redis_url).scan_iter())
    assert len(keys) == 5
    assert all(key.startswith(b"restride:{site}:") for key in keys)
