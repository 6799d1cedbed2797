"""Option types as their source has them: keys, types, defaults, and the comments that say what they do.

Nothing is imported, so no library needs to be there.
"""

import ast
import operator
import tokenize
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SUMS = {ast.LShift: operator.lshift, ast.Mult: operator.mul, ast.Div: operator.truediv}


@dataclass(frozen=True, slots=True)
class Source:
    """One module; a name is looked up in it, or where it imports it from."""

    tree: ast.Module
    comments: dict[int, str]  # line -> words
    alone: frozenset[int]  # lines that are nothing but a comment


@dataclass(frozen=True, slots=True)
class Named:
    """What a name stands for, and where."""

    source: Source
    node: ast.expr | ast.ClassDef


@dataclass(frozen=True, slots=True)
class Key:
    name: str
    source: Source
    kind: ast.expr
    default: ast.expr | None  # None: required
    words: str


@cache
def read(module: str) -> Source:
    path = ROOT / f"{module.replace('.', '/')}.py"
    with path.open("rb") as file:
        found = [each for each in tokenize.tokenize(file.readline) if each.type == tokenize.COMMENT]
    comments = {each.start[0]: each.string.lstrip("# ") for each in found}
    alone = frozenset(each.start[0] for each in found if each.line.lstrip().startswith("#"))
    return Source(ast.parse(path.read_text(encoding="utf-8")), comments, alone)


def find(where: str) -> Named:
    module, _, name = where.partition(":")
    if (found := look_up(name, read(module))) is None:
        raise ValueError(f"{where}: not in the source; mend pyproject.toml")
    return found


def look_up(name: str, source: Source) -> Named | None:
    """None for what is not ours: a type of Python or of a library."""
    for node in ast.walk(source.tree):  # imports may stand in a try
        match node:
            case ast.ClassDef(name=found) if found == name and node in source.tree.body:
                return Named(source, node)
            case ast.Assign(targets=[ast.Name(id=found)], value=value) if found == name:
                return Named(source, value)
            case ast.AnnAssign(target=ast.Name(id=found), value=ast.expr() as value) if found == name:
                return Named(source, value)
            case ast.ImportFrom(module=str(module), names=names) if any((n.asname or n.name) == name for n in names):
                theirs = next(n.name for n in names if (n.asname or n.name) == name)
                ours = (ROOT / f"{module.replace('.', '/')}.py").exists()
                return look_up(theirs, read(module)) if ours else None
    return None


def keys(named: Named) -> dict[str, Key]:
    """The fields of an option type, those of its bases first."""
    source, node = named.source, named.node
    assert isinstance(node, ast.ClassDef)
    found: dict[str, Key] = {}
    for base in node.bases:
        if isinstance(base, ast.Name) and (above := look_up(base.id, source)):
            found |= keys(above)
    renamed: dict[str, str] = next((ast.literal_eval(each.value) for each in node.keywords if each.arg == "rename"), {})
    for field in node.body:
        match field:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=kind, value=default):
                words = comment(field, source) or (found[name].words if name in found else "")
                found[name] = Key(renamed.get(name, name), source, kind, default, words)
    return found


def comment(field: ast.AnnAssign, source: Source) -> str:
    first = field.lineno
    while first - 1 in source.alone:
        first -= 1
    lines = range(first, (field.end_lineno or field.lineno) + 1)
    return " ".join(source.comments[line] for line in lines if line in source.comments)


def value(node: ast.expr, source: Source) -> Any:
    """A default, as plain data."""
    match node:
        case ast.Constant(value=plain):
            return plain
        case ast.Tuple(elts=items) | ast.List(elts=items):
            return [value(each, source) for each in items]
        case ast.Dict(keys=[]):
            return {}
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -value(inner, source)
        case ast.BinOp(left=left, op=how, right=right) if type(how) in SUMS:
            return SUMS[type(how)](value(left, source), value(right, source))
        case ast.Call(func=ast.Name(id="len"), args=[inner]):
            return len(value(inner, source))
        case ast.Call(func=ast.Name(id="field")):
            return {}
        case ast.Call(keywords=given):
            return {each.arg: value(each.value, source) for each in given}
        case ast.Name(id=name) if (named := look_up(name, source)) and isinstance(named.node, ast.expr):
            return value(named.node, named.source)
    raise ValueError(f"teach docs/option_source.py the default {ast.unparse(node)}")
