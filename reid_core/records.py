"""What flows: Frame -> Detection -> Track -> Tracklet -> TrackletEmbedding -> IdentityEvent.

Times are seconds since 1970, UTC. Scores: up is better. Each record is made by one stage and read by the next.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from math import isfinite
from typing import NewType

import numpy as np
from numpy.typing import NDArray

from reid_core.errors import RecordInvalid
from reid_core.geometry import Box

CameraId = NewType("CameraId", str)
Epoch = NewType("Epoch", str)  # boot id of a source connection, or of an event log
TrackNumber = NewType("TrackNumber", int)  # unique within one camera and epoch
IdentityId = NewType("IdentityId", str)

Image = NDArray[np.uint8]  # (height, width, 3) RGB
Vector = NDArray[np.float32]  # (dimension,) of unit length


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    camera: CameraId
    epoch: Epoch
    index: int  # counts the frames of this epoch from 0; a gap means that frames were dropped
    time: float  # when it was captured
    image: Image  # read-only

    def __post_init__(self) -> None:
        _check_picture(self.image, f"camera {self.camera}")


def _check_picture(image: Image, whose: str) -> None:
    """Also makes it read-only: what flows is shared between stages and threads."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise RecordInvalid(
            f"{whose}: expected a picture of (height, width, 3) uint8, found {image.shape} {image.dtype}"
        )
    image.setflags(write=False)


@dataclass(frozen=True, slots=True)
class Detection:
    box: Box
    score: float


def _check_span(begin: float, end: float, whose: str) -> None:
    if not (begin <= end and isfinite(end - begin)):  # NaN fails too
        raise RecordInvalid(f"{whose}: begins at {begin}, ends at {end}")


class TrackState(Enum):
    TENTATIVE = "tentative"  # seen too few times to be believed
    CONFIRMED = "confirmed"
    LOST = "lost"  # not seen in this frame; the box is a prediction


@dataclass(frozen=True, slots=True)
class Track:
    """One person in one frame."""

    id: TrackNumber
    camera: CameraId
    time: float
    box: Box
    score: float
    state: TrackState


@dataclass(frozen=True, slots=True, order=True)
class TrackletId:
    camera: CameraId
    epoch: Epoch
    track: TrackNumber
    part: int  # counts the pieces of one track from 0

    def __str__(self) -> str:
        return f"{self.camera}/{self.epoch}/{self.track}/{self.part}"

    @classmethod
    def parse(cls, text: str) -> "TrackletId":
        found = re.fullmatch(r"([^/]+)/([^/]+)/([0-9]{1,18})/([0-9]{1,18})", text)  # 18 digits fit every store
        if found is None or not text.isprintable():
            raise RecordInvalid(f"tracklet id {text[:200]!r}: expected camera/epoch/track/part")
        camera, epoch, track, part = found.groups()
        return cls(CameraId(camera), Epoch(epoch), TrackNumber(int(track)), int(part))


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One crop of a tracklet."""

    time: float
    crop: Image  # read-only
    box: Box  # where the crop was in its frame
    score: float  # the detector's
    quality: float  # 0 to 1: sharp, large, unoccluded
    best: bool = False  # one of the few that appearance should look at

    def __post_init__(self) -> None:
        _check_picture(self.crop, "shot")


@dataclass(frozen=True, slots=True, eq=False)
class Tracklet:
    """One piece of a track, closed: shots regular in time, dense enough for gait."""

    id: TrackletId
    shots: tuple[Shot, ...]
    begin: float
    end: float

    def __post_init__(self) -> None:
        _check_span(self.begin, self.end, f"tracklet {self.id}")

    @property
    def camera(self) -> CameraId:
        return self.id.camera


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """The 14 joints of one shot; the order is reid_core.pose.skeleton's."""

    world: NDArray[np.float32]  # (14, 3) metres, pelvis-centred; x right, y down, z away from the camera
    image: NDArray[np.float32]  # (14, 2) x, y in pixels of the crop
    visibility: NDArray[np.float32]  # (14,) 0 to 1


@dataclass(frozen=True, slots=True)
class ModelId:
    """Which network made a vector. Vectors compare only within one ModelId."""

    name: str
    version: str
    hash: str  # of the weights and of what else changes the vectors

    def __str__(self) -> str:
        return f"{self.name}:{self.version}:{self.hash}"


@dataclass(frozen=True, slots=True, eq=False)
class Cue:
    """What one way of looking says: appearance, shape, gait, or all of them fused."""

    vector: Vector
    reliability: float = 1.0  # 0 to 1; a cue that says nothing weighs nothing

    def __post_init__(self) -> None:
        if self.vector.dtype != np.float32 or self.vector.ndim != 1 or not self.vector.size:
            raise RecordInvalid(
                f"cue: expected a float32 vector, found {self.vector.dtype} of shape {self.vector.shape}"
            )
        length = float(np.linalg.norm(self.vector.astype(np.float64)))  # float32 squares overflow
        if not abs(length - 1.0) < 1e-3:  # NaN fails too
            raise RecordInvalid(f"cue: expected a vector of unit length, found length {length:.4g}")
        if not 0.0 <= self.reliability <= 1.0:
            raise RecordInvalid(f"cue: expected a reliability of 0 to 1, found {self.reliability}")
        self.vector.setflags(write=False)


FUSED = "fused"  # the cue that every embedding has


@dataclass(frozen=True, slots=True, eq=False)
class TrackletEmbedding:
    tracklet: TrackletId
    begin: float
    end: float
    branch: str
    model: ModelId
    cues: Mapping[str, Cue]  # FUSED, and what it was made of
    quality: float  # 0 to 1, of the shots behind it
    shots: int  # how many there were

    def __post_init__(self) -> None:
        if FUSED not in self.cues:
            raise RecordInvalid(f"embedding of {self.tracklet}: no cue {FUSED!r} among {sorted(self.cues)}")
        _check_span(self.begin, self.end, f"embedding of {self.tracklet}")
        if not 0.0 <= self.quality <= 1.0:
            raise RecordInvalid(f"embedding of {self.tracklet}: expected a quality of 0 to 1, found {self.quality}")
        if self.shots < 0:
            raise RecordInvalid(f"embedding of {self.tracklet}: made of {self.shots} shots")

    @property
    def camera(self) -> CameraId:
        return self.tracklet.camera

    @property
    def fused(self) -> Vector:
        return self.cues[FUSED].vector


class Verdict(Enum):
    MATCH = "match"  # somebody known
    NEW = "new"  # nobody known
    UNSURE = "unsure"  # cannot tell: a provisional identity stands in


class IdentityState(Enum):
    PROVISIONAL = "provisional"
    CONFIRMED = "confirmed"


class EventType(Enum):
    CREATED = "reid.identity.created"
    MATCHED = "reid.identity.matched"
    CONFIRMED = "reid.identity.confirmed"  # provisional until now
    SEEN = "reid.identity.seen"  # a later piece of a track that has its identity already


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a tracklet got its identity."""

    nearest: IdentityId | None  # the identity most alike of those that the rules allow; None when there was none
    score: float  # fused similarity to it, 0 when there was none
    probability: float  # that it is the same person, calibrated
    threshold: float  # the probability that a match needs
    runner_up: IdentityId | None  # the next identity, and how far behind it was
    margin: float | None
    cues: Mapping[str, float]  # similarity by cue
    quality: float
    shots: int

    def __post_init__(self) -> None:
        numbers = (self.score, self.probability, self.threshold, self.margin or 0.0, self.quality, *self.cues.values())
        if not all(map(isfinite, numbers)):
            raise RecordInvalid(f"evidence: expected finite numbers, found {self}")


@dataclass(frozen=True, slots=True)
class IdentityEvent:
    """What subscribers get. No picture and no embedding, ever."""

    type: EventType
    identity: IdentityId
    state: IdentityState
    verdict: Verdict
    tracklet: TrackletId
    begin: float  # of the tracklet
    end: float
    time: float  # when it was decided
    evidence: Evidence
    model: ModelId
    gallery_version: int  # the gallery that the decision was made on
    supersedes: tuple[str, ...] = ()  # ids of events that this one corrects
    source: str = ""  # restride/<namespace>
    epoch: Epoch = Epoch("")  # of the event log; the store fills in this and the sequence
    sequence: int = 0  # counts the events of the log from 1, without a gap

    def __post_init__(self) -> None:
        _check_span(self.begin, self.end, f"event of {self.tracklet}")

    @property
    def id(self) -> str:
        """With the source, the key by which a consumer knows an event again."""
        return f"{self.epoch}-{self.sequence}"


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """A tracklet with its identity: what a gallery is made of."""

    version: int  # of the gallery, once this sighting was in it; counts from 1
    identity: IdentityId
    state: IdentityState
    embedding: TrackletEmbedding


@dataclass(frozen=True, slots=True)
class IdentitySummary:
    identity: IdentityId
    state: IdentityState
    first_seen: float
    last_seen: float
    cameras: tuple[CameraId, ...]
    sightings: int
