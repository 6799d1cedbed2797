"""docs/config.md is what the source says, and the source says of every key what it does."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

from plugins.branches.colour import ColourBranch
from plugins.detectors.hog import HogDetector
from reid_core.options import Options, PluginUse
from stream.settings import Settings
from stream.sources.video import VideoSource
from trackers.restride import Restride

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "config.md").read_text(encoding="utf-8")


@pytest.fixture
def reference(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Not installed: a script beside the page that it writes."""
    monkeypatch.syspath_prepend(DOCS)
    return import_module("config_reference")


def rows(heading: str) -> dict[str, list[str]]:
    """The table under a heading: key -> its other cells."""
    _, _, rest = PAGE.partition(f"{heading}\n")
    table = re.split(r"\n#", rest)[0]
    lines = [line.replace("\\|", "/") for line in table.splitlines() if line.startswith("| `")]
    cells = [line.strip("| ").split(" | ") for line in lines]
    return {name.strip("`"): others for name, *others in cells}


def inner(kind: Any) -> Iterator[type[Options]]:
    """The option types within a type."""
    if isinstance(kind, type) and issubclass(kind, Options) and kind is not PluginUse:
        yield kind
    for each in get_args(kind):
        yield from inner(each)


def test_the_page_is_what_the_source_says(reference: ModuleType) -> None:
    assert reference.page() == PAGE, "run `python docs/config_reference.py` and commit docs/config.md"


def test_every_key_says_what_it_does() -> None:
    keys = [line for line in PAGE.splitlines() if line.startswith("| `")]
    assert len(keys) > 100
    assert not [line for line in keys if line.endswith("|  |")], "put a comment behind these fields"


def check_section(heading: str, kind: type[Options], path: str) -> None:
    names = msgspec.structs.fields(kind)
    found = rows(heading)
    assert list(found) == [field.encode_name for field in names], heading
    for field in names:
        assert (found[field.encode_name][1] == "**required**") == field.required
        hint = get_type_hints(kind, include_extras=True)[field.name]
        for each in inner(hint):
            name = f"{path}{field.encode_name}{'[]' if get_args(hint) else ''}"
            check_section(f"### `{name}`", each, f"{name}.")


def test_its_sections_are_those_that_are_read() -> None:
    check_section("## The file", Settings, "")


@pytest.mark.parametrize(
    ("heading", "plugin"),
    [
        ("### detectors: `hog`", HogDetector),
        ("### branches: `colour`", ColourBranch),
        ("### sources: `video`", VideoSource),
        ("### trackers: `restride`", Restride),
    ],
)
def test_options_of_plugins_are_those_that_are_read(heading: str, plugin: Any) -> None:
    assert set(rows(heading)) == {field.encode_name for field in msgspec.structs.fields(plugin.Options)}


def test_types_and_ranges() -> None:
    assert rows("### `cutter`")["margin"][:2] == ["number, 0 to 1", "`0.05`"]
    assert rows("### sources: `video`")["fps"][:2] == ["number, above 0, or null", "`null`"]
    assert rows("### sources: `video`")["transport"][0] == "`tcp` or `udp`"
