"""Two cameras of walkers, and sites that watch them in processes of their own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml

from reid_core.synth.write import write_walkers

ROOT = Path(__file__).parents[2]
SECONDS = 20.0


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """door.mp4, hall.mp4 and truth.json."""
    folder = tmp_path_factory.mktemp("clips")
    # The line is tested here, not the tracker. In cast 0 somebody enters at the edge where another has just left, and
    # a track goes over from one to the other; in cast 1 the same happens with the boxes of HOG
    write_walkers(folder, 2, SECONDS, 12.5, (480, 270), lambda: None)
    return folder


@dataclass(frozen=True, slots=True)
class Site:
    """A configuration on disk, and its commands as a user would call them."""

    folder: Path
    config: Path
    environment: dict[str, str]

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "stream.cli", *arguments]

    def run(self, *arguments: str, seconds: float = 100.0) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


MakeSite = Callable[..., Site]


@pytest.fixture
def make_site(tmp_path: Path, clips: Path) -> MakeSite:
    """A site on the walkers' clips with the true boxes; keywords replace keys of its configuration."""

    numbers = count(1)

    def make(**keys: Any) -> Site:
        folder = tmp_path / f"site{next(numbers)}"
        plugins = folder / "plugins"
        info = plugins / "restride_flow_tests-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: restride-flow-tests\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(
            "[restride.detectors]\ntruth = tests.flow.truth_detector:TruthDetector\n"
        )
        lanes = {lane: f"ipc://{folder}/{lane}" for lane in ("tracklets", "events", "replay")}
        settings = {
            "cameras": [{"name": name, "source": str(clips / f"{name}.mp4")} for name in ("door", "hall")],
            "detector": {"use": "truth", "options": {"truth": str(clips / "truth.json")}},
            "store": f"sqlite:///{folder}/identities.db",
            "state": str(folder / "state"),
            "link": {**lanes, "resend_seconds": 0.5},
            **keys,
        }
        config = folder / "site.yaml"
        config.write_text(yaml.safe_dump(settings))
        path = os.pathsep.join([str(plugins), str(ROOT), os.environ.get("PYTHONPATH", "")])
        return Site(folder, config, {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"})

    return make


@pytest.fixture(scope="session")
def stays(clips: Path) -> set[tuple[str, str]]:
    """Who is at which camera, by the truth."""
    people = json.loads((clips / "truth.json").read_text())["people"]
    return {(person["id"], stay["camera"]) for person in people for stay in person["stays"]}
