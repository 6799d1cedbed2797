"""The seams. A class fits by its shape; nothing inherits from these.

A plugin is a class with a nested `Options` and `__init__(self, options)`; a source is also given its camera:
`__init__(self, options, camera)`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from reid_core.records import (
    CameraId,
    Detection,
    Epoch,
    Frame,
    IdentityEvent,
    IdentitySummary,
    Image,
    Pose,
    Sighting,
    Track,
    Tracklet,
    TrackletEmbedding,
    TrackletId,
)


class Source(Protocol):
    """One connection to one camera. Each call of frames() opens anew, under a new epoch."""

    @property
    def camera(self) -> CameraId: ...
    @property
    def live(self) -> bool:
        """Frames come by themselves, so who waits loses them; a recording waits for its reader."""
        ...

    def frames(self) -> Iterator[Frame]:
        """Until the source ends. Raises SourceInvalid or SourceUnavailable."""
        ...

    def close(self) -> None:
        """From any thread: frames() stops soon. Safe to call twice."""
        ...


class Detector(Protocol):
    def detect(self, frames: Sequence[Frame]) -> list[list[Detection]]:
        """The people in each frame; the frames may be of several cameras and sizes."""
        ...


class Tracker(Protocol):
    """One instance for one camera and epoch; owns its state and its ids."""

    def update(self, frame: Frame, detections: Sequence[Detection]) -> list[Track]: ...


class PoseEstimator(Protocol):
    """One instance a thread."""

    def estimate(self, tracklet: Tracklet) -> list[Pose | None]:
        """One answer a shot, in order; None where no pose was found, never zeros."""
        ...


class HumanParser(Protocol):
    """One instance a thread."""

    def parse(self, pictures: Sequence[Image], paths: Sequence[Path] | None = None) -> list[NDArray[np.uint8] | None]:
        """(height, width) labels of ATR, 0 to 17, of each picture, in order; None where nobody was found.

        paths: the files that the pictures were read from, for a parser that looks up what another one has written.
        """
        ...


class Branch(Protocol):
    """Tracklets, of all cameras together, to what can be compared. One instance a thread."""

    def embed(self, tracklets: Sequence[Tracklet]) -> list[TrackletEmbedding | None]:
        """One answer a tracklet, in order; None where this branch cannot see."""
        ...


@dataclass(frozen=True, slots=True)
class InputSpec:
    name: str
    shape: tuple[int | None, ...]  # None where the model takes any size


class Session(Protocol):
    """A loaded model on a device: the one seam to it."""

    @property
    def inputs(self) -> Sequence[InputSpec]: ...
    def run(self, arrays: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """One array an input, in order of `inputs`; one an output."""
        ...


Report = Callable[[str, int, int | None], None]  # what is under way, bytes so far, of how many where that is known


class ModelFile(Protocol):
    """Weights that a plugin needs and that do not ship with it. An instance stands under the group `models`."""

    @property
    def name(self) -> str: ...
    @property
    def purpose(self) -> str: ...
    @property
    def licence(self) -> str: ...
    @property
    def sources(self) -> Sequence[str]:
        """Addresses, or "built from ...", in the order in which they are tried."""
        ...

    @property
    def size_bytes(self) -> int:
        """About so many."""
        ...

    @property
    def sha256(self) -> str | None:
        """Of the file as published; None where it is made on this machine only."""
        ...

    def path(self) -> Path | None:
        """Where it lies; None where it was not fetched yet."""
        ...

    def fetch(self, report: Report) -> Path:
        """From the first source that gives it. Raises CheckpointInvalid, which says what to do."""
        ...


class Store(Protocol):
    """The gallery and the event log of one namespace. Raises StoreUnavailable. Safe to share among threads."""

    @property
    def epoch(self) -> Epoch:
        """Made with the event log; another epoch means another log, whose sequence begins again."""
        ...

    def version(self) -> int:
        """Of the gallery: how many sightings were ever committed."""
        ...

    def last_sequence(self) -> int: ...

    def commit(self, embedding: TrackletEmbedding, event: IdentityEvent, expected_version: int) -> IdentityEvent:
        """In one atomic step: the sighting into the gallery, and its event into the log.

        Returns the event as logged. A tracklet that was committed before gives its first event and changes nothing;
        a gallery that is no longer at expected_version raises StoreMoved and changes nothing.
        """
        ...

    def find(self, tracklet: TrackletId) -> IdentityEvent | None: ...

    def sightings(self, after: int, limit: int) -> list[Sighting]:
        """The gallery in order of version, from the one after `after`."""
        ...

    def events(self, after: int, limit: int) -> list[IdentityEvent]:
        """The log in order of sequence, from the one after `after`."""
        ...

    def identities(self) -> list[IdentitySummary]: ...

    def close(self) -> None: ...
