"""Events of a later version: what was added is told apart from what is broken."""

import pytest

from reid_core import wire
from reid_core.errors import RecordUnknown
from tests.reid_core.test_wire import EVENT


@pytest.mark.parametrize(
    ("word", "said"),
    [
        (b"reid.identity.matched", "is no EventType known here; a newer restride knows it"),
        (b'"confirmed"', "is no IdentityState known here"),
        (b'"match"', "is no Verdict known here"),
    ],
)
def test_a_word_that_was_added_later_is_told_apart(word: bytes, said: str) -> None:
    body = wire.event_to_json(EVENT)
    assert body.count(word) == 1
    later = body.replace(word, b'"later\\u001b"' if word.startswith(b'"') else b"later")
    with pytest.raises(RecordUnknown, match=said) as caught:
        wire.event_from_json(later)
    assert "\x1b" not in str(caught.value)
    assert wire.event_place(later) == (EVENT.epoch, EVENT.sequence)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'{"epoch":"e"}', b'{"epoch":"e","sequence":-1}'])
def test_where_nothing_can_be_read_there_is_no_place(body: bytes) -> None:
    assert wire.event_place(body) is None
