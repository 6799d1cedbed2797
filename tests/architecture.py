"""The rules of the house that a machine can check, read from the source alone: nothing is imported here."""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGES = ("reid_core", "stream", "trackers", "plugins")
WINGS = ("stream", "trackers", "plugins")
GROUND = frozenset({"errors", "geometry", "assignment", "records", "protocols", "registry", "options", "wire"})
MAX_LINES = 400
VAGUE = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "managers", "base"}
BROAD = {"Exception", "BaseException"}
LAST_LINE = "stream/pipeline/supervisor.py"  # the one place where anything may be caught
UNSAFE = {"pickle", "marshal", "shelve", "dill", "cloudpickle"}

BASE = {"numpy", "msgspec", "yaml", "cv2", "av", "zmq", "redis", "faiss", "typer", "rich"}  # what everybody installs
LEARNING = {"torch", "safetensors", "onnx", "onnxruntime"}
# Libraries beyond these may be imported by whom the second table says; the longest matching path counts
LIBRARIES = {
    "stream": BASE,
    "stream/web": BASE | {"fastapi", "starlette", "uvicorn"},
    "trackers": BASE,
    "plugins": BASE | LEARNING | {"mediapipe", "tensorrt", "pycuda", "gi"},
    "plugins/detectors/ultralytics.py": BASE | LEARNING | {"ultralytics", "torchvision"},
    "reid_core": BASE | LEARNING,
    **{f"reid_core/{name}.py": {"numpy", "msgspec", "yaml"} for name in GROUND},
}
# Which parts of reid_core each wing may use, besides the ground
OPEN_TO = {"stream": (), "trackers": (), "plugins": ("models", "pose", "data.transforms", "data.label_png")}


@dataclass(frozen=True, slots=True)
class Module:
    path: str  # from the root, with /
    name: str  # dotted
    tree: ast.Module
    imports: tuple[str, ...]  # dotted, of modules or of names in modules; wherever they stand in the file

    @property
    def package(self) -> str:
        return self.name.partition(".")[0]


def violations(root: Path) -> list[str]:
    """One line for each rule that a file breaks."""
    modules = [read(root, path) for package in PACKAGES for path in sorted((root / package).rglob("*.py"))]
    rules: tuple[Callable[[Module], Iterator[str]], ...] = (
        directions,
        libraries,
        broad_excepts,
        missing_docstring,
    )
    found = [f"{module.path}: {line}" for module in modules for rule in rules for line in rule(module)]
    folders = (*PACKAGES, "tests", "benchmarks", "scripts")
    files = [path for folder in folders for path in sorted((root / folder).rglob("*.py"))]
    found += [
        f"{path.relative_to(root).as_posix()}: {line}" for path in files for line in shape(path.relative_to(root), path)
    ]
    return found + [f"cycle: {' -> '.join(cycle)}" for cycle in cycles(modules)]


def read(root: Path, path: Path) -> Module:
    inside = path.relative_to(root)
    parts = inside.with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    package = parts[:-1]
    return Module(inside.as_posix(), name, tree, tuple(imported(tree, package)))


def imported(tree: ast.Module, package: tuple[str, ...]) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                above = package[: len(package) - level + 1] if level else ()
                origin = ".".join((*above, *([module] if module else [])))
                yield from (f"{origin}.{alias.name}" for alias in names)
            case ast.Call(
                func=ast.Name(id=called) | ast.Attribute(attr=called), args=[ast.Constant(value=str(name)), *_]
            ):
                if called in {"import_module", "__import__"}:
                    yield name


def directions(module: Module) -> Iterator[str]:
    """Imports run down: wings -> ground, and wings never meet."""
    for target in module.imports:
        package, _, inner = target.partition(".")
        if package in WINGS and package != module.package:
            yield f"imports {target}; only {package} may"
        if package == "reid_core" and not allowed_of_reid_core(module, inner):
            yield f"imports {target}, which is not open to it"


def allowed_of_reid_core(module: Module, inner: str) -> bool:
    first = inner.partition(".")[0]
    if first in GROUND or not first:
        return True
    if is_ground(module):
        return False
    parts = OPEN_TO.get(module.package)
    return parts is None or any(f"{inner}.".startswith(f"{part}.") for part in parts)


def is_ground(module: Module) -> bool:
    return module.package == "reid_core" and module.name.removeprefix("reid_core.") in GROUND


def libraries(module: Module) -> Iterator[str]:
    """A light base: what is heavy stands in one place, behind an extra."""
    place = max((each for each in LIBRARIES if f"{module.path}/".startswith(f"{each}/")), key=len)
    for target in module.imports:
        library = target.partition(".")[0]
        if library in UNSAFE and not target.endswith("Error"):  # an error may be caught
            yield f"imports {library}, which runs what it reads"
        elif library not in PACKAGES and library not in sys.stdlib_module_names and library not in LIBRARIES[place]:
            yield f"imports {library}, which is not for {place}"


def broad_excepts(module: Module) -> Iterator[str]:
    if module.path == LAST_LINE:
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ExceptHandler) and not puts_away_and_raises(node):
            caught = {each.id for each in ast.walk(node.type) if isinstance(each, ast.Name)} if node.type else BROAD
            if caught & BROAD:
                yield f"line {node.lineno}: swallows everything; only {LAST_LINE} may"


def puts_away_and_raises(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def missing_docstring(module: Module) -> Iterator[str]:
    if not ast.get_docstring(module.tree):
        yield "no docstring that says what it is"


def shape(inside: Path, path: Path) -> Iterator[str]:
    lines = path.read_text(encoding="utf-8").count("\n")
    if lines > MAX_LINES:
        yield f"{lines} lines; a file is one idea, of at most {MAX_LINES}"
    for part in inside.with_suffix("").parts:
        if vague := VAGUE & set(re.split(r"[_.]", part.lower())):
            yield f"{vague.pop()!r} says nothing; name it for what it is"


def cycles(modules: list[Module]) -> Iterator[list[str]]:
    """Imports that run in a circle, also those under TYPE_CHECKING or inside a function."""
    names = {module.name for module in modules}
    edges: dict[str, set[str]] = {}
    for module in modules:
        targets = {each if each in names else each.rpartition(".")[0] for each in module.imports}
        edges[module.name] = (targets & names) - {module.name}
    done: set[str] = set()

    def walk(name: str, above: list[str]) -> Iterator[list[str]]:
        if name in above:
            yield [*above[above.index(name) :], name]
        elif name not in done:
            for each in sorted(edges[name]):
                yield from walk(each, [*above, name])
            done.add(name)

    for name in sorted(edges):
        yield from walk(name, [])
