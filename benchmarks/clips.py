"""The clips that benchmarks look at: drawn walkers with their truth, and real ones where RESTRIDE_DATA has them."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reid_core.records import CameraId, Frame
from reid_core.synth.film import Seen
from reid_core.synth.write import write_walkers
from stream.sources.video import VideoSource

FPS = 12.5
SIZE = (480, 270)  # as in the demo


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """One camera's recording."""

    path: Path
    world: str  # clips of one world show the same people
    camera: CameraId
    truth: list[list[Seen]]  # by frame; empty where nobody knows

    def source(self) -> VideoSource:
        return VideoSource(VideoSource.Options(url=str(self.path), start_time=0.0), self.camera)

    def frames(self) -> Iterator[Frame]:
        return self.source().frames()


def walkers(folder: Path, seeds: int, seconds: float) -> list[Clip]:
    """A world a seed: five people, two cameras."""
    clips = []
    for seed in range(seeds):
        home = folder / f"walkers-{seed}"
        truth = write_walkers(home, seed, seconds, FPS, SIZE)
        clips += [
            Clip(home / camera.clip, home.name, CameraId(name), camera.frames) for name, camera in truth.cameras.items()
        ]
    return clips


def real_data() -> Path | None:
    named = os.environ.get("RESTRIDE_DATA")
    return Path(named) if named else None


def real_clips(data: Path) -> list[Clip]:
    """Pedestrians on a campus path, and people who come in one by one."""
    names = {"campus": "vtest_480x360_reencode.mp4", "indoors": "one-by-one-person-detection.mp4"}
    return [Clip(data / "video" / file, name, CameraId(name), []) for name, file in names.items()]


def yolox(data: Path) -> Path:
    return data / "detectors" / "yolox_nano_416.onnx"


NO_DATA = "RESTRIDE_DATA is not set: nothing real was measured"
