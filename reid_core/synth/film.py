"""What a camera sees of those who walk past it, and the truth of every picture."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, pi

import cv2
import numpy as np
from numpy.typing import NDArray

from reid_core.geometry import Box
from reid_core.records import Image
from reid_core.synth.figure import Sprite, paint
from reid_core.synth.room import SUPERSAMPLING, Room, backdrop, develop
from reid_core.synth.walkers import Visit

PHASES = 24  # pictures of one gait cycle
SOLID = 0.5  # the alpha from which a pixel belongs to a person


@dataclass(frozen=True, slots=True)
class Seen:
    """A person in one picture."""

    person: str
    box: Box  # of what is inside the picture
    visible: float  # 0 to 1: the part that neither the picture's edge nor somebody else hides


@dataclass(frozen=True, slots=True, eq=False)
class _Stamp:
    """A figure as it falls on the scene."""

    rows: slice
    columns: slice
    alpha: NDArray[np.float32]
    colour: NDArray[np.float32]
    pixels: int  # of the whole figure, also of what lies outside of the scene


def film(
    room: Room, visits: Sequence[Visit], seconds: float, fps: float, size: tuple[int, int], rng: np.random.Generator
) -> Iterator[tuple[Image, list[Seen]]]:
    """The pictures of one camera, in order, with who is in each."""
    empty = backdrop(room, size, rng)
    here = [visit for visit in visits if visit.room is room]
    drawn: dict[Visit, dict[int, Sprite]] = {}  # by phase; of those who are here
    for index in range(round(seconds * fps)):
        time = index / fps
        now = [visit for visit in here if visit.begin <= time < visit.end]
        now.sort(key=lambda visit: visit.at(time, size)[1])  # the nearest is painted last
        drawn = {visit: drawn.get(visit, {}) for visit in now}
        scene, owner = empty.copy(), np.full(empty.shape[:2], -1, dtype=np.int16)
        stamps = [_stamp(visit, time, size, drawn[visit], scene) for visit in now]
        for number, stamp in enumerate(stamps):
            window = (stamp.rows, stamp.columns)
            scene[window] = (scene[window] * (1 - stamp.alpha[..., None]) + stamp.colour).astype(np.uint8)
            owner[window][stamp.alpha > SOLID] = number
        seen = [
            Seen(visit.person.id, box, float((owner == number).sum()) / stamp.pixels)
            for number, (visit, stamp) in enumerate(zip(now, stamps, strict=True))
            if (box := _box(stamp))
        ]
        yield develop(scene, room, size, rng), seen


def _stamp(visit: Visit, time: float, size: tuple[int, int], drawn: dict[int, Sprite], scene: Image) -> _Stamp:
    """The person as it stands there now; its shadow is painted at once."""
    x, y, tall = (value * SUPERSAMPLING for value in visit.at(time, size))
    _shadow(scene, x, y, tall)
    phase = int(visit.cycles(time, size) * PHASES) % PHASES
    if phase not in drawn:
        drawn[phase] = _draw(visit, phase, size)
    sprite = drawn[phase]
    scale = tall / sprite.height
    across, down = x - scale * sprite.foot[0], y - scale * sprite.foot[1]
    left, top = floor(across), floor(down)
    width, height = (ceil(side * scale) + 1 for side in reversed(sprite.alpha.shape))
    shift = np.array([[scale, 0, across - left], [0, scale, down - top]])
    alpha = np.asarray(cv2.warpAffine(sprite.alpha, shift, (width, height)), dtype=np.float32)
    colour = np.asarray(cv2.warpAffine(sprite.colour, shift, (width, height)), dtype=np.float32)
    rows, columns = _inside(top, height, scene.shape[0]), _inside(left, width, scene.shape[1])
    return _Stamp(
        slice(top + rows.start, top + rows.stop),
        slice(left + columns.start, left + columns.stop),
        alpha[rows, columns],
        colour[rows, columns],
        int((alpha > SOLID).sum()),
    )


def _inside(start: int, length: int, limit: int) -> slice:
    """The part of `length` pixels, laid down at `start`, that lies within 0 to `limit`."""
    begin = max(-start, 0)
    return slice(begin, max(min(length, limit - start), begin))


def _box(stamp: _Stamp) -> Box | None:
    """In pixels of the picture; None where nothing of the figure is in it."""
    solid = stamp.alpha > SOLID
    rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    if not rows.size:
        return None
    left, right = stamp.columns.start + columns[0], stamp.columns.start + columns[-1] + 1
    top, bottom = stamp.rows.start + rows[0], stamp.rows.start + rows[-1] + 1
    return Box(*(float(side) / SUPERSAMPLING for side in (left, top, right, bottom)))


def _draw(visit: Visit, phase: int, size: tuple[int, int]) -> Sprite:
    turned = (visit.foot[1] - visit.foot[0]) * 5  # who comes nearer turns towards the camera
    tall = max(visit.at(time, size)[2] for time in (visit.begin, visit.end)) * SUPERSAMPLING
    return paint(visit.person.look, phase / PHASES, turned if visit.to_the_right else pi - turned, tall)


def _shadow(scene: Image, x: float, y: float, tall: float) -> None:
    """Soft, under the feet."""
    half, low = 0.30 * tall, 0.05 * tall
    rows = slice(max(int(y - low), 0), max(int(y + low), 0))
    columns = slice(max(int(x - half), 0), max(int(x + half), 0))
    under = scene[rows, columns]
    down = (np.arange(under.shape[0]) + rows.start - y) / low
    across = (np.arange(under.shape[1]) + columns.start - x) / half
    dark = 1 - 0.42 * np.exp(-3 * (across[None, :] ** 2 + down[:, None] ** 2))
    scene[rows, columns] = (under * dark[..., None]).astype(np.uint8)
