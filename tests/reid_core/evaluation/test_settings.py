"""What each benchmark lets a query be matched with."""

import numpy as np
import pytest

from reid_core.errors import ConfigInvalid, DataSetInvalid
from reid_core.evaluation.labels import Labels
from reid_core.evaluation.settings import (
    CLOTHES_CHANGING,
    NO_CAMERAS,
    SAME_CLOTHES,
    SETTINGS,
    STANDARD,
    Setting,
    dropped,
    one_of_each,
    settings_of,
    takes_part,
)

#                          same cam  other clothes  same clothes  someone else, same cam and clothes
GALLERY = Labels.of([1, 1, 1, 2], [0, 1, 1, 0], [5, 6, 5, 5])
QUERY = Labels.of([1], [0], [5])


@pytest.mark.parametrize(
    ("setting", "out"),
    [
        (STANDARD, [True, False, False, False]),
        (CLOTHES_CHANGING, [True, False, True, False]),
        (SAME_CLOTHES, [True, True, False, False]),
        (NO_CAMERAS, [False, False, False, False]),
    ],
)
def test_rules(setting: Setting, out: list[bool]) -> None:
    assert dropped(setting, QUERY, GALLERY).tolist() == out


def test_an_unknown_camera_equals_no_camera() -> None:
    assert not dropped(STANDARD, Labels.of([1]), Labels.of([1, 1])).any()


def test_junk_leaves_the_gallery_and_distractors_stay() -> None:
    _, gallery = takes_part(STANDARD, Labels.of([3]), Labels.of([-1, 0, 3, -1]))
    assert gallery.tolist() == [1, 2]
    assert dropped(STANDARD, Labels.of([3]), Labels.of([-1, 0, 3])).tolist() == [True, False, False]


def test_prcc_asks_one_camera_of_another() -> None:
    changing, same = settings_of("PRCC")
    queries = Labels.of([1, 1, 2, 2], [1, 2, 1, 2])
    gallery = Labels.of([1, 2, 2], [0, 0, 1])
    assert [each.tolist() for each in takes_part(changing, queries, gallery)] == [[1, 3], [0, 1]]
    assert [each.tolist() for each in takes_part(same, queries, gallery)] == [[0, 2], [0, 1]]
    assert dropped(changing, queries.take(slice(1, 2)), gallery).tolist() == [False, False, True]


def test_vc_clothes_has_its_pairs_of_cameras() -> None:
    changing, general, same = settings_of("VC-Clothes")
    everywhere = Labels.of([1, 1, 1, 1], [0, 1, 2, 3], [7, 7, 7, 8])
    assert [each.name for each in (changing, general, same)] == ["CC", "Standard", "SC"]
    assert takes_part(changing, everywhere, everywhere)[1].tolist() == [2, 3]
    assert takes_part(general, everywhere, everywhere)[1].tolist() == [0, 1, 2, 3]
    assert takes_part(same, everywhere, everywhere)[0].tolist() == [1, 2]
    # then the plain rule: of one camera, whatever the clothes
    assert dropped(changing, everywhere.take(slice(2, 3)), everywhere).tolist() == [True, True, True, False]


def test_clothes_must_be_known_where_they_matter() -> None:
    with pytest.raises(DataSetInvalid, match="setting CC: 1 of 2 gallery items have no clothes label; use Standard"):
        takes_part(CLOTHES_CHANGING, QUERY, Labels.of([1, 1], [0, 1], [5, -1]))
    takes_part(CLOTHES_CHANGING, QUERY, Labels.of([1, -1], [0, 1], [5, -1]))  # junk wears nothing


def test_names_are_found_however_they_are_written() -> None:
    assert settings_of("Celeb-reID-light") == (NO_CAMERAS,)
    assert settings_of("Market-1501") == (STANDARD,)
    with pytest.raises(ConfigInvalid, match="'prc'; known: vccr"):
        settings_of("prc")


def test_every_data_set_names_its_settings_once() -> None:
    for settings in SETTINGS.values():
        assert len({each.name for each in settings}) == len(settings)


def test_one_of_each_person_by_seed() -> None:
    persons = np.repeat(np.arange(5), 4)
    drawn = [one_of_each(persons, np.random.default_rng(seed)).tolist() for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert persons[drawn[0]].tolist() == [0, 1, 2, 3, 4]


def test_labels_are_checked() -> None:
    with pytest.raises(DataSetInvalid, match="one length"):
        Labels.of([1, 2], [0])
    with pytest.raises(DataSetInvalid, match="whole numbers for cameras, found float64"):
        Labels.of([1], [0.5])
