"""YAML -> typed, frozen options. A typo is an error that names file, key, found and expected."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

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
        raw = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except OSError as error:
        raise ConfigInvalid(f"{path}: cannot read it: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigInvalid(f"{path}: expected YAML text in UTF-8, found other bytes") from error
    except yaml.MarkedYAMLError as error:  # without the lines it quotes: they may hold a password
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise ConfigInvalid(f"{path}: not YAML: {where}{error.problem or error.context}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a date or number that cannot be
        raise ConfigInvalid(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    if raw is None:
        raise ConfigInvalid(f"{path}: the file is empty")
    return convert_options(raw, kind, where=str(path))


class _Loader(yaml.SafeLoader):
    """PyYAML lets the last of two equal keys win without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.MarkedYAMLError(
                        problem=f"the key {key.value!r} is given twice", problem_mark=key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def convert_options(raw: Any, kind: type[T], where: str) -> T:
    """Plain data into an option type; `where` begins the message of what is wrong with it."""
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        words = redacted(_explain(str(error), raw, kind)).split()  # one line, also for a key of several
        raise ConfigInvalid(f"{where}: {' '.join(words)}") from error


def _explain(message: str, raw: Any, kind: Any) -> str:
    """msgspec's message with the key first and the value found behind it."""
    what, _, place = message.partition(" - at ")
    path = place.removeprefix("`key` in ")
    key, found, kind = _follow(path.strip("`"), raw, kind)
    here = key or "at the top"
    if path != place:
        odd = next((each for each in found if not isinstance(each, str)), None)
        return f"{here}: expected keys that are text, found {_short(odd)}; put it in quotes"
    if unknown := re.search(r"unknown field `(.+)`", what, re.DOTALL):
        name = unknown.group(1)
        allowed = sorted(field for each in _members(kind) for field in getattr(each, "__struct_fields__", ()))
        near = get_close_matches(name, allowed, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(allowed) or 'nothing'}"
        return f"{key + '.' if key else ''}{name}: unknown key; {hint}"
    if missing := re.search(r"missing required field `(.+)`", what):
        return f"{here}: the key {missing.group(1)!r} is missing"
    shown = f"{type(found).__name__} (not shown)" if _SECRET.search(key) else _short(found)
    return f"{here}: {_expected(what, kind)}, found {shown}"


def _expected(what: str, kind: Any) -> str:
    """`Expected ...` in the words of somebody who writes YAML."""
    if what.startswith("Invalid enum value"):
        return f"expected one of {', '.join(map(str, _choices(kind)))}"
    words, pattern, rest = re.sub(r", got .*", "", what[:1].lower() + what[1:].replace("`", "")).partition(" matching ")
    for theirs, ours in _WORDS.items():
        words = re.sub(rf"\b{theirs}\b", ours, words)
    return words.replace(" | ", " or ") + pattern + rest


_SECRET = re.compile(r"(?i)pass|secret|token")
_WORDS = {
    "array": "a list",
    "object": "keys with values",
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "nothing",
}


def _follow(path: str, raw: Any, kind: Any) -> tuple[str, Any, Any]:
    """Walk msgspec's path: the key as a person would write it, the value there, and the type expected there."""
    key = ""
    for name, index in re.findall(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]", path):
        if name:
            kind, raw = _field(kind, name), raw[name]
            key = f"{key}.{name}" if key else name
        elif index == "...":  # msgspec hides which one it is: the first that does not convert
            kind = _element(kind, -1)
            items = raw.items() if isinstance(raw, dict) else enumerate(raw)
            index, raw = next(((each, value) for each, value in items if not _converts(value, kind)), ("...", raw))
            key = f"{key}[{index}]"
        else:
            kind, raw = _element(kind, int(index)), raw[int(index)]
            key = f"{key}[{index}]"
    return key, raw, kind


def _members(kind: Any) -> Iterator[Any]:
    """What a type may be, plainly: `str | Annotated[PluginUse, ...]` -> str, PluginUse."""
    if get_origin(kind) is Annotated:
        yield from _members(get_args(kind)[0])
    elif get_origin(kind) in (Union, UnionType):
        for each in get_args(kind):
            yield from _members(each)
    else:
        yield kind


def _field(kind: Any, name: str) -> Any:
    structs = [each for each in _members(kind) if name in getattr(each, "__struct_fields__", ())]
    return get_type_hints(structs[0], include_extras=True)[name] if structs else Any


def _element(kind: Any, index: int) -> Any:
    """The type of what a list or mapping holds; of a tuple, what stands at the index."""
    inner = next((get_args(each) for each in _members(kind) if get_args(each)), (Any,))
    if get_origin(kind) is tuple and inner[-1] is not ...:
        return inner[index]
    return inner[-1] if inner[-1] is not ... else inner[0]


def _choices(kind: Any) -> Iterator[Any]:
    for each in _members(kind):
        if isinstance(each, type) and issubclass(each, Enum):
            yield from (member.value for member in each)
        elif get_origin(each) is Literal:
            yield from get_args(each)


def _converts(value: Any, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def _short(value: Any) -> str:
    if value is None:
        return "nothing"
    text = redacted(repr(value))
    return f"{text[:60]}{'...' if len(text) > 60 else ''} ({type(value).__name__})"
