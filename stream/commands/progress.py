"""How far recordings are: the worker tells its frames, and the screen sets them against how many there are."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Event, Thread

import av
from av.error import FFmpegError
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from stream.metrics import Metrics

TELL_SECONDS = 0.5


def tell_progress(metrics: Metrics, cameras: Sequence[str], stop: Event) -> Thread:
    """The worker's side: a line of JSON on standard output, now and then, until it stops."""

    def tell() -> None:
        while not stop.wait(TELL_SECONDS):
            frames = {camera: int(metrics.get("frames_received", camera=camera)) for camera in cameras}
            print(json.dumps({"frames": frames}), flush=True)  # noqa: T201

    thread = Thread(target=tell, name="progress", daemon=True)
    thread.start()
    return thread


def frames_in(recording: Path) -> int | None:
    """About so many, by what the file says of itself; None where it does not say. What is wrong, the source tells."""
    if recording.is_dir():
        return sum(each.is_file() for each in recording.iterdir())
    try:
        with av.open(str(recording)) as container:
            stream = next(iter(container.streams.video), None)
            if stream is None:
                return None
            seconds = (container.duration or 0) / 1e6
            return stream.frames or round(seconds * float(stream.average_rate or 0)) or None
    except (FFmpegError, OSError):
        return None


class Bars:
    """The screen's side: one bar a camera."""

    def __init__(self, totals: Mapping[str, int | None]) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(None), MofNCompleteColumn(), TextColumn("frames"))
        self.display = Progress(*columns, expand=True)
        self._tasks: dict[str, TaskID] = {
            camera: self.display.add_task(camera, total=total) for camera, total in totals.items()
        }

    def hear(self, line: str) -> None:
        """A line of tell_progress."""
        for camera, frames in json.loads(line)["frames"].items():
            self.display.update(self._tasks[camera], completed=frames)
