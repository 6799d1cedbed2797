"""A trained system and samples -> one feature per sample and cue: clips averaged, mirror images added, length one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from reid_core.data.batches import ClipBatch
from reid_core.data.clip_source import ClipSource
from reid_core.data.feed import Feed, batches
from reid_core.data.image_source import ImageSource
from reid_core.data.loader import in_order
from reid_core.data.samples import Sample, label_arrays
from reid_core.errors import ConfigInvalid, DataSetInvalid, DeviceUnavailable
from reid_core.evaluation.distances import unit
from reid_core.evaluation.labels import Labels
from reid_core.evaluation.retrieve import Embedded
from reid_core.models.asgl_inputs import CueBatch

Totals = dict[str, "_Total"]


@dataclass(frozen=True, slots=True)
class Pass:
    """How samples go through the network; no figure depends on it but for `flip`."""

    device: torch.device
    batch: int = 32  # pictures or clips at a time
    workers: int = 0  # processes that read pictures
    flip: bool = False  # add the feature of the mirror image
    leave_out_damaged: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What a system saw of a list of samples."""

    cues: Mapping[str, Embedded]  # of the samples that could be read
    samples: NDArray[np.int64]  # which those are
    silent: Mapping[str, int]  # of each cue, how many samples it says nothing of


@dataclass(slots=True, eq=False)
class _Total:
    features: NDArray[np.float32]  # (N, D) sums over clips
    clips: NDArray[np.int64]  # (N,) that said something


def embed(
    system: nn.Module, feed: Feed, samples: Sequence[Sample], how: Pass, advance: Callable[[int], None] | None = None
) -> Seen:
    """`advance` is told how many clips or pictures are done. The system is left in evaluation mode."""
    system.eval()
    totals: Totals = {}
    read = np.zeros(len(samples), dtype=np.bool_)
    for flip in (False, True) if how.flip else (False,):
        source = feed.to_test(samples, flip=flip, damaged="leave_out" if how.leave_out_damaged else "refuse")
        _run(system, source, how, totals, read, advance)
    if not read.any():
        raise DataSetInvalid(f"none of {len(samples)} samples can be read")
    labels = Labels(*label_arrays(samples, feed.numbering)).take(read)
    return Seen(
        {name: Embedded(unit(_mean(total)[read]), labels) for name, total in totals.items()},
        np.flatnonzero(read),
        {name: int(np.count_nonzero(total.clips[read] == 0)) for name, total in totals.items()},
    )


def _run(
    system: nn.Module,
    source: ImageSource | ClipSource,
    how: Pass,
    totals: Totals,
    read: NDArray[np.bool_],
    advance: Callable[[int], None] | None,
) -> None:
    for batch in batches(source, in_order(len(source), how.batch), how.workers):
        here = batch.to(how.device)
        try:
            with torch.inference_mode():
                found: Mapping[str, CueBatch] = system(here.inputs if isinstance(here, ClipBatch) else here)
        except torch.OutOfMemoryError as error:
            raise DeviceUnavailable(
                f"{how.device} has not the memory for {how.batch} samples at once; lower --batch"
            ) from error
        places = batch.samples.numpy()
        read[places] = True
        for name, cue in found.items():
            _add(totals, name, cue, places, len(read))
        if advance:
            advance(len(places))


def _add(totals: Totals, name: str, cue: CueBatch, places: NDArray[np.int64], count: int) -> None:
    vectors = cue.vectors.float().cpu().numpy()
    says = cue.reliability.float().cpu().numpy() > 0
    if not np.isfinite(vectors[says]).all():
        raise ConfigInvalid(f"cue {name}: the model answers with NaN or infinity; its training has failed")
    if name not in totals:
        empty = np.zeros((count, vectors.shape[1]), dtype=np.float32)
        totals[name] = _Total(empty, np.zeros(count, dtype=np.int64))
    np.add.at(totals[name].features, places[says], vectors[says])
    np.add.at(totals[name].clips, places[says], 1)


def _mean(total: _Total) -> NDArray[np.float32]:
    """Of clips that said nothing there is nothing to average; a sample without any stays at zero."""
    return np.asarray(total.features / np.maximum(total.clips, 1)[:, None], dtype=np.float32)
