"""Distances between features in chunks of queries (memory stays bounded), and averages of features."""

from collections.abc import Iterator
from enum import Enum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reid_core.errors import DataSetInvalid
from reid_core.evaluation.labels import Integers

Features = NDArray[np.float32]  # (N, dimension)
Distances = NDArray[np.float32]  # (queries, gallery): down = better

CHUNK_BYTES = 64 * 2**20  # of distances at a time; fewer rows would let BLAS read the whole gallery for little


class Metric(Enum):
    COSINE = "cosine"
    EUCLIDEAN = "euclidean"


def distance_chunks(
    queries: Features, gallery: Features, metric: Metric = Metric.COSINE, chunk_bytes: int = CHUNK_BYTES
) -> Iterator[Distances]:
    """The rows of the (queries, gallery) matrix in order, a few at a time."""
    _check(queries, "queries")
    _check(gallery, "gallery")
    if queries.shape[1] != gallery.shape[1]:
        raise DataSetInvalid(
            f"features: queries have {queries.shape[1]} dimensions, the gallery has {gallery.shape[1]}; "
            f"both must come from one model"
        )
    return _cosine(queries, gallery, chunk_bytes) if metric is Metric.COSINE else _euclid(queries, gallery, chunk_bytes)


def distances(queries: Features, gallery: Features, metric: Metric = Metric.COSINE) -> Distances:
    """The whole matrix at once: for few queries."""
    rows = list(distance_chunks(queries, gallery, metric))
    return np.concatenate(rows) if rows else np.empty((0, len(gallery)), dtype=np.float32)


def row_chunks(rows: int, columns: int, chunk_bytes: int = CHUNK_BYTES) -> Iterator[slice]:
    """Slices of rows, each of at most so many bytes of float32 and at least one row."""
    step = max(1, chunk_bytes // (4 * max(1, columns)))
    for begin in range(0, rows, step):
        yield slice(begin, min(rows, begin + step))


def unit(features: Features) -> Features:
    """Each row scaled to length one; a row of zeros stays as it is."""
    lengths = np.sqrt(np.einsum("nd,nd->n", features, features))[:, None]
    return np.asarray(features / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def average_flip(features: Features, flipped: Features) -> Features:
    """Of images and of their mirror images: the sum of the un-normalised features, then unit length."""
    if features.shape != flipped.shape:
        raise DataSetInvalid(f"features: {features.shape} of images, {flipped.shape} of their mirror images")
    return unit(features + flipped)


def average_clips(features: Features, tracklets: ArrayLike, count: int) -> Features:
    """The mean of the un-normalised features of each tracklet's clips, then unit length.

    `tracklets` (clips,) says which of the `count` tracklets each clip is of.
    """
    owners: Integers = np.asarray(tracklets, dtype=np.int64)
    if owners.shape != features.shape[:1]:
        raise DataSetInvalid(f"features: {len(features)} clips, but owners of {owners.shape}")
    clips = np.bincount(owners, minlength=count) if owners.size else np.zeros(count, dtype=np.int64)
    if len(clips) != count or not clips.all():
        without = int(np.count_nonzero(clips[:count] == 0))
        raise DataSetInvalid(f"features: expected clips of each of {count} tracklets, found {without} without any")
    order = np.argsort(owners, kind="stable")
    starts = np.cumsum(clips) - clips
    totals = np.add.reduceat(features[order].astype(np.float64), starts, axis=0) if count else features[:0]
    return unit((totals / clips[:, None]).astype(np.float32))


def _cosine(queries: Features, gallery: Features, chunk_bytes: int) -> Iterator[Distances]:
    queries, across = unit(queries), unit(gallery).T
    for rows in row_chunks(len(queries), across.shape[1], chunk_bytes):
        chunk = queries[rows] @ across
        yield np.subtract(1, chunk, out=chunk)


def _euclid(queries: Features, gallery: Features, chunk_bytes: int) -> Iterator[Distances]:
    across, squares = gallery.T, np.einsum("nd,nd->n", gallery, gallery)
    for rows in row_chunks(len(queries), len(gallery), chunk_bytes):
        mine = queries[rows]
        chunk = (-2 * mine) @ across
        chunk += squares
        chunk += np.einsum("nd,nd->n", mine, mine)[:, None]
        np.maximum(chunk, 0, out=chunk)  # rounding may leave less than nothing
        yield np.sqrt(chunk, out=chunk)


def _check(features: Features, whose: str) -> None:
    if features.ndim != 2 or features.dtype != np.float32:
        raise DataSetInvalid(
            f"features of {whose}: expected (N, dimension) float32, found {features.shape} {features.dtype}"
        )
    odd = sum(int(np.count_nonzero(~np.isfinite(features[rows]).all(axis=1))) for rows in row_chunks(*features.shape))
    if odd:
        raise DataSetInvalid(f"features of {whose}: {odd} of {len(features)} hold NaN or infinity")
