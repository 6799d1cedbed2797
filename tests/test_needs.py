"""The fixtures and the rule of needs.py themselves."""

import socket
from pathlib import Path

import pytest
import redis

from tests.needs import need
from tests.redis_server import RedisServer


def test_what_is_there_is_not_skipped() -> None:
    need("never said", True)


def test_a_user_is_told_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="redis-server is not installed"):
        need("redis-server is not installed", False)


def test_ci_fails_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="redis-server is not installed"):
        need("redis-server is not installed", False)


def test_redis_is_real_and_empty(redis_url: str) -> None:
    client = redis.Redis.from_url(redis_url)
    assert client.dbsize() == 0
    assert client.set("key", "value")
    assert client.get("key") == b"value"
    client.close()


@pytest.mark.redis
@pytest.mark.parametrize("persistent", [True, False])
def test_redis_keeps_what_it_is_asked_to_keep(tmp_path: Path, persistent: bool) -> None:
    server = RedisServer(tmp_path, persistent=persistent)
    try:
        client = redis.Redis.from_url(server.url)
        client.set("key", "value")
        server.kill()
        with pytest.raises(redis.ConnectionError):
            client.get("key")
        server.start()
        assert client.get("key") == (b"value" if persistent else None)
        client.close()
    finally:
        server.stop()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", server.port), timeout=1)
