"""Where a person cannot be: in two places at once, or somewhere sooner than the way there takes. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from reid_core.options import Options

Seconds = Annotated[float, Meta(ge=0)]


class Travel(Options, frozen=True, rename={"origin": "from", "destination": "to"}):
    """How long the way from one camera's view into another's takes; the way back is a Travel of its own."""

    origin: str  # the camera that is left
    destination: str  # the camera that is reached
    at_least_seconds: Seconds = 0.0  # nobody is faster
    at_most_seconds: Seconds | None = None  # of people who go straight from the one to the other; null: no limit

    def __post_init__(self) -> None:
        if self.at_most_seconds is not None and self.at_most_seconds < self.at_least_seconds:
            raise ValueError("expected at_least_seconds to be at most at_most_seconds")


class Topology(Options, frozen=True):
    overlapping: tuple[tuple[str, str], ...] = ()  # pairs of cameras that can see one person at the same time
    travel: tuple[Travel, ...] = ()  # ways between cameras; of others, any time is possible
    clock_tolerance_seconds: Seconds = 0.5  # by how much the clocks of two cameras may differ


@dataclass(frozen=True, slots=True)
class Presence:
    """Somebody was before a camera, from begin to end: one track, as far as it is known."""

    camera: str
    begin: float
    end: float

    def extended(self, other: "Presence") -> "Presence":
        return Presence(self.camera, min(self.begin, other.begin), max(self.end, other.end))


def possible(here: Presence, presences: Iterable[Presence], topology: Topology) -> bool:
    """Whether whoever was at `presences` can be at `here` too; both may come late and in any order."""
    others = sorted(presences, key=lambda each: (each.end, each.begin, each.camera))
    if any(_at_once(here, each, topology) or _too_soon(here, each, topology) for each in others):
        return False
    return _straight_way_taken(here, others, topology)


def _at_once(here: Presence, other: Presence, topology: Topology) -> bool:
    shared = min(here.end, other.end) - max(here.begin, other.begin)
    if here.camera == other.camera:
        return shared >= 0.0  # two tracks in one frame are two people
    return shared > topology.clock_tolerance_seconds and not _overlap(here.camera, other.camera, topology)


def _overlap(a: str, b: str, topology: Topology) -> bool:
    return (a, b) in topology.overlapping or (b, a) in topology.overlapping


def _too_soon(here: Presence, other: Presence, topology: Topology) -> bool:
    first, second = sorted((here, other), key=lambda each: (each.begin, each.end, each.camera))
    travel = _travel(first, second, topology)
    return travel is not None and (
        second.begin - first.end < travel.at_least_seconds - topology.clock_tolerance_seconds
    )


def _straight_way_taken(here: Presence, others: Sequence[Presence], topology: Topology) -> bool:
    """An upper limit says nothing of who was elsewhere in between: only the sightings next in time are asked."""
    before = [each for each in others if each.end <= here.begin]
    after = [each for each in others if each.begin >= here.end]
    ways = []
    if before:
        ways.append((before[-1], here))
    if after:
        ways.append((here, min(after, key=lambda each: (each.begin, each.end, each.camera))))
    for first, second in ways:
        travel = _travel(first, second, topology)
        if travel is not None and travel.at_most_seconds is not None:
            latest = first.end + travel.at_most_seconds + topology.clock_tolerance_seconds
            if second.begin > latest:
                return False
    return True


def _travel(first: Presence, second: Presence, topology: Topology) -> Travel | None:
    for travel in topology.travel:
        if (travel.origin, travel.destination) == (first.camera, second.camera):
            return travel
    return None
