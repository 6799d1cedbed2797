"""YAML into options, and what is said when it is wrong: file, key, found, expected."""

from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reid_core.errors import ConfigInvalid
from reid_core.options import Options, PluginUse, convert_options, read_options

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]


class Mode(Enum):
    FAST = "fast"
    EXACT = "exact"


class Match(Options, frozen=True):
    match_iou: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.3
    mode: Mode = Mode.FAST


class Camera(Options, frozen=True):
    name: Annotated[str, msgspec.Meta(pattern="^[a-z]+$")]
    source: str | PluginUse
    crop: tuple[int, float] | None = None
    transport: Literal["tcp", "udp"] = "tcp"
    password: str = ""


class Site(Options, frozen=True):
    cameras: list[Camera] = msgspec.field(default_factory=list)
    tracker: Match = Match()
    second: Match | None = None
    floors: dict[str, list[Match]] = msgspec.field(default_factory=dict)
    ports: Annotated[tuple[Port, ...], msgspec.Meta(max_length=2)] = ()


DOOR = {"name": "door", "source": "a.mp4"}


def explained(raw: Any) -> str:
    with pytest.raises(ConfigInvalid) as caught:
        convert_options(raw, Site, where="site.yaml")
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        # an unknown key: the near miss, else what there is
        ({"camera": []}, "camera: unknown key; did you mean 'cameras'?"),
        ({"zzz": 1}, "zzz: unknown key; known here: cameras, floors, ports, second, tracker"),
        ({"tracker": {"match_io": 0.3}}, "tracker.match_io: unknown key; did you mean 'match_iou'?"),
        ({"second": {"match_io": 0.3}}, "second.match_io: unknown key; did you mean 'match_iou'?"),
        ({"cameras": [DOOR, DOOR | {"nmae": 1}]}, "cameras[1].nmae: unknown key; did you mean 'name'?"),
        (
            {"cameras": [DOOR | {"source": {"use": "video", "option": {}}}]},
            "cameras[0].source.option: unknown key; did you mean 'options'?",
        ),
        ({"floors": {"one": [{}, {"match": 1}]}}, "floors[one][1].match: unknown key; did you mean 'match_iou'?"),
        ({"two\nlines": 1}, "two lines: unknown key; known here: cameras, floors, ports, second, tracker"),
        # a missing one
        ({"cameras": [{"name": "door"}]}, "cameras[0]: the key 'source' is missing"),
        # a wrong type
        ([], "at the top: expected keys with values, found [] (list)"),
        ("x", "at the top: expected keys with values, found 'x' (str)"),
        ({"cameras": {}}, "cameras: expected a list, found {} (dict)"),
        ({"cameras": ["door"]}, "cameras[0]: expected keys with values, found 'door' (str)"),
        ({"cameras": [None]}, "cameras[0]: expected keys with values, found nothing"),
        ({"tracker": {"match_iou": "high"}}, "tracker.match_iou: expected a number, found 'high' (str)"),
        ({"tracker": {"match_iou": True}}, "tracker.match_iou: expected a number, found True (bool)"),
        ({"ports": [554, "rtsp"]}, "ports[1]: expected a whole number, found 'rtsp' (str)"),
        ({"cameras": [DOOR | {"source": 3}]}, "cameras[0].source: expected text or keys with values, found 3 (int)"),
        ({"second": 3}, "second: expected keys with values or nothing, found 3 (int)"),
        ({"cameras": [DOOR | {"crop": [1, "x"]}]}, "cameras[0].crop[1]: expected a number, found 'x' (str)"),
        # a wrong value
        ({"tracker": {"match_iou": 3}}, "tracker.match_iou: expected a number <= 1.0, found 3 (int)"),
        ({"tracker": {"match_iou": float("nan")}}, "tracker.match_iou: expected a number >= 0.0, found nan (float)"),
        ({"ports": [0]}, "ports[0]: expected a whole number >= 1, found 0 (int)"),
        ({"ports": [1, 2, 3]}, "ports: expected a list of length <= 2, found [1, 2, 3] (list)"),
        ({"cameras": [DOOR | {"crop": [1]}]}, "cameras[0].crop: expected a list of length 2, found [1] (list)"),
        (
            {"cameras": [DOOR | {"name": "Door"}]},
            "cameras[0].name: expected text matching regex '^[a-z]+$', found 'Door' (str)",
        ),
        ({"tracker": {"mode": "slow"}}, "tracker.mode: expected one of fast, exact, found 'slow' (str)"),
        (
            {"cameras": [DOOR | {"transport": "http"}]},
            "cameras[0].transport: expected one of tcp, udp, found 'http' (str)",
        ),
        # msgspec hides the keys of a mapping; we do not
        (
            {"floors": {"one": [{}], "two": [{}, {"match_iou": 7}]}},
            "floors[two][1].match_iou: expected a number <= 1.0, found 7 (int)",
        ),
        ({"floors": {"one": [], "two": 3}}, "floors[two]: expected a list, found 3 (int)"),
        # YAML's own surprises: `on:` and `1:` are no text
        ({True: 1}, "at the top: expected keys that are text, found True (bool); put it in quotes"),
        ({"floors": {"one": [], 2: []}}, "floors: expected keys that are text, found 2 (int); put it in quotes"),
        (
            {"cameras": [DOOR | {"source": {"use": "video", "options": {1: 2}}}]},
            "cameras[0].source.options: expected keys that are text, found 1 (int); put it in quotes",
        ),
    ],
)
def test_the_message_names_file_key_found_and_expected(raw: Any, message: str) -> None:
    assert explained(raw) == f"site.yaml: {message}"


def test_what_was_found_is_cut_when_it_is_long() -> None:
    message = explained({"tracker": {"match_iou": "x" * 10_000}})
    assert len(message) < 150
    assert "...' (str)" in message or "... (str)" in message


SECRET = "hunter2"


@pytest.mark.parametrize(
    "raw",
    [
        {"cameras": [DOOR | {"source": [f"rtsp://admin:{SECRET}@cam/stream"]}]},
        {"cameras": [DOOR | {"transport": f"rtsp://admin:{SECRET}@cam/stream"}]},
        {"cameras": [DOOR | {"name": f"rtsp://admin:{SECRET}@cam/stream"}]},
        {"cameras": [DOOR | {"source": [{"url": f"rtsp://admin:{SECRET}/x@cam/stream"}]}]},
        {"cameras": [DOOR | {"source": ["y" * 40 + f"http://admin:{SECRET}@cam"]}]},
        {"cameras": [DOOR | {"password": [SECRET]}]},
        {f"rtsp://admin:{SECRET}@cam": 1},
    ],
)
def test_credentials_are_never_shown(raw: Any) -> None:
    assert SECRET not in explained(raw)


@pytest.mark.parametrize(
    "text",
    [
        f"cameras: [{{name: door, source: 'rtsp://admin:{SECRET}@cam/stream', zzz: }}}}",
        f"cameras:\n  - name: door\n    source: rtsp://admin:{SECRET}@cam: x\n",
        f"a: {'x' * 60}rtsp://admin:{SECRET}@cam: y",
    ],
)
def test_credentials_are_not_shown_with_the_line_that_is_no_yaml(tmp_path: Path, text: str) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(text)
    with pytest.raises(ConfigInvalid, match="not YAML: line") as caught:
        read_options(path, Site)
    assert SECRET not in str(caught.value)


def test_a_file_becomes_frozen_options(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(
        """
        cameras:
          - {name: door, source: rtsp://cam/stream, crop: [1, 2.5]}
          - {name: hall, source: {use: folder, options: {path: pictures}}}
        tracker: &mine {match_iou: 1, mode: exact}
        second: {<<: *mine, mode: fast}
        """
    )
    site = read_options(path, Site)
    assert site.cameras[1].source == PluginUse(use="folder", options={"path": "pictures"})
    assert site.cameras[0].crop == (1, 2.5)
    assert site.tracker == Match(match_iou=1.0, mode=Mode.EXACT)
    assert site.second == Match(match_iou=1.0, mode=Mode.FAST)
    with pytest.raises(AttributeError):
        site.cameras = []  # type: ignore[misc]


def test_defaults_are_not_shared() -> None:
    first, second = Site(), Site()
    assert first.cameras is not second.cameras


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the file is empty"),
        (b"# only a comment\n", "the file is empty"),
        (b"a: b: c", "not YAML: line 1, column 5: mapping values are not allowed here"),
        (b"\tports: []", r"not YAML: line 1, column 1: found character '\\t'"),
        (b"ports: [1]\nports: [2]", "not YAML: line 2, column 1: the key 'ports' is given twice"),
        (b"tracker: {mode: fast, mode: fast}", "line 1, column 23: the key 'mode' is given twice"),
        (b"\xff\xfe\x00", "expected YAML text in UTF-8, found other bytes"),
        (b"a: \x00", "not YAML: unacceptable character"),
        (b"a: !!python/object/apply:os.system [id]", "could not determine a constructor"),
        (b"a: *nobody", "found undefined alias 'nobody'"),
        (b"? [a]\n: b", "found unhashable key"),
        (b"a: 2024-13-45", "not YAML: month must be in 1..12"),
        (b"a: " + b"9" * 5000, "not YAML: Exceeds the limit"),
        (b"[" * 5000, "not YAML: maximum recursion depth exceeded"),
        (b"---\na: 1\n---\nb: 2", "found another document"),
        (b"&a [*a]", "at the top: expected keys with values"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, body: bytes, message: str) -> None:
    path = tmp_path / "site.yaml"
    path.write_bytes(body)
    with pytest.raises(ConfigInvalid, match=message) as caught:
        read_options(path, Site)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_a_path_that_is_no_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match=r"none\.yaml: cannot read it: No such file or directory"):
        read_options(tmp_path / "none.yaml", Site)
    with pytest.raises(ConfigInvalid, match="cannot read it: Is a directory"):
        read_options(tmp_path, Site)
    with pytest.raises(ConfigInvalid, match="embedded null byte"):
        read_options(Path("a\0b"), Site)


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["door", "fast"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["cameras", "name", "source", "tracker", "second", "floors", "use", "options"])
            | st.integers()
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def said(raw: Any, where: str = "site.yaml") -> str:
    """What is wrong with it, without the place; nothing for what is right."""
    try:
        assert isinstance(convert_options(raw, Site, where), Site)
    except ConfigInvalid as error:
        place, _, message = str(error).partition(": ")
        assert place == where
        return message
    return ""


@given(plain)
def test_whatever_is_given_the_answer_is_options_or_one_line(raw: Any) -> None:
    assert "\n" not in said(raw)


@given(st.dictionaries(st.sampled_from(["cameras", "tracker", "second", "floors", "ports"]), plain, min_size=1))
def test_the_message_begins_with_a_key_that_was_given(raw: Mapping[str, Any]) -> None:
    message = said(raw)
    assert not message or message.startswith(tuple(raw))
