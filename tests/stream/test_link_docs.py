"""docs/events.md and its schema say what really travels."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from reid_core.records import EventType, IdentityId, IdentityState, Verdict
from reid_core.wire import SCHEMA, event_from_json, event_to_json
from stream.client import subscribe
from stream.link.addresses import EVENTS, REPLAY
from stream.link.announcer import Announcer
from stream.metrics import Metrics
from tests.fakes.store import MemoryStore
from tests.stream.event_log import grow
from tests.stream.link_ends import link_options

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "events.md").read_text(encoding="utf-8")
EVENT = json.loads((DOCS / "schemas" / "event.schema.json").read_text(encoding="utf-8"))

KINDS: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}


def faults(value: Any, schema: dict[str, Any], path: str = "$") -> Iterator[str]:
    """What breaks the schema, or is not described by it. As much of JSON Schema as ours uses."""
    assert schema.keys() <= USED, f"{path}: teach this test {schema.keys() - USED}"
    kinds = schema.get("type", list(KINDS))
    if not any(isinstance(value, KINDS[kind]) for kind in ([kinds] if isinstance(kinds, str) else kinds)):
        yield f"{path}: {value!r} is not {kinds}"
        return
    if "const" in schema and value != schema["const"]:
        yield f"{path}: {value!r} is not {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: {value!r} is not one of {schema['enum']}"
    if isinstance(value, str):
        if len(value) < schema.get("minLength", 0) or not re.search(schema.get("pattern", ""), value):
            yield f"{path}: {value!r} is too short or no {schema.get('pattern')}"
    elif isinstance(value, int | float):
        if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            yield f"{path}: {value} is out of bounds"
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from faults(each, schema["items"], f"{path}[{index}]")
    elif isinstance(value, dict):
        known = schema.get("properties", {})
        for name in schema.get("required", []):
            if name not in value:
                yield f"{path}.{name} is missing"
        for name, each in value.items():
            if inner := known.get(name, schema.get("additionalProperties")):
                yield from faults(each, inner, f"{path}.{name}")
            else:
                yield f"{path}.{name} is not described"


USED = {"$schema", "$id", "title", "description", "type", "required", "properties", "additionalProperties", "items",
        "const", "enum", "pattern", "format", "minLength", "minimum", "maximum"}  # fmt: skip


def test_every_kind_of_event_keeps_the_schema() -> None:
    store = MemoryStore("log")
    grow(store)
    [event] = store.events(0, 1)
    for kind in EventType:
        for state in IdentityState:
            for verdict in Verdict:
                for other in (None, IdentityId("P-2")):
                    evidence = replace(event.evidence, runner_up=other, margin=0.1 if other else None)
                    made = replace(event, type=kind, state=state, verdict=verdict, evidence=evidence)
                    assert list(faults(json.loads(event_to_json(made)), EVENT)) == []


def test_the_schema_finds_faults() -> None:
    store = MemoryStore("log")
    grow(store)
    good = json.loads(event_to_json(store.events(0, 1)[0]))
    for name, value in {"sequence": 0, "type": "x", "specversion": "2.0", "time": "yesterday", "epoch": 5}.items():
        assert list(faults({**good, name: value}, EVENT))
    assert list(faults({**good, "embedding": [0.1]}, EVENT)) == ["$.embedding is not described"]
    del good["data"]["tracklet"]
    assert list(faults(good, EVENT)) == ["$.data.tracklet is missing"]


def test_the_page_speaks_of_what_there_is() -> None:
    assert EVENT["$id"] == SCHEMA
    assert set(EVENT["properties"]["type"]["enum"]) == {each.value for each in EventType}
    for said in (SCHEMA, EVENTS, REPLAY, *(each.value for each in EventType)):
        assert f"`{said}`" in PAGE or said in PAGE
    [example] = [json.loads(each) for each in blocks("json") if "specversion" in each]
    assert list(faults(example, EVENT)) == []
    assert json.loads(event_to_json(event_from_json(json.dumps(example).encode()))) == example


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("queue", [10_000, 1])
def test_the_client_without_restride_gets_the_same_list(queue: int, tmp_path: Path) -> None:
    [listing] = [each for each in blocks("python") if "def follow" in each]
    names: dict[str, Any] = {}
    exec(compile(listing, "docs/events.md", "exec"), names)
    options = link_options("ipc", tmp_path, event_queue=queue)
    store = MemoryStore()
    grow(store, 700)
    with (
        closing(Announcer(options, store, Metrics())) as announcer,
        closing(names["follow"](options.events, options.replay)) as follow,
    ):
        found = [each["sequence"] for each in islice(follow, 700)]
        grow(store, 800)
        announcer.wake()
        found += [each["sequence"] for each in islice(follow, 700)]
        grow(store, 100)
        found += [each["sequence"] for each in islice(follow, 200)]
        with subscribe(options.events, options.replay, since=0) as events:
            assert found == [next(events).sequence for _ in range(1600)] == list(range(1, 1601))
