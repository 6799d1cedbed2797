"""Distances in chunks equal the plain formulas; averages of features; bad features are named."""

import numpy as np
import pytest

from reid_core.errors import DataSetInvalid
from reid_core.evaluation.distances import (
    Metric,
    average_clips,
    average_flip,
    distance_chunks,
    distances,
    row_chunks,
    unit,
)


def features(count: int, seed: int, dimension: int = 7) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.random.default_rng(seed).standard_normal((count, dimension), dtype=np.float32)


@pytest.mark.parametrize("metric", Metric)
def test_chunks_equal_the_plain_formula(metric: Metric) -> None:
    mine, theirs = features(9, 0), features(13, 1)
    a, b = mine.astype(np.float64), theirs.astype(np.float64)
    if metric is Metric.COSINE:
        a /= np.linalg.norm(a, axis=1, keepdims=True)
        b /= np.linalg.norm(b, axis=1, keepdims=True)
        expected = 1 - a @ b.T
    else:
        expected = np.linalg.norm(a[:, None] - b, axis=2)
    chunks = list(distance_chunks(mine, theirs, metric, chunk_bytes=4 * 13 * 2))
    assert [len(chunk) for chunk in chunks] == [2, 2, 2, 2, 1]
    assert all(chunk.dtype == np.float32 for chunk in chunks)
    np.testing.assert_allclose(np.concatenate(chunks), expected, atol=2e-6)


def test_both_metrics_order_unit_features_alike() -> None:
    mine, theirs = unit(features(5, 2)), unit(features(40, 3))
    cosine, euclid = distances(mine, theirs), distances(mine, theirs, Metric.EUCLIDEAN)
    assert np.array_equal(cosine.argsort(axis=1), euclid.argsort(axis=1))


def test_a_vector_is_no_distance_from_itself_and_zero_stays_zero() -> None:
    same = 1000 * features(4, 4)
    assert (np.diag(distances(same, same, Metric.EUCLIDEAN)) >= 0).all()
    assert not unit(np.zeros((2, 3), dtype=np.float32)).any()
    assert distances(np.zeros((1, 7), np.float32), same).tolist() == [[1.0] * 4]


def test_rows_come_one_at_a_time_when_memory_is_short() -> None:
    assert list(row_chunks(3, 1000, chunk_bytes=1)) == [slice(0, 1), slice(1, 2), slice(2, 3)]
    assert list(row_chunks(0, 5)) == []


def test_clips_are_averaged_before_they_are_scaled() -> None:
    clips = np.array([[4, 0], [0, 3], [0, 2], [2, 0]], dtype=np.float32)
    averaged = average_clips(clips, [1, 0, 1, 1], 2)
    np.testing.assert_allclose(averaged, [[0, 1], [6 / 40**0.5, 2 / 40**0.5]], rtol=1e-6)


def test_mirror_images_are_added_before_they_are_scaled() -> None:
    averaged = average_flip(np.array([[3, 0]], np.float32), np.array([[0, 4]], np.float32))
    np.testing.assert_allclose(averaged, [[0.6, 0.8]], rtol=1e-6)


def test_bad_features_are_named() -> None:
    good = features(3, 5)
    bad = good.copy()
    bad[1, 2] = np.nan
    with pytest.raises(DataSetInvalid, match="gallery: 1 of 3 hold NaN"):
        distance_chunks(good, bad)
    with pytest.raises(DataSetInvalid, match="7 dimensions, the gallery has 8"):
        distance_chunks(good, features(3, 5, 8))
    with pytest.raises(DataSetInvalid, match="float32"):
        distance_chunks(good.astype(np.float64), good)
    with pytest.raises(DataSetInvalid, match="1 without any"):
        average_clips(good, [0, 0, 2], 3)
    with pytest.raises(DataSetInvalid, match="owners"):
        average_clips(good, [0, 0], 1)
    with pytest.raises(DataSetInvalid, match="mirror"):
        average_flip(good, good[:2])
