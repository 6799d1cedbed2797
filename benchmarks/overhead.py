"""What the pipeline itself costs a frame: all but decoding, detector, pose and model, whose stages are fakes here.

`python -m benchmarks.overhead`
Real: the hand-over, the batcher, ByteTrack, the cutter with its crops, the embedder's queue, the spool and the socket
of the outbox, and an inbox that acknowledges. CPU time of the whole process on one core; the fakes' own share is
measured in the same run, by calling them as often with nothing around them, and taken off.
"""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

import numpy as np

from benchmarks.reporting import Report, arguments
from reid_core.geometry import Box
from reid_core.options import PluginUse
from reid_core.records import (
    FUSED,
    CameraId,
    Cue,
    Detection,
    Epoch,
    Frame,
    ModelId,
    Tracklet,
    TrackletEmbedding,
)
from stream.build import make_tracker
from stream.link.addresses import LinkOptions
from stream.link.inbox import Inbox
from stream.link.outbox import Outbox
from stream.link.spool import Spool
from stream.metrics import Metrics
from stream.pipeline.batcher import Batcher
from stream.pipeline.camera import watch
from stream.pipeline.cutter import Cutter, CutterOptions
from stream.pipeline.embedder import Embedder
from stream.pipeline.handover import Lossless

WIDTH, HEIGHT, FPS = 1280, 720, 12.5
TRACKER = PluginUse(use="bytetrack")


class FakeSource:
    """One picture, again and again, as fast as it is taken."""

    live = False

    def __init__(self, camera: str, frames: int) -> None:
        self.camera = CameraId(camera)
        self._count = frames
        self._picture = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)

    def frames(self) -> Iterator[Frame]:
        for index in range(self._count):
            yield Frame(self.camera, Epoch("bench"), index, index / FPS, self._picture)

    def close(self) -> None:
        pass


class FakeDetector:
    """People who walk to and fro, each on a line of their own; the boxes are made beforehand."""

    def __init__(self, people: int, frames: int) -> None:
        self._found = [[Detection(_walker(person, index), 0.9) for person in range(people)] for index in range(frames)]

    def detect(self, frames: Sequence[Frame]) -> list[list[Detection]]:
        return [self._found[frame.index] for frame in frames]


def _walker(person: int, index: int) -> Box:
    left = 150.0 * person + 100.0 * abs((index / FPS / 4 + person / 7) % 2 - 1)
    return Box(left, 200.0, left + 90.0, 470.0)


class FakeBranch:
    def __init__(self) -> None:
        vector = np.ones(512, np.float32) / np.float32(512**0.5)
        self._cues = {FUSED: Cue(vector)}

    def embed(self, tracklets: Sequence[Tracklet]) -> list[TrackletEmbedding | None]:
        model = ModelId("fake", "1", "0")
        return [
            TrackletEmbedding(each.id, each.begin, each.end, "fake", model, self._cues, 1.0, len(each.shots))
            for each in tracklets
        ]


def fakes_alone(cameras: int, people: int, frames: int) -> float:
    """CPU seconds of the fakes with nothing around them."""
    sources = [FakeSource(f"camera-{number}", frames) for number in range(cameras)]
    detector = FakeDetector(people, frames)
    begin = time.process_time()
    for source in sources:
        for frame in source.frames():
            detector.detect([frame])
    return time.process_time() - begin


def pipeline(cameras: int, people: int, frames: int, folder: Path) -> tuple[float, float, int]:
    """CPU seconds, wall seconds, and the tracklets that arrived."""
    sources = [FakeSource(f"camera-{number}", frames) for number in range(cameras)]
    detector = Batcher(FakeDetector(people, frames))
    metrics, stop, arrived = Metrics(), Event(), Metrics()
    link = LinkOptions(tracklets=f"ipc://{folder}/tracklets")
    with (
        closing(Inbox(link, metrics)) as inbox,
        closing(Spool(folder / "spool.db", 1 << 30)) as spool,
        closing(Outbox(spool, link, metrics)) as outbox,
        closing(Embedder(FakeBranch, outbox.put, metrics)) as embedder,
    ):
        embedder.start()

        def receive() -> None:
            while not stop.is_set():
                if delivery := inbox.receive(0.2):
                    delivery.acknowledge()
                    arrived.add("tracklets")

        def camera(source: FakeSource) -> None:
            tracker, cutter = make_tracker(TRACKER), Cutter(CutterOptions(), metrics)
            watch(Lossless(source), detector, tracker, cutter, lambda tracklet: embedder.put(tracklet, wait=True))

        receiver = Thread(target=receive)
        threads = [Thread(target=camera, args=(source,)) for source in sources]
        cpu, wall = time.process_time(), time.perf_counter()
        for thread in [receiver, *threads]:
            thread.start()
        for thread in threads:
            thread.join()
        embedder.finish(60.0)
        if not outbox.drain(60.0):
            raise SystemExit("the outbox did not drain")
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        stop.set()
        receiver.join()
    return cpu, wall, int(arrived.get("tracklets"))


def main() -> None:
    parser = arguments("overhead", __doc__)
    parser.add_argument("--frames", type=int, default=12_800, help="of all cameras together")
    parser.add_argument("--people", type=int, default=4, help="in each frame")
    options = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    columns = ("cameras", "frames", "tracklets", "CPU ms a frame", "of it fakes", "own cost ms", "frames/s")
    report = Report("the pipeline's own cost", *columns, libraries=("numpy", "pyzmq", "opencv-python-headless"))
    for cameras in (1, 4, 16):
        frames = options.frames // cameras
        fakes = fakes_alone(cameras, options.people, frames)
        with TemporaryDirectory() as folder:
            cpu, wall, tracklets = pipeline(cameras, options.people, frames, Path(folder))
        count = cameras * frames
        milli = 1e3 / count
        report.row(cameras, count, tracklets, milli * cpu, milli * fakes, milli * (cpu - fakes), count / wall)
    report.note(f"{options.people} people in each frame of {WIDTH}x{HEIGHT}, {FPS} frames a second; one core")
    report.finish(options.json)


if __name__ == "__main__":
    main()
