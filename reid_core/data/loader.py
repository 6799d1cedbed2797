"""Batches in order, made ahead by worker processes; what is in them does not depend on how many there are."""

from collections.abc import Iterator, Sequence
from typing import Generic, Protocol, TypeVar

import cv2
import torch
from torch.utils.data import DataLoader, Dataset

from reid_core.data.batches import ClipBatch, ImageBatch
from reid_core.data.sampler import Draw
from reid_core.errors import DataSetInvalid

Batch_co = TypeVar("Batch_co", ImageBatch, ClipBatch, covariant=True)
Batch = TypeVar("Batch", ImageBatch, ClipBatch)


class Source(Protocol[Batch_co]):
    """ImageSource or ClipSource."""

    def __len__(self) -> int: ...
    def batch(self, draws: Sequence[Draw]) -> Batch_co | None: ...


def in_order(count: int, batch_size: int) -> list[list[Draw]]:
    """Everything once: the steps of a test."""
    return [
        [Draw(i, 0, step, i - begin) for i in range(begin, min(begin + batch_size, count))]
        for step, begin in enumerate(range(0, count, batch_size))
    ]


class _Steps(Dataset[Batch | DataSetInvalid | None], Generic[Batch]):
    def __init__(self, source: Source[Batch], steps: Sequence[Sequence[Draw]]) -> None:
        self._source: Source[Batch] = source
        self._steps = steps

    def __len__(self) -> int:
        return len(self._steps)

    def __getitem__(self, step: int) -> Batch | DataSetInvalid | None:
        try:
            batch: Batch | None = self._source.batch(self._steps[step])
            return batch
        except DataSetInvalid as error:  # handed over as a value: torch would wrap it into a page of traceback
            return error


class Loader(Generic[Batch]):
    """The batches of these steps: `IdentitySampler.epoch(...)` to train, `in_order(...)` to test."""

    def __init__(self, source: Source[Batch], steps: Sequence[Sequence[Draw]], workers: int = 0) -> None:
        self._count = len(steps)
        self._loader: DataLoader[Batch | DataSetInvalid | None] = DataLoader(
            _Steps(source, steps),
            batch_size=None,
            num_workers=workers,
            collate_fn=_as_it_is,
            worker_init_fn=_one_thread,
            generator=torch.Generator(),  # its own, so that loading takes no number out of training's chances
        )

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Batch]:
        for batch in self._loader:
            if isinstance(batch, DataSetInvalid):
                raise batch
            if batch is not None:  # all of it was damaged and left out
                yield batch


def _as_it_is(batch: Batch) -> Batch:
    return batch


def _one_thread(worker: int) -> None:
    del worker
    cv2.setNumThreads(0)  # the workers are the threads
