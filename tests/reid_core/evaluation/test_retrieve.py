"""From features to results, and to what a person looks at."""

from dataclasses import replace

import numpy as np
import pytest

from reid_core.errors import DataSetInvalid
from reid_core.evaluation.distances import Metric
from reid_core.evaluation.labels import Labels
from reid_core.evaluation.ranking import Ties
from reid_core.evaluation.rerank import Reranking
from reid_core.evaluation.retrieve import Embedded, How, Verdict, evaluate, nearest
from reid_core.evaluation.settings import CLOTHES_CHANGING, STANDARD, settings_of


def embedded(people: int, each: int, noise: float, seed: int, camera: int) -> Embedded:
    rng = np.random.default_rng(seed)
    persons = np.repeat(np.arange(people), each)
    features = np.eye(people, 16)[persons] + noise * rng.standard_normal((len(persons), 16))
    return Embedded(
        features.astype(np.float32), Labels.of(persons, np.full(len(persons), camera), persons * 2 + camera)
    )


def test_people_far_apart_are_all_found() -> None:
    result = evaluate(embedded(8, 2, 0.01, 0, 0), embedded(8, 3, 0.01, 1, 1), CLOTHES_CHANGING, How(open_set=True))
    assert (result.rank1, result.mean_ap, result.mean_inp) == (1, 1, 1)
    assert (result.queries, result.valid_queries, result.gallery, result.persons) == (16, 16, 24, 8)
    assert len(result.cmc) == 50
    assert result.open_set is not None
    assert result.open_set.verification.eer == 0


@pytest.mark.parametrize("how", [How(metric=Metric.EUCLIDEAN), How(rerank=Reranking(k1=5, k2=2))])
def test_other_distances_find_them_too_and_say_so(how: How) -> None:
    result = evaluate(embedded(8, 2, 0.05, 0, 0), embedded(8, 3, 0.05, 1, 1), STANDARD, how)
    assert result.rank1 == 1
    assert result.note


def test_constant_features_earn_nothing_where_ties_are_pessimistic() -> None:
    queries, gallery = embedded(8, 1, 0, 0, 0), embedded(8, 1, 0, 0, 1)
    same = [replace(each, features=np.ones_like(each.features)) for each in (queries, gallery)]
    assert evaluate(same[0], same[1], STANDARD, How(ties=Ties.PESSIMISTIC)).rank5 == 0


def test_single_shot_galleries_are_drawn_by_seed_and_averaged() -> None:
    setting = settings_of("prcc_single_shot")[0]
    queries, gallery = embedded(12, 3, 0.3, 0, 2), embedded(12, 6, 0.3, 1, 0)
    results = [evaluate(queries, gallery, setting, How(seed=seed)) for seed in (0, 0, 1)]
    assert results[0] == results[1] != results[2]
    assert results[0].gallery == 12
    # a single-shot gallery has one match: mAP and mINP are then one thing
    assert results[0].mean_ap == pytest.approx(results[0].mean_inp)


def test_a_setting_without_any_valid_query_is_an_error_in_words() -> None:
    with pytest.raises(DataSetInvalid, match="setting Standard: none of 4 queries has a match among 4 gallery items"):
        evaluate(embedded(4, 1, 0, 0, 0), embedded(4, 1, 0, 0, 0), STANDARD)


def test_features_and_labels_must_be_as_many() -> None:
    with pytest.raises(DataSetInvalid, match="1 features for 2 labels"):
        Embedded(np.ones((1, 2), np.float32), Labels.of([1, 2]))


def test_what_a_person_sees_has_the_dropped_items_in_their_place() -> None:
    angles = np.array([0.0, 0.1, 0.2, 0.3, 0.4, 0.5])
    features = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    gallery = Embedded(features, Labels.of([1, 1, 2, 1, 1, 2], [0, 0, 0, 1, 0, 1]))
    query = Embedded(features[:1], Labels.of([1], [0]))
    shown = nearest(query, gallery, STANDARD, [0], count=2, most_dropped=1)[0]
    assert [item.index for item in shown] == [0, 2, 3]  # of the three dropped ones the nearest alone
    assert [item.verdict for item in shown] == [Verdict.DROPPED, Verdict.WRONG, Verdict.RIGHT]
    everything = nearest(query, gallery, STANDARD, [0], count=10, most_dropped=10)[0]
    assert [item.index for item in everything] == [0, 1, 2, 3, 4, 5]
    assert [item.distance for item in everything] == sorted(item.distance for item in everything)
