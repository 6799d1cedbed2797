"""YAML -> typed, frozen options. A typo is an error that names file, key, found and expected."""

import re
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_origin, get_type_hints

import msgspec
import yaml

from reid_core.errors import ConfigInvalid, redacted

T = TypeVar("T")


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every option type. Repeat frozen=True on each subclass: mypy wants it."""


class PluginUse(Options, frozen=True):
    """Which plugin, and its options: `{use: bytetrack, options: {match_iou: 0.3}}`."""

    use: str
    options: dict[str, Any] = {}


def read_options(path: Path, kind: type[T]) -> T:
    """Decode a YAML file into an option type."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigInvalid(f"{path}: cannot read it: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigInvalid(f"{path}: expected YAML text in UTF-8, found other bytes") from error
    except yaml.YAMLError as error:
        raise ConfigInvalid(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    if raw is None:
        raise ConfigInvalid(f"{path}: the file is empty")
    return convert_options(raw, kind, where=str(path))


def convert_options(raw: Any, kind: type[T], where: str) -> T:
    """Plain data into an option type; `where` begins the message of what is wrong with it."""
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        raise ConfigInvalid(f"{where}: {_explain(str(error), raw, kind)}") from error


def _explain(message: str, raw: Any, kind: Any) -> str:
    """msgspec's message with the key first and the value found behind it."""
    what, _, path = message.partition(" - at `$")
    steps = re.findall(r"\.([^.\[\]]+)|\[(\d+)\]", path.rstrip("`"))
    key = "".join(f".{name}" if name else f"[{index}]" for name, index in steps).lstrip(".")
    if unknown := re.search(r"unknown field `(.+)`", what):
        name = unknown.group(1)
        allowed = _fields_at(kind, steps)
        near = get_close_matches(name, allowed, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(allowed)}"
        return f"{key + '.' if key else ''}{name}: unknown key; {hint}"
    if missing := re.search(r"missing required field `(.+)`", what):
        return f"{key or 'at the top'}: the key {missing.group(1)!r} is missing"
    words = re.sub(r", got .*", "", what[:1].lower() + what[1:].replace("`", ""))
    for theirs, ours in (("array", "a list"), ("object", "keys with values"), ("str", "text")):
        words = re.sub(rf"\b{theirs}\b", ours, words)
    return f"{key or 'at the top'}: {words}, found {_short(_value_at(raw, steps))}"


def _value_at(raw: Any, steps: list[tuple[str, str]]) -> Any:
    for name, index in steps:
        try:
            raw = raw[name] if name else raw[int(index)]
        except (KeyError, IndexError, TypeError):
            break  # `[...]`: msgspec hides the keys of mappings
    return raw


def _fields_at(kind: Any, steps: list[tuple[str, str]]) -> list[str]:
    """The keys that are allowed where the path ends."""
    for name, _ in steps:
        options = _only(kind, lambda each: hasattr(each, "__struct_fields__"))
        inner = get_type_hints(options).get(name) if name else _only(kind, get_origin)
        kind = inner.__args__[0] if not name and inner is not None else inner
    options = _only(kind, lambda each: hasattr(each, "__struct_fields__"))
    return sorted(options.__struct_fields__) if options is not None else []


def _only(kind: Any, wanted: Any) -> Any:
    """The member of a union that is meant: `str | PluginUse` -> PluginUse."""
    members = kind.__args__ if type(kind).__name__ in {"UnionType", "Union"} else (kind,)
    return next((each for each in members if wanted(each)), None)


def _short(value: Any) -> str:
    text = redacted(repr(value))
    return f"{text[:60]}{'...' if len(text) > 60 else ''} ({type(value).__name__})"
