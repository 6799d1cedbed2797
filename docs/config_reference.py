"""Writes docs/config.md: every key of a site's configuration, read from the source of the option types.

`python docs/config_reference.py`. What a key does is the comment behind its field, or above it.
"""

import ast
import tomllib
from collections.abc import Iterator
from typing import Any

import yaml
from option_source import ROOT, Named, Source, find, keys, look_up, value

PAGE = ROOT / "docs" / "config.md"
KINDS = ("sources", "detectors", "trackers", "branches", "poses", "parsers")
PLAIN = {"str": "text", "int": "whole number", "float": "number", "bool": "true or false", "Any": "anything"}
BOUNDS = {
    "ge": "at least {:g}",
    "gt": "above {:g}",
    "le": "at most {:g}",
    "lt": "below {:g}",
    "multiple_of": "a multiple of {:g}",
    "pattern": "like `{}`",
    "min_length": "at least {} long",
    "max_length": "at most {} long",
}
HEAD = """# Configuration

Every key of a site's configuration file, as `restride check` and `restride run` read it. What is not required may be
left out; a key that is not listed is an error. Written by `python docs/config_reference.py` from the source: change it
there. A plugin is `{use: name, options: {...}}`; its options stand under its kind below.
"""


def kind_words(node: ast.expr, source: Source) -> str:
    match node:
        case ast.Constant(value=None):
            return "null"
        case ast.Name(id="PluginUse"):
            return "plugin"
        case ast.Name(id=name) if name in PLAIN:
            return PLAIN[name]
        case ast.Name(id=name) if named := look_up(name, source):
            return "section" if isinstance(named.node, ast.ClassDef) else kind_words(named.node, named.source)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return f"{kind_words(left, source)}, or {kind_words(right, source)}"
        case ast.Subscript(value=ast.Name(id="Literal"), slice=choice):
            choices = choice.elts if isinstance(choice, ast.Tuple) else [choice]
            return " or ".join(f"`{value(each, source)}`" for each in choices)
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[inner, ast.Call(keywords=rules)])):
            bounds = {str(rule.arg): value(rule.value, source) for rule in rules}
            return ", ".join([kind_words(inner, source), *bounds_words(bounds)])
        case ast.Subscript(value=ast.Name(id="tuple"), slice=ast.Tuple(elts=[inner, ast.Constant()])):
            return f"list of: {kind_words(inner, source)}"
        case ast.Subscript(value=ast.Name(id="tuple"), slice=ast.Tuple(elts=items)):
            return f"list of {len(items)}: {kind_words(items[0], source)}"  # of one type: no other is there
        case ast.Subscript(value=ast.Name(id="dict"), slice=ast.Tuple(elts=[_, inner])):
            return f"names with: {kind_words(inner, source)}"
    raise ValueError(f"teach docs/config_reference.py the type {ast.unparse(node)}")


def bounds_words(bounds: dict[str, Any]) -> list[str]:
    match bounds:
        case {"ge": low, "le": high}:
            return [f"{low:g} to {high:g}"]
        case {"min_length": 1}:
            return ["not empty"]
    return [BOUNDS[name].format(bound) for name, bound in bounds.items()]


def table(named: Named) -> Iterator[str]:
    yield "| key | type | default | what it does |\n|---|---|---|---|"
    for key in keys(named).values():
        default = "**required**" if key.default is None else f"`{shown(value(key.default, key.source))}`"
        if default == "`{}`" and kind_words(key.kind, key.source) == "section":
            default = "see its keys"
        cells = (f"`{key.name}`", kind_words(key.kind, key.source), default, key.words)
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def shown(plain: Any) -> str:
    text = yaml.safe_dump(plain, default_flow_style=True, width=10_000, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")


def section(path: str, named: Named) -> Iterator[str]:
    """The keys of an option type, then its sections."""
    yield from table(named)
    for key in keys(named).values():
        for node in ast.walk(key.kind):
            inner = look_up(node.id, key.source) if isinstance(node, ast.Name) else None
            if inner and isinstance(inner.node, ast.ClassDef) and inner.node.name != "PluginUse":
                name = f"{path}{key.name}{'[]' if isinstance(key.kind, ast.Subscript) else ''}"
                yield f"\n### `{name}`\n"
                yield from section(f"{name}.", inner)


def options_of(plugin: Named) -> Named:
    """The nested Options of a plugin, or of what it is made from."""
    assert isinstance(plugin.node, ast.ClassDef)
    for each in plugin.node.body:
        if isinstance(each, ast.ClassDef) and each.name == "Options":
            return Named(plugin.source, each)
    bases = [look_up(base.id, plugin.source) for base in plugin.node.bases if isinstance(base, ast.Name)]
    return next(options_of(base) for base in bases if base)


def page() -> str:
    points = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    lines = [HEAD, "## The file\n", *section("", find("stream.settings:Settings"))]
    for kind in KINDS:
        lines.append(f"\n## Options of {kind}")
        plugins: dict[int, tuple[Named, list[str]]] = {}  # several share their options
        for name, where in sorted(points[f"restride.{kind}"].items()):
            options = options_of(find(where))
            plugins.setdefault(id(options.node), (options, []))[1].append(f"`{name}`")
        for options, names in plugins.values():
            words = (ast.get_docstring(options.source.tree) or "").partition("\n")[0]
            lines += [f"\n### {kind}: {', '.join(names)}\n\n{words}\n", *table(options)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
