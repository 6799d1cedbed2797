"""`restride doctor`: what this machine has, what is missing, and what to do about it."""

import platform
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from os import cpu_count

from rich.table import Table
from rich.text import Text

from reid_core.registry import installed
from stream.commands.tables import show


@dataclass(frozen=True, slots=True)
class Fact:
    name: str
    there: bool
    words: str
    needed: bool = False  # restride does not run without it


def doctor() -> None:
    table = Table(show_edge=False, show_header=False)
    for fact in facts():
        mark = (
            Text("yes", "green") if fact.there else Text("MISSING", "bold red") if fact.needed else Text("no", "yellow")
        )
        table.add_row(mark, fact.name, Text(fact.words))
    show(table)


def facts() -> Iterator[Fact]:
    yield Fact(
        "machine",
        True,
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, {cpu_count()} cores",
    )
    yield _gpu()
    for package, what, extra in _PACKAGES:
        yield _package(package, what, extra)
    yield _program("redis-server", "a shared store; not needed with sqlite", "apt-get install redis-server")
    yield _program("ffmpeg", "for looking at clips by hand; restride brings its own decoder", "apt-get install ffmpeg")
    for point in installed("models"):
        model = point.load()
        path = model.path()
        words = str(path) if path else f"{model.purpose}; get it: restride models fetch {point.name}"
        yield Fact(f"model {point.name}", path is not None, words)


# package, what it is for, the extra that brings it (none: part of restride itself)
_PACKAGES = (
    ("av", "decoding", ""),
    ("cv2", "pictures", ""),
    ("zmq", "links between processes", ""),
    ("faiss", "search in the gallery", ""),
    ("onnxruntime", "detectors and networks as ONNX files", "onnx"),
    ("mediapipe", "3D pose", "pose"),
    ("torch", "the asgl branch, training", "torch"),
    ("tensorrt", "the fastest runtime on NVIDIA GPUs", "gpu"),
    ("pycuda", "preprocessing on NVIDIA GPUs", "gpu"),
    ("ultralytics", "YOLO detectors; AGPL-3.0, see the README", "ultralytics"),
)


def _package(package: str, what: str, extra: str) -> Fact:
    if find_spec(package) is None:
        return Fact(package, False, f"{what}; get it: pip install 'restride{f'[{extra}]' if extra else ''}'", not extra)
    try:
        return Fact(package, True, f"{what}, version {version(_DISTRIBUTIONS.get(package, package))}", not extra)
    except PackageNotFoundError:
        return Fact(package, True, what, not extra)


_DISTRIBUTIONS = {"cv2": "opencv-python-headless", "zmq": "pyzmq", "faiss": "faiss-cpu"}


def _program(name: str, what: str, get: str) -> Fact:
    path = shutil.which(name)
    return Fact(name, path is not None, f"{what}, {path}" if path else f"{what}; get it: {get}")


def _gpu() -> Fact:
    """By the driver's own tool: asking torch would cost seconds."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return Fact("NVIDIA GPU", False, "everything runs on the CPU")
    answer = subprocess.run(
        [tool, "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    words = "; ".join(answer.stdout.strip().splitlines()) or answer.stderr.strip()
    return Fact("NVIDIA GPU", answer.returncode == 0, words)
