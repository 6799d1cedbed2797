"""Walkers as files: a clip per camera, H.264 in mp4, and truth.json beside them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import msgspec
import numpy as np

from reid_core.errors import ConfigInvalid, DataSetInvalid
from reid_core.records import CameraId, Image
from reid_core.synth.figure import Colour
from reid_core.synth.film import Seen, film
from reid_core.synth.people import Person, cast
from reid_core.synth.room import ROOMS
from reid_core.synth.walkers import schedule

TRUTH = "truth.json"


@dataclass(frozen=True, slots=True)
class Stay:
    """From when to when a person is seen by a camera, in seconds of its clip."""

    camera: CameraId
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class TruePerson:
    id: str
    clothes: str  # in words
    colours: dict[str, Colour]
    height: float  # metres
    stays: list[Stay]


@dataclass(frozen=True, slots=True)
class TrueCamera:
    clip: str
    frames: list[list[Seen]]


@dataclass(frozen=True, slots=True)
class Truth:
    """Everything that is known about the clips of one folder."""

    seed: int
    seconds: float
    fps: float
    size: tuple[int, int]  # width, height
    people: list[TruePerson]
    cameras: dict[str, TrueCamera]


def write_walkers(
    folder: Path,
    seed: int,
    seconds: float,
    fps: float,
    size: tuple[int, int],
    on_picture: Callable[[], None] = lambda: None,
) -> Truth:
    """Make the clips and their truth. `on_picture` is called after each picture; there are `pictures_in` of them."""
    _check(seconds, fps, size)
    rng = np.random.default_rng(seed)
    people = cast(rng)
    visits = schedule(people, seconds, size, rng)
    cameras = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for room, noise in zip(ROOMS, rng.spawn(len(ROOMS)), strict=True):
            clip, frames = f"{room.camera}.mp4", []
            with _encoder(folder / clip, fps, size) as add:
                for picture, seen in film(room, visits, seconds, fps, size, noise):
                    add(picture)
                    frames.append(seen)
                    on_picture()
            cameras[str(room.camera)] = TrueCamera(clip, frames)
        truth = Truth(seed, seconds, fps, size, [_true(person, cameras, fps) for person in people], cameras)
        (folder / TRUTH).write_bytes(msgspec.json.encode(truth))
    except (OSError, av.FFmpegError) as error:
        raise ConfigInvalid(f"{folder}: cannot write the clips there: {error.strerror or error}") from error
    return truth


def pictures_in(seconds: float, fps: float) -> int:
    return len(ROOMS) * round(seconds * fps)


def read_truth(folder: Path) -> Truth:
    path = folder / TRUTH
    try:
        return msgspec.json.decode(path.read_bytes(), type=Truth)
    except OSError as error:
        raise DataSetInvalid(
            f"{path}: cannot read it: {error.strerror}; make it with restride-lab synth walkers"
        ) from error
    except msgspec.DecodeError as error:
        raise DataSetInvalid(f"{path}: not the truth of walkers: {error}") from error


def _check(seconds: float, fps: float, size: tuple[int, int]) -> None:
    if not 1 <= seconds <= 3600:
        raise ConfigInvalid(f"seconds: expected 1 to 3600, found {seconds:g}")
    if not 1 <= fps <= 120:
        raise ConfigInvalid(f"fps: expected 1 to 120, found {fps:g}")
    if any(not 64 <= side <= 4096 or side % 2 for side in size):
        raise ConfigInvalid(f"size: expected even sides of 64 to 4096 pixels, found {size[0]}x{size[1]}")


@contextmanager
def _encoder(path: Path, fps: float, size: tuple[int, int]) -> Iterator[Callable[[Image], None]]:
    """Takes the pictures of one clip."""
    with av.open(path, "w") as file:
        # so the same pictures become the same bytes, however many cores there are and of whatever kind
        how = {"crf": "21", "preset": "veryfast", "x264-params": "cpu-independent=1:threads=1"}
        stream = file.add_stream("libx264", rate=Fraction(fps).limit_denominator(1000), options=how)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"

        def add(picture: Image) -> None:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))

        yield add
        file.mux(stream.encode())


def _true(person: Person, cameras: dict[str, TrueCamera], fps: float) -> TruePerson:
    look = person.look
    colours = {"top": look.top, "legs": look.legs, "shoes": look.shoes, "skin": look.skin, "hair": look.hair}
    stays = [stay for name, camera in cameras.items() for stay in _stays(person.id, name, camera.frames, fps)]
    return TruePerson(person.id, person.clothes, colours, look.height, sorted(stays, key=lambda stay: stay.begin))


def _stays(person: str, camera: str, frames: list[list[Seen]], fps: float) -> Iterator[Stay]:
    """The runs of frames that a person is in."""
    there = [any(seen.person == person for seen in frame) for frame in frames]
    edges = np.flatnonzero(np.diff([False, *there, False]))
    for begin, end in edges.reshape(-1, 2).tolist():
        yield Stay(CameraId(camera), begin / fps, end / fps)
