"""The two families of errors, and that no credentials are shown."""

import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reid_core import errors
from reid_core.errors import Invalid, RestrideError, Unavailable, redacted


def test_every_error_is_of_exactly_one_family() -> None:
    leaves = [
        each
        for _, each in inspect.getmembers(errors, inspect.isclass)
        if issubclass(each, RestrideError) and each not in (RestrideError, Invalid, Unavailable)
    ]
    assert len(leaves) >= 10
    for leaf in leaves:
        assert issubclass(leaf, Invalid) != issubclass(leaf, Unavailable), leaf


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://admin:secret@10.0.0.5/stream", "rtsp://***@10.0.0.5/stream"),
        ("camera door: rtsp://admin:secret@host:554 answers 401", "camera door: rtsp://***@host:554 answers 401"),
        ("rtsp://admin:se/cr@et@host/x", "rtsp://***@host/x"),
        ("redis://:secret@host:6379/0", "redis://***@host:6379/0"),
        ("['rtsp://a:secret@h', 'rtsp://b:secret@i']", "['rtsp://***@h', 'rtsp://***@i']"),
        ("http://cam/shot.jpg?user=admin&password=secret&n=1", "http://cam/shot.jpg?user=admin&password=***&n=1"),
        ("http://cam/shot.jpg?TOKEN=secret", "http://cam/shot.jpg?TOKEN=***"),
        ("rtsp://host/stream", "rtsp://host/stream"),
        ("write to me@home", "write to me@home"),
        ("", ""),
    ],
)
def test_credentials_are_hidden_and_the_rest_stays(text: str, shown: str) -> None:
    assert redacted(text) == shown


@given(st.text("ab09/@:?&#='\"\\%.,;()[]{}ä日", min_size=1), st.text("ab /@:?=\n", max_size=20))
def test_whatever_the_password_is_it_is_not_shown(password: str, around: str) -> None:
    secret = f"<{password}>"
    shown = redacted(f"{around} rtsp://admin:{secret}@camera.lan/stream {around}")
    assert secret not in shown
    assert "camera.lan/stream" in shown or "@" in around
