"""The source `folder`: pictures as the frames of a recording, in the natural order of their names."""

import logging
import re
import time
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from threading import Event
from typing import Annotated

import cv2
import numpy as np
from msgspec import Meta

from reid_core import options
from reid_core.errors import SourceInvalid
from reid_core.records import CameraId, Epoch, Frame, Image
from stream.sources.pace import Pacer

log = logging.getLogger("restride.source")

_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm"})


class FolderSource:
    class Options(options.Options, frozen=True):
        path: Annotated[str, Meta(min_length=1)]  # the folder of the pictures
        pattern: Annotated[str, Meta(min_length=1)] = "*"  # which pictures: cam1_*.jpg, or **/* for subfolders too
        fps: Annotated[float, Meta(gt=0)] = 12.5  # pictures a second at which they were taken
        start_time: float | None = None  # when the first was taken, seconds since 1970; else, when it is opened
        realtime: bool = False  # play at that speed, as if it were a camera

    def __init__(self, options: Options, camera: CameraId) -> None:
        self.camera = camera
        self.live = options.realtime
        self._options = options
        self._stop = Event()

    def frames(self) -> Iterator[Frame]:
        self.close()
        self._stop = stop = Event()
        return self._until(stop)

    def close(self) -> None:
        self._stop.set()

    def _until(self, stop: Event) -> Iterator[Frame]:
        where = f"camera {self.camera}: {self._options.path}"
        paths = self._pictures(where)
        pacer = Pacer(stop) if self._options.realtime else None
        epoch, count = Epoch(token_hex(4)), 0
        begin = time.time() if self._options.start_time is None else self._options.start_time
        for position, path in enumerate(paths):
            seconds = position / self._options.fps  # a picture that is left out leaves its time empty
            if stop.is_set() or (pacer and not pacer.wait(seconds)):
                return
            image = _read(path)
            if image is None:
                if position == count:  # the first of them
                    log.warning("%s: %s is no picture that can be read; left out", where, path.name)
                continue
            yield Frame(self.camera, epoch, count, begin + seconds, image)
            count += 1
        if not count:
            raise SourceInvalid(f"{where}: not one of its {len(paths)} pictures can be read; copy them again")
        if count < len(paths):
            log.warning("%s: left out %d of %d pictures", where, len(paths) - count, len(paths))

    def _pictures(self, where: str) -> list[Path]:
        folder = Path(self._options.path)
        if not folder.is_dir():
            found = "a file; for a video, `use: video`" if folder.exists() else "nothing there; correct the path"
            raise SourceInvalid(f"{where}: expected a folder of pictures, found {found}")
        try:
            matches = [path for path in folder.glob(self._options.pattern) if path.suffix.lower() in _SUFFIXES]
        except (ValueError, NotImplementedError) as error:  # how pathlib refuses a pattern
            raise SourceInvalid(f"{where}: pattern {self._options.pattern!r}: {error}") from error
        if not matches:
            raise SourceInvalid(
                f"{where}: no pictures match {self._options.pattern!r}; expected {' '.join(sorted(_SUFFIXES))}"
            )
        return sorted(matches, key=lambda path: _natural(path.relative_to(folder).as_posix()))


def _natural(name: str) -> list[tuple[int, str]]:
    """frame2 before frame10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def _read(path: Path) -> Image | None:
    try:
        image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR_RGB)
    except (OSError, cv2.error):
        return None
    return None if image is None else np.ascontiguousarray(image, dtype=np.uint8)
