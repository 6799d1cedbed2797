"""Who walks: five people in distinct clothes, drawn by lot."""

from dataclasses import dataclass

import numpy as np

from reid_core.synth.figure import Colour, Look

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
