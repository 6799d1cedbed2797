"""A first small world: people walk past two cameras, and the truth about them is known."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, pi

import cv2
import numpy as np
from numpy.typing import NDArray

from reid_core.geometry import Box
from reid_core.records import Image
from reid_core.synth.figure import STRIDE, Colour, Look, Sprite, paint
from reid_core.synth.room import ROOMS, SUPERSAMPLING, Room, backdrop, develop

WAVE_SECONDS = 20.5  # everybody comes by once a wave
PHASES = 24  # pictures of one gait cycle

Owner = NDArray[np.int16]  # who is seen at each pixel of a scene, -1 for nobody

TOPS: dict[str, Colour] = {
    "red": (186, 36, 40),
    "green": (44, 128, 70),
    "blue": (36, 76, 168),
    "yellow": (226, 184, 42),
    "white": (236, 234, 228),
    "black": (34, 34, 38),
    "orange": (222, 112, 30),
    "purple": (112, 52, 132),
}
LEGS: dict[str, Colour] = {
    "navy": (34, 42, 76),
    "black": (32, 32, 34),
    "brown": (96, 66, 44),
    "grey": (74, 76, 80),
    "wine": (104, 28, 48),
    "olive": (70, 78, 40),
}
SHOES: tuple[Colour, ...] = ((28, 28, 30), (206, 204, 200), (84, 52, 34))
SKINS: tuple[Colour, ...] = ((226, 178, 148), (198, 146, 112), (146, 98, 70), (98, 64, 46))
HAIRS: tuple[Colour, ...] = ((32, 24, 22), (74, 48, 32), (124, 88, 52), (112, 52, 30))


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    look: Look
    clothes: str  # in words


@dataclass(frozen=True, slots=True)
class Visit:
    """One person crosses one camera."""

    person: Person
    room: Room
    begin: float  # seconds of the clip
    end: float
    to_the_right: bool
    foot: tuple[float, float]  # where the feet are at begin and end: fraction of the picture's height

    def at(self, time: float, size: tuple[int, int]) -> tuple[float, float, float]:
        """Where the feet are, x and y in pixels, and how tall the person is."""
        done = (time - self.begin) / (self.end - self.begin)
        foot = self.foot[0] + done * (self.foot[1] - self.foot[0])
        tall = self.person.look.height * self.room.pixels_per_metre(foot, size[1])
        reach = size[0] / 2 + 0.4 * tall  # out of the picture at both ends
        x = size[0] / 2 + (2 * done - 1) * reach * (1 if self.to_the_right else -1)
        return x, foot * size[1], tall

    def cycles(self, time: float, size: tuple[int, int]) -> float:
        """How many gait cycles since the begin."""
        way = abs(self.at(time, size)[0] - self.at(self.begin, size)[0])
        stride = STRIDE * (self.at(self.begin, size)[2] + self.at(self.end, size)[2]) / 2
        return way / stride


@dataclass(frozen=True, slots=True)
class Seen:
    """A person in one picture."""

    person: str
    box: Box  # of what is inside the picture
    visible: float  # 0 to 1: the part that neither the picture's edge nor somebody else hides


def cast(rng: np.random.Generator) -> tuple[Person, ...]:
    """Five people, no two with a top of the same colour."""
    tops = rng.permutation(list(TOPS))[:6]
    legs = rng.permutation(list(LEGS))
    people = []
    for number in range(5):
        top, stripe = str(tops[number]), str(tops[5]) if number == 3 else None
        skirt, bag = number == 1, number == 2
        look = Look(
            height=float(rng.uniform(1.62, 1.86)) - 0.06 * skirt,
            build=float(rng.uniform(0.94, 1.16)),
            skin=SKINS[rng.integers(len(SKINS))],
            hair=HAIRS[rng.integers(len(HAIRS))],
            top=TOPS[top],
            stripe=TOPS[stripe] if stripe else None,
            legs=LEGS[str(legs[number])],
            shoes=SHOES[rng.integers(len(SHOES))],
            bag=TOPS[str(rng.choice(["black", "blue", "red"]))] if bag else None,
            long_hair=skirt or number == 4,
            long_sleeves=bool(rng.integers(2)),
            skirt=skirt,
        )
        words = f"{top}{f' and {stripe}' if stripe else ''} top, {legs[number]} {'skirt' if skirt else 'trousers'}"
        people.append(Person(f"person-{number + 1}", look, words + (", backpack" if bag else "")))
    return tuple(people)


def schedule(
    people: tuple[Person, ...], seconds: float, size: tuple[int, int], rng: np.random.Generator
) -> list[Visit]:
    """Three people cross both cameras, one only the door, one only the hall; others meet on the way."""
    door, hall = ROOMS
    visits: list[Visit] = []
    for wave in range(int(seconds / WAVE_SECONDS) + 1):
        start = wave * WAVE_SECONDS
        first, second, third, only_door, only_hall = (people[i] for i in rng.permutation(len(people)))
        way = bool(rng.integers(2))
        for person, delay, right in ((first, 0.2, way), (second, 1.7, not way), (third, 7.4, way)):
            out = _visit(person, door, start + delay, right, size, rng)
            travel = float(rng.uniform(2.2, 3.0))
            visits += [out, _visit(person, hall, out.end + travel, right != (person is second), size, rng)]
        visits.append(_visit(only_door, door, start + 5.2, not way, size, rng))
        visits.append(_visit(only_hall, hall, start + 5.6, not way, size, rng))
    return [visit for visit in visits if visit.begin < seconds]


def _visit(
    person: Person, room: Room, begin: float, right: bool, size: tuple[int, int], rng: np.random.Generator
) -> Visit:
    nearest = 0.93 - room.far - 0.12
    foot = room.far + 0.12 + nearest * float(rng.uniform(0, 1))
    drift = float(rng.uniform(-0.05, 0.05))
    tall = person.look.height * room.pixels_per_metre(foot, size[1])
    metres = (size[0] + 0.8 * tall) / tall * person.look.height
    return Visit(
        person, room, begin, begin + metres / float(rng.uniform(1.35, 1.6)), right, (foot - drift, foot + drift)
    )


def film(
    room: Room, visits: Sequence[Visit], seconds: float, fps: float, size: tuple[int, int], rng: np.random.Generator
) -> Iterator[tuple[Image, list[Seen]]]:
    """The pictures of one camera, in order, with who is in each."""
    empty = backdrop(room, size, rng)
    here = [visit for visit in visits if visit.room is room]
    drawn: dict[Visit, dict[int, Sprite]] = {}  # by phase; of those who are here
    for index in range(round(seconds * fps)):
        time = index / fps
        now = sorted(
            (visit for visit in here if visit.begin <= time < visit.end), key=lambda visit: visit.at(time, size)[1]
        )
        drawn = {visit: drawn.get(visit, {}) for visit in now}
        scene, owner = empty.copy(), np.full(empty.shape[:2], -1, dtype=np.int16)
        wholes = [_place(visit, time, size, drawn[visit], scene, owner, number) for number, visit in enumerate(now)]
        seen = []
        for number, (visit, (box, whole)) in enumerate(zip(now, wholes, strict=True)):
            if box:
                seen.append(Seen(visit.person.id, box, min(float((owner == number).sum()) / whole, 1.0)))
        yield develop(scene, room, size, rng), seen


def _place(
    visit: Visit, time: float, size: tuple[int, int], drawn: dict[int, Sprite], scene: Image, owner: Owner, number: int
) -> tuple[Box | None, float]:
    """Paints a person into the scene; the box in the picture, and the pixels of the scene that the whole figure has."""
    x, y, tall = (value * SUPERSAMPLING for value in visit.at(time, size))
    phase = int(visit.cycles(time, size) * PHASES) % PHASES
    if phase not in drawn:
        drawn[phase] = _draw(visit, phase, size)
    sprite = drawn[phase]
    _shadow(scene, x, y, tall)
    scale = tall / sprite.height
    left, top = floor(x - scale * sprite.foot[0]), floor(y - scale * sprite.foot[1])
    size_there = (ceil(sprite.alpha.shape[1] * scale) + 1, ceil(sprite.alpha.shape[0] * scale) + 1)
    shift = np.array([[scale, 0, x - scale * sprite.foot[0] - left], [0, scale, y - scale * sprite.foot[1] - top]])
    alpha = cv2.warpAffine(sprite.alpha, shift, size_there)
    colour = cv2.warpAffine(sprite.colour, shift, size_there)
    # the part of it that is in the scene
    rows = _inside(top, size_there[1], scene.shape[0])
    columns = _inside(left, size_there[0], scene.shape[1])
    window = (slice(top + rows.start, top + rows.stop), slice(left + columns.start, left + columns.stop))
    whole, alpha, colour = float((alpha > 0.5).sum()), alpha[rows, columns], colour[rows, columns]
    scene[window] = (scene[window] * (1 - alpha[..., None]) + colour).astype(np.uint8)
    solid = alpha > 0.5
    owner[window][solid] = number
    down, across = (
        np.flatnonzero(solid.any(axis=1)) + window[0].start,
        np.flatnonzero(solid.any(axis=0)) + window[1].start,
    )
    if not down.size:
        return None, whole
    sides = (across[0], down[0], across[-1] + 1, down[-1] + 1)
    return Box(*(float(side) / SUPERSAMPLING for side in sides)), whole


def _inside(start: int, length: int, limit: int) -> slice:
    """The part of `length` pixels, laid down at `start`, that lies within 0 to `limit`."""
    begin = max(-start, 0)
    return slice(begin, max(min(length, limit - start), begin))


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
