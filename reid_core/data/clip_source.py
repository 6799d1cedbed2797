"""Tracklets -> batches of clips: sparse pictures for appearance, dense poses and silhouettes over the same time."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from reid_core.data.annotations import Annotations
from reid_core.data.augment import (
    AugmentOptions,
    Change,
    change_labels,
    change_mask,
    change_picture,
    change_visibility,
    change_world,
    draw,
)
from reid_core.data.batches import ClipBatch
from reid_core.data.clips import CHUNK, Indices, chunks, clips_of_test, dense_window, training_clip
from reid_core.data.damaged import Damaged, read_one
from reid_core.data.decode import read_picture
from reid_core.data.sampler import Draw
from reid_core.data.samples import Integers, Numbering, Sample, label_arrays
from reid_core.data.transforms import resize, resize_labels, resize_mask, to_inputs
from reid_core.errors import DataSetInvalid
from reid_core.models.asgl_inputs import Clip, ClipShape, collate
from reid_core.pose.gaps import PoseSequence, without_gaps
from reid_core.records import Image

Floats = NDArray[np.float32]

_log = logging.getLogger("restride.data")


@dataclass(frozen=True, slots=True)
class ClipWants:
    """What a network takes."""

    shape: ClipShape
    stride: int = 4  # frames between two pictures of a clip
    parsing: bool = False  # of the pictures for appearance


@dataclass(frozen=True, slots=True, eq=False)
class ClipList:
    """Which clips there are to make."""

    samples: tuple[Sample, ...]  # the tracklet, or the piece of it, that each clip is taken from
    tracklets: Integers  # where that tracklet stands in the list that was given
    frames: tuple[Indices, ...] | None = None  # of each clip; None: drawn anew each time

    def __len__(self) -> int:
        return len(self.samples)


def training_clips(samples: Sequence[Sample], length: int = CHUNK) -> ClipList:
    """A clip a piece of a tracklet; the sampler draws from its `samples`."""
    pieces = [(i, piece) for i, sample in enumerate(samples) for piece in chunks(len(sample.paths), length)]
    return ClipList(
        tuple(replace(samples[i], paths=samples[i].paths[piece.start : piece.stop]) for i, piece in pieces),
        np.array([i for i, _ in pieces], dtype=np.int64),
    )


def clips_to_test(samples: Sequence[Sample], wants: ClipWants) -> ClipList:
    """All clips of all tracklets; their features are averaged by ClipBatch.samples."""
    clips = [
        (i, frames)
        for i, sample in enumerate(samples)
        for frames in clips_of_test(len(sample.paths), wants.shape.frames, wants.stride)
    ]
    return ClipList(
        tuple(samples[i] for i, _ in clips),
        np.array([i for i, _ in clips], dtype=np.int64),
        tuple(frames for _, frames in clips),
    )


@dataclass(frozen=True, slots=True)
class ClipSource:
    clips: ClipList
    numbering: Numbering
    wants: ClipWants
    annotations: Annotations | None = None
    augment: AugmentOptions | None = None  # None: no chances are taken, as in a test
    seed: int = 0
    damaged: Damaged = "refuse"  # unless refused, a clip keeps the frames that can be read

    def __len__(self) -> int:
        return len(self.clips)

    def batch(self, draws: Sequence[Draw]) -> ClipBatch | None:
        """None where all of them are damaged and left out."""
        items = [item for each in draws if (item := self._item(each)) is not None]
        if not items:
            return None
        places = [place for place, _ in items]
        persons, cameras, clothes = label_arrays([self.clips.samples[place] for place in places], self.numbering)
        return ClipBatch(
            inputs=collate([clip for _, clip in items], self.wants.shape),
            persons=torch.from_numpy(persons),
            clothes=torch.from_numpy(clothes),
            cameras=torch.from_numpy(cameras),
            samples=torch.from_numpy(self.clips.tracklets[places]),
        )

    def _item(self, each: Draw) -> tuple[int, Clip] | None:
        rng = each.rng(self.seed)
        read = read_one(self.clips.samples, each.sample, self.damaged, lambda place: self._read(place, rng))
        if read is None:
            return None
        place, (frames, shown) = read
        shape, paths = self.wants.shape, self.clips.samples[place].paths
        height, width = shape.height, shape.width
        change = draw(self.augment, height, width, rng) if self.augment else Change(height, width)
        changed = [change_picture(change, resize(picture, height, width)) for _, picture in shown]
        return place, Clip(
            frames=to_inputs(changed, height, width),
            poses=self._poses(change, paths, frames),
            silhouettes=self._silhouettes(change, paths, frames),
            parsing=[self._labels(change, paths[frame]) for frame, _ in shown] if self.wants.parsing else (),
        )

    def _read(self, place: int, rng: np.random.Generator) -> tuple[Indices, list[tuple[int, Image]]]:
        """The frames of a clip, and those of them that can be read; a frame that is shown twice is twice in it."""
        paths = self.clips.samples[place].paths
        if self.clips.frames is None:
            frames = training_clip(len(paths), self.wants.shape.frames, self.wants.stride, rng)
        else:
            frames = self.clips.frames[place]
        pictures: dict[int, Image] = {}
        faults: list[str] = []
        for frame in dict.fromkeys(frames.tolist()):
            try:
                pictures[frame] = read_picture(paths[frame])
            except DataSetInvalid as error:
                if self.damaged == "refuse":
                    raise
                faults.append(str(error))
        if not pictures:
            raise DataSetInvalid(f"{paths[0].parent}: none of {len(faults)} frames of a clip can be read: {faults[0]}")
        for fault in faults:
            _log.warning("skipped: %s", fault)
        return frames, [(frame, pictures[frame]) for frame in frames.tolist() if frame in pictures]

    def _poses(self, change: Change, paths: Sequence[Path], frames: Indices) -> PoseSequence | None:
        if self.annotations is None or not self.wants.shape.poses:
            return None
        dense = dense_window(len(paths), frames, self.wants.shape.poses)
        poses = without_gaps([self.annotations.pose(paths[i]) for i in dense], dense.astype(np.float64))
        if poses is None:
            return None
        return PoseSequence(
            change_world(change, poses.world),
            poses.image,  # of the pictures as they lie on disk; no network of clips takes it
            change_visibility(change, poses.visibility),
            poses.found,
        )

    def _labels(self, change: Change, path: Path) -> NDArray[np.uint8] | None:
        labels = self.annotations.parsing(path) if self.annotations else None
        return None if labels is None else change_labels(change, resize_labels(labels, change.height, change.width))

    def _silhouettes(self, change: Change, paths: Sequence[Path], frames: Indices) -> list[Floats | None]:
        shape = self.wants.shape
        if self.annotations is None or not shape.silhouettes:
            return []
        masks = [self.annotations.silhouette(paths[i]) for i in dense_window(len(paths), frames, shape.silhouettes)]
        height, width = shape.silhouette_height, shape.silhouette_width
        return [None if mask is None else change_mask(change, resize_mask(mask, height, width)) for mask in masks]
