"""The house keeps its rules, and the checker of the rules sees each of them broken."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture import GROUND, MAX_LINES, PACKAGES, violations

ROOT = Path(__file__).parents[1]
DOC = '"""A file."""\n'


def test_the_house_keeps_its_rules() -> None:
    assert violations(ROOT) == []


def tree(root: Path, files: dict[str, str]) -> Path:
    for path, code in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(code)
    return root


SOUND = {
    "reid_core/__init__.py": DOC,
    "reid_core/errors.py": DOC,
    "reid_core/records.py": DOC + "import numpy\nfrom reid_core.errors import Invalid\n",
    "reid_core/models/backbones.py": DOC + "import torch\nfrom reid_core import records\n",
    "reid_core/data/transforms.py": DOC + "import torch\n",
    "reid_core/cli.py": DOC + "def main():\n    from reid_core.models import backbones\n",
    "stream/cli.py": DOC
    + "import typer\nfrom reid_core.records import Track\nfrom stream.pipeline import supervisor\n",
    "stream/pipeline/supervisor.py": DOC + "try:\n    pass\nexcept Exception:\n    pass\n",
    "stream/link/inbox.py": DOC + "try:\n    pass\nexcept BaseException:\n    close()\n    raise\n",
    "stream/web/app.py": DOC + "import fastapi\n",
    "trackers/costs.py": DOC + "import numpy as np\nfrom reid_core.geometry import iou\n",
    "plugins/branches/asgl.py": DOC
    + "import torch\nfrom reid_core.models import backbones\nfrom reid_core.data.transforms import resize\n",
    "plugins/detectors/ultralytics.py": DOC
    + "from pickle import UnpicklingError\nimport torchvision\nfrom ultralytics import YOLO\n",
    "tests/test_all.py": "",
}


def test_a_sound_tree_breaks_no_rule(tmp_path: Path) -> None:
    assert violations(tree(tmp_path, SOUND)) == []


@pytest.mark.parametrize(
    ("path", "code", "said"),
    [
        # directions
        (
            "reid_core/records.py",
            "import reid_core.models.backbones",
            "imports reid_core.models.backbones, which is not open",
        ),
        (
            "reid_core/records.py",
            "from .models import backbones",
            "imports reid_core.models.backbones, which is not open",
        ),
        ("reid_core/wire.py", "from reid_core.cli import main", "imports reid_core.cli.main, which is not open"),
        ("reid_core/models/build.py", "from stream.cli import main", "imports stream.cli.main; only stream may"),
        ("reid_core/registry.py", "import plugins.branches.asgl", "only plugins may"),
        ("stream/build.py", "from trackers.costs import cost", "imports trackers.costs.cost; only trackers may"),
        ("stream/build.py", "def make():\n    import plugins.branches.asgl", "only plugins may"),
        ("stream/build.py", "import importlib\nimportlib.import_module('plugins.branches.asgl')", "only plugins may"),
        ("stream/build.py", "from reid_core.models import backbones", "which is not open to it"),
        ("stream/build.py", "from reid_core import models", "imports reid_core.models, which is not open to it"),
        ("stream/build.py", "from reid_core.data.transforms import resize", "which is not open to it"),
        ("trackers/sort.py", "from stream.cli import main", "only stream may"),
        ("trackers/sort.py", "from plugins.branches import asgl", "only plugins may"),
        ("trackers/sort.py", "from reid_core.pose import skeleton", "which is not open to it"),
        ("plugins/branches/new.py", "from stream.settings import Settings", "only stream may"),
        ("plugins/branches/new.py", "from trackers.costs import cost", "only trackers may"),
        ("plugins/branches/new.py", "from reid_core.data.sampler import Sampler", "which is not open to it"),
        ("plugins/branches/new.py", "from reid_core.data import sampler", "which is not open to it"),
        ("plugins/branches/new.py", "from reid_core.training import loop", "which is not open to it"),
        ("stream/build.py", "from tests.fakes.store import MemoryStore", "imports tests, which is not for stream"),
        # libraries
        ("reid_core/records.py", "import cv2", "imports cv2, which is not for reid_core/records.py"),
        ("reid_core/geometry.py", "import scipy.optimize", "imports scipy, which is not for reid_core/geometry.py"),
        ("stream/build.py", "import torch", "imports torch, which is not for stream"),
        ("stream/build.py", "import onnxruntime", "imports onnxruntime, which is not for stream"),
        ("stream/api.py", "import fastapi", "imports fastapi, which is not for stream"),
        (
            "trackers/sort.py",
            "from scipy.optimize import linear_sum_assignment",
            "imports scipy, which is not for trackers",
        ),
        ("plugins/detectors/new.py", "import ultralytics", "imports ultralytics, which is not for plugins"),
        (
            "plugins/detectors/new.py",
            "from torchvision.ops import nms",
            "imports torchvision, which is not for plugins",
        ),
        ("reid_core/models/new.py", "import torchvision", "imports torchvision, which is not for reid_core"),
        ("stream/link/new.py", "import pickle", "imports pickle, which runs what it reads"),
        ("stream/link/new.py", "from pickle import loads", "imports pickle, which runs what it reads"),
        # the rest
        ("stream/new.py", "try:\n    pass\nexcept Exception:\n    pass", "line 4: swallows everything"),
        ("stream/new.py", "try:\n    pass\nexcept:\n    pass", "line 4: swallows everything"),
        ("stream/new.py", "try:\n    pass\nexcept Exception:\n    raise ValueError", "swallows everything"),
        ("trackers/new.py", "try:\n    pass\nexcept (ValueError, BaseException):\n    pass", "swallows everything"),
        ("stream/utils.py", "", "'utils' says nothing"),
        ("stream/track_helpers.py", "", "'helpers' says nothing"),
        ("stream/common/new.py", "", "'common' says nothing"),
        ("tests/base.py", "", "'base' says nothing"),
        ("trackers/new.py", "x = 1\n" * MAX_LINES, f"{MAX_LINES + 1} lines"),
        ("tests/test_new.py", "x = 1\n" * MAX_LINES, f"{MAX_LINES + 1} lines"),
        (
            "reid_core/errors.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from reid_core.records import Track",
            "cycle: reid_core.records -> reid_core.errors -> reid_core.records",
        ),
        (
            "stream/pipeline/supervisor.py",
            "def run():\n    from stream.cli import main",
            "cycle: stream.cli -> stream.pipeline",
        ),
    ],
)
def test_each_rule_is_seen_when_it_is_broken(tmp_path: Path, path: str, code: str, said: str) -> None:
    found = violations(tree(tmp_path, {**SOUND, path: DOC + code}))
    assert any(said in line for line in found), found


def test_a_module_says_what_it_is(tmp_path: Path) -> None:
    assert violations(tree(tmp_path, {**SOUND, "stream/new.py": "x = 1\n", "stream/link/__init__.py": ""})) == [
        "stream/link/__init__.py: no docstring that says what it is",
        "stream/new.py: no docstring that says what it is",
    ]


@pytest.mark.parametrize("package", PACKAGES)
def test_who_uses_a_package_gets_its_types(package: str) -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert (ROOT / package / "py.typed").is_file()
    assert "py.typed" in settings["tool"]["setuptools"]["package-data"][package]


@pytest.mark.parametrize("name", sorted(GROUND))
def test_the_ground_loads_nothing_heavy(name: str) -> None:
    code = f"import reid_core.{name}, sys; print(*{{each.partition('.')[0] for each in sys.modules}})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert "reid_core" in loaded
    assert not loaded & {"torch", "cv2", "zmq", "av", "faiss", "redis", "stream", "plugins", "trackers"}
