"""Which batches a system is fed, as it says itself: clips of the shape `clip`, or pictures of the shape `picture`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from reid_core.data.annotations import Annotations
from reid_core.data.augment import AugmentOptions
from reid_core.data.batches import ClipBatch, ImageBatch
from reid_core.data.clip_source import ClipSource, ClipWants, clips_to_test, training_clips
from reid_core.data.damaged import Damaged
from reid_core.data.image_source import ImageSource, ImageWants
from reid_core.data.loader import Loader
from reid_core.data.sampler import Draw
from reid_core.data.samples import DataSet, Kind, Numbering, Sample
from reid_core.errors import ConfigInvalid
from reid_core.models.asgl_inputs import ClipShape
from reid_core.models.image_inputs import PictureShape
from reid_core.pose.heatmaps import BODY_COUNT, joint_heatmaps, to_body_maps
from reid_core.pose.skeleton import JOINT_COUNT

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Feed:
    """How samples become what a system takes, in training and in testing alike."""

    wants: ImageWants | ClipWants
    numbering: Numbering
    annotations: Annotations | None = None

    def to_train(
        self, samples: Sequence[Sample], augment: AugmentOptions, seed: int, damaged: Damaged
    ) -> tuple[ImageSource | ClipSource, Sequence[Sample]]:
        """The source, and the samples that its sampler draws from: of videos, pieces of tracklets."""
        if isinstance(self.wants, ImageWants):
            return self._pictures(samples, augment, seed, damaged), samples
        clips = training_clips(samples)
        source = ClipSource(clips, self.numbering, self.wants, self.annotations, augment, seed, damaged)
        return source, clips.samples

    def to_test(self, samples: Sequence[Sample], *, flip: bool = False, damaged: Damaged) -> ImageSource | ClipSource:
        """All of them; `flip`: mirrored, with all that goes with them."""
        mirror = AugmentOptions(flip=1.0, pad=0) if flip else None
        if isinstance(self.wants, ImageWants):
            return self._pictures(samples, mirror, 0, damaged)
        clips = clips_to_test(samples, self.wants)
        return ClipSource(clips, self.numbering, self.wants, self.annotations, mirror, 0, damaged)

    def _pictures(
        self, samples: Sequence[Sample], augment: AugmentOptions | None, seed: int, damaged: Damaged
    ) -> ImageSource:
        assert isinstance(self.wants, ImageWants)
        return ImageSource(samples, self.numbering, self.wants, self.annotations, augment, seed, damaged)


def batches(
    source: ImageSource | ClipSource, steps: Sequence[Sequence[Draw]], workers: int
) -> Iterable[ImageBatch] | Iterable[ClipBatch]:
    """Of these steps in order, made ahead by so many processes."""
    if isinstance(source, ImageSource):
        return Loader(source, steps, workers)
    return Loader(source, steps, workers)


def wants_of(name: str, system: nn.Module, kind: Kind, stride: int) -> ImageWants | ClipWants:
    """`name` of the system, for the message; `stride`: frames between two pictures of a clip."""
    clip, picture = getattr(system, "clip", None), getattr(system, "picture", None)
    parsing = bool(getattr(system, "wants_parsing", False))
    if isinstance(clip, ClipShape):
        if kind == "image":
            raise ConfigInvalid(f"{name} looks at clips, but the data set holds single pictures; choose one of videos")
        return ClipWants(clip, stride, parsing)
    if isinstance(picture, PictureShape):
        joints = int(getattr(system, "heatmap_joints", 0))
        heatmaps = partial(_heatmaps, joints, picture.height, picture.width) if joints else None
        _check_joints(name, joints)
        return ImageWants(picture.height, picture.width, parsing=parsing, heatmaps=heatmaps)
    raise ConfigInvalid(f"networks {name}: says neither by `clip` nor by `picture` what it takes; it is no system")


def annotations_of(data: DataSet, folder: Path | None, wants: ImageWants | ClipWants, key: str) -> Annotations | None:
    """`key` begins the message about a folder that is not there, which says how to make it."""
    if folder is None:
        return None
    if not folder.is_dir():
        raise ConfigInvalid(
            f"{key}: no folder {folder}; make it by `restride-lab data annotate {data.name} {data.root} --cache "
            f"{folder}{_asked(wants)}`, or leave it out"
        )
    return Annotations(data.root, folder)


def _asked(wants: ImageWants | ClipWants) -> str:
    """What annotations the system looks at, as options of the command that makes them."""
    if isinstance(wants, ImageWants):
        poses, parsing = wants.heatmaps is not None, wants.parsing
    else:
        poses, parsing = wants.shape.poses > 0, wants.parsing or wants.shape.silhouettes > 0
    return " --pose mediapipe" * poses + " --parser pose" * parsing


def _check_joints(name: str, joints: int) -> None:
    if joints not in (0, BODY_COUNT, JOINT_COUNT):
        raise ConfigInvalid(
            f"networks {name}: joints: {joints} heatmaps, but annotations hold our skeleton; "
            f"use {BODY_COUNT} or {JOINT_COUNT}"
        )


def _heatmaps(joints: int, height: int, width: int, points: Floats, visibility: Floats) -> Floats:
    maps = joint_heatmaps(points, visibility, height, width)
    return to_body_maps(maps) if joints == BODY_COUNT else maps
