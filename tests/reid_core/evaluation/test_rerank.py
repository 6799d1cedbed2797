"""k-reciprocal re-ranking equals its literal version."""

import numpy as np
import pytest

from reid_core.errors import ConfigInvalid
from reid_core.evaluation.distances import CHUNK_BYTES
from reid_core.evaluation.rerank import Reranking, reranked_chunks
from reid_core.options import convert_options
from tests.reid_core.evaluation import slow


@pytest.mark.parametrize("chunk_bytes", [CHUNK_BYTES, 1000])
@pytest.mark.parametrize(("k1", "k2", "share"), [(6, 3, 0.3), (3, 1, 0.0), (1, 2, 0.5), (60, 60, 0.3), (5, 2, 1.0)])
def test_equals_the_literal_version(k1: int, k2: int, share: float, chunk_bytes: int) -> None:
    rng = np.random.default_rng(k1)
    people = rng.standard_normal((6, 8))
    features = (people[rng.integers(0, 6, 36)] + 0.4 * rng.standard_normal((36, 8))).astype(np.float32)
    options = Reranking(k1=k1, k2=k2, share=share)
    found = np.concatenate(list(reranked_chunks(features[:10], features[10:], options, chunk_bytes)))
    np.testing.assert_allclose(found, slow.rerank(features, 10, k1, k2, share), atol=2e-5)


def test_it_mends_what_one_bad_picture_breaks() -> None:
    # a query between two people, but among the neighbours of the first
    gallery = np.array([[1.0, 0.0], [0.98, 0.2], [0.96, 0.28], [0.0, 1.0]], dtype=np.float32)
    queries = np.array([[0.8, 0.6]], dtype=np.float32)
    final = next(reranked_chunks(queries, gallery, Reranking(k1=3, k2=1)))
    assert final[0, :3].max() < final[0, 3]


def test_identical_features_and_tiny_galleries_do_not_crash() -> None:
    same = np.ones((5, 4), dtype=np.float32)
    assert np.isfinite(next(reranked_chunks(same[:2], same[2:], Reranking()))).all()
    assert next(reranked_chunks(same[:1], same[1:2], Reranking())).shape == (1, 1)


def test_options_are_checked() -> None:
    with pytest.raises(ConfigInvalid, match="k1"):
        convert_options({"k1": 0}, Reranking, "here")
