"""Who crosses which camera when: a first small world of two rooms."""

from dataclasses import dataclass

import numpy as np

from reid_core.synth.figure import STRIDE
from reid_core.synth.people import Person
from reid_core.synth.room import ROOMS, Room

WAVE_SECONDS = 20.5  # everybody comes by once a wave
NEAREST = 0.93  # where feet may stand at most, as a fraction of the picture's height
FROM_WALL = 0.12  # how far below the wall they must stand, likewise


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
    foot = float(rng.uniform(room.far + FROM_WALL, NEAREST))
    drift = float(rng.uniform(-0.05, 0.05))  # nearer, or farther, on the way
    tall = person.look.height * room.pixels_per_metre(foot, size[1])
    metres = (size[0] + 0.8 * tall) / tall * person.look.height
    end = begin + metres / float(rng.uniform(1.35, 1.6))  # metres a second
    return Visit(person, room, begin, end, right, (foot - drift, foot + drift))
