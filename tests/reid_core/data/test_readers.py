"""Every layout, in miniature and with its exact grammar, becomes the samples that it should."""

import shutil
from pathlib import Path

import pytest

from reid_core.data.counts import EXPECTED
from reid_core.data.read import JUNK_SPLIT, LAYOUTS, read
from reid_core.data.samples import UNKNOWN, DataSet, Sample, label_arrays, labels_of_test, training_classes
from reid_core.data.video_sets import SHORT
from reid_core.errors import ConfigInvalid, DataSetInvalid
from reid_core.evaluation.settings import SETTINGS
from tests.fakes.data_sets import FAKES, FRAMES, drawn, fake, write

NAMES = sorted(LAYOUTS)


def of(samples: tuple[Sample, ...], person: int) -> set[tuple[int, str]]:
    return {(sample.camera, sample.clothes) for sample in samples if sample.person == person}


def test_each_reader_has_a_fake_figures_and_settings() -> None:
    assert set(LAYOUTS) == set(FAKES) == set(EXPECTED)
    assert {setting for layout in LAYOUTS.values() for setting in layout.settings} == set(SETTINGS)


@pytest.mark.parametrize("name", NAMES)
def test_a_miniature_is_read_whole_and_in_a_stable_order(name: str, tmp_path: Path) -> None:
    data = read(name, fake(name, tmp_path))
    samples = (*data.train, *data.query, *data.gallery)
    assert all(path.is_file() and path.is_relative_to(data.root) for sample in samples for path in sample.paths)
    assert {sample.person for sample in data.train} & {1, 2, 3, 4} or name == "msmt17"
    lengths = {len(sample.paths) for sample in samples}
    assert lengths == ({1} if data.kind == "image" else {FRAMES})
    assert read(name, data.root) == data  # the folder itself may be given as well


@pytest.mark.parametrize("name", NAMES)
def test_words_of_the_path_are_never_labels(name: str, tmp_path: Path) -> None:
    def labels(data: DataSet) -> list[tuple[int, int, str]]:
        return [(each.person, each.camera, each.clothes) for each in (*data.train, *data.query, *data.gallery)]

    misleading = tmp_path / "9999_8_c7_session3" / "0009-c8-d7_C05S02"
    misleading.mkdir(parents=True)
    (tmp_path / "plain").mkdir()
    assert labels(read(name, fake(name, misleading))) == labels(read(name, fake(name, tmp_path / "plain")))


def test_vccr_takes_clothes_per_person_and_leaves_short_test_tracklets_out(tmp_path: Path) -> None:
    data = read("vccr", fake("vccr", tmp_path))
    assert of(data.query, 51) == {(1, "51_1"), (1, "51_2")}
    assert of(data.gallery, 51) == {(2, "51_1"), (2, "51_2"), (3, "51_1")}
    assert [(each.person, each.clothes, len(each.paths)) for each in data.unused[SHORT]] == [(51, "51_2", 5)]
    assert of(data.train, 1) == {(2, "1_1"), (2, "1_2"), (3, "1_1"), (3, "1_2")}


def test_vccr_refuses_a_tracklet_whose_frames_disagree(tmp_path: Path) -> None:
    fake("vccr", tmp_path)
    write(tmp_path / "VCCR/train/1/0001-c2-d1/0001-c9-d1-t1-f0099.jpg", drawn("1"))
    with pytest.raises(DataSetInvalid, match=r"0001-c2-d1: its frames name 2 pairs of camera and clothes"):
        read("vccr", tmp_path)


def test_ccvid_counts_the_third_sessions_walks_on_and_numbers_clothes_together(tmp_path: Path) -> None:
    data = read("ccvid", fake("ccvid", tmp_path))
    assert of(data.query, 51) == {(1, "51_u0_l0_s0_c0_a0"), (13, "51_u2_l0_s0_c0_a0")}
    numbering = labels_of_test(data.query, data.gallery)
    _, _, asked = label_arrays(data.query, numbering)
    _, _, answering = label_arrays(data.gallery, numbering)
    # two outfits of each person are in both; numbered apart, query and gallery would never wear the same
    assert len(set(asked.tolist()) & set(answering.tolist())) == 6
    assert UNKNOWN not in asked


def test_ccvid_persons_of_line_and_folder_must_agree(tmp_path: Path) -> None:
    fake("ccvid", tmp_path)
    listed = tmp_path / "CCVID/train.txt"
    listed.write_text(listed.read_text() + "session1/004_01 005 u0\nsession1/099_01 099 u0\n")
    with pytest.raises(
        DataSetInvalid, match=r"2 odd files: .*'session1/004_01 005 u0'; .*099_01: listed in train\.txt"
    ):
        read("ccvid", tmp_path)


def test_prcc_queries_stand_on_cameras_b_and_c(tmp_path: Path) -> None:
    data = read("prcc", fake("prcc", tmp_path))
    assert of(data.query, 52) == {(1, "52"), (2, "52C")}
    assert of(data.gallery, 52) == {(0, "52")}
    assert of(data.train, 1) == {(0, "1"), (1, "1"), (2, "1C")}
    assert {len(data.train), len(data.unused["val"])} == {24, 12}


def test_market_keeps_distractors_and_puts_junk_apart(tmp_path: Path) -> None:
    data = read("market1501", fake("market1501", tmp_path))
    assert {sample.person for sample in data.gallery} == {0, 51, 52, 53}
    assert len(data.unused[JUNK_SPLIT]) == 2
    assert {sample.clothes for sample in data.train} == {""}


def test_the_others(tmp_path: Path) -> None:
    ltcc = read("ltcc", fake("ltcc", tmp_path))
    assert of(ltcc.gallery, 53) == {(1, "53_1"), (1, "53_2"), (2, "53_1"), (2, "53_2")}
    clothes = read("vc_clothes", fake("vc_clothes", tmp_path))
    assert {camera for camera, _ in of(clothes.query, 51)} == {0, 1, 2, 3}
    celeb = read("celeb_reid", fake("celeb_reid", tmp_path))
    looks = [sample.clothes for sample in (*celeb.train, *celeb.query, *celeb.gallery)]
    assert len(set(looks)) == len(looks)
    assert {sample.camera for sample in celeb.query} == {UNKNOWN}
    nkup = read("nkup", fake("nkup", tmp_path))
    assert of(nkup.query, 51) == {(1, "51_0914")}
    msmt = read("msmt17", fake("msmt17", tmp_path))
    assert len(msmt.train) == 16  # of its lists train and val together


def test_the_second_version_of_msmt17_has_other_folders(tmp_path: Path) -> None:
    home = fake("msmt17", tmp_path) / "MSMT17_V1"
    (home / "train").rename(home / "mask_train_v2")
    with pytest.raises(DataSetInvalid, match="no folders train and test or mask_train_v2 and mask_test_v2"):
        read("msmt17", tmp_path)
    (home / "test").rename(home / "mask_test_v2")
    assert len(read("msmt17", tmp_path).gallery) == 12


@pytest.mark.parametrize(
    ("name", "odd", "reason"),
    [
        ("ltcc", "LTCC_ReID/train/somebody.png", "expected a name such as 094_1_c9_015833.png"),
        ("ltcc", "LTCC_ReID/query/notes.txt", "expected only pictures here"),
        ("vccr", "VCCR/train/1/0001-c2-d1/frame7.jpg", "expected a name such as 0012-c3-d2-f0007.jpg"),
        ("vccr", "VCCR/train/anna/x.jpg", "expected a folder named by the person's number"),
        ("ccvid", "CCVID/session1/001_02/cover.gif", "expected only pictures here"),
        ("prcc", "prcc/rgb/train/001/D_cropped_rgb001.jpg", "a name that begins with its camera"),
        ("prcc", "prcc/rgb/test/A/readme.md", "expected only folders here"),
        ("vc_clothes", "VC-Clothes/train/0001_01.jpg", "expected a name such as 0001-02-01-03.jpg"),
        ("celeb_reid", "Celeb-reID/train/1-2-3.jpg", "expected a name such as 1_12_0.jpg"),
        ("nkup", "NKUP/query/0005_C03S01_00151.jpg", "expected a name such as 0005_D0912_C03S01_00151.jpg"),
        ("market1501", "Market-1501-v15.09.15/query/0002_1.jpg", "expected a name such as 0002_c1s1_000451_03.jpg"),
    ],
)
def test_an_odd_file_is_named_and_refused_or_counted_and_skipped(
    name: str, odd: str, reason: str, tmp_path: Path
) -> None:
    whole = read(name, fake(name, tmp_path))
    write_any(tmp_path / odd)
    with pytest.raises(DataSetInvalid) as refused:
        read(name, tmp_path)
    message = str(refused.value)
    assert f"{name}: 1 odd files: " in message
    assert reason in message
    assert Path(odd).name in message or Path(odd).parent.name in message
    assert "--skip-odd" in message
    assert "\n" not in message
    skipped = read(name, tmp_path, skip_odd=True)
    assert len(skipped.odd) == 1
    assert (skipped.train, skipped.query, skipped.gallery) == (whole.train, whole.query, whole.gallery)


def write_any(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"whatever")


def test_of_many_odd_files_a_few_are_named_and_all_are_counted(tmp_path: Path) -> None:
    fake("ltcc", tmp_path)
    for i in range(9):
        write_any(tmp_path / f"LTCC_ReID/train/odd{i}.png")
    with pytest.raises(DataSetInvalid, match=r"9 odd files: .*odd0\.png.*odd2\.png.*; and 6 more;"):
        read("ltcc", tmp_path)


def test_msmt17_lists_are_held_against_the_folders(tmp_path: Path) -> None:
    listed = fake("msmt17", tmp_path) / "MSMT17_V1/list_query.txt"
    listed.write_text(listed.read_text() + "0000/0000_000_01_lost_0_0.jpg 0\njust one word\n0001/a.jpg 1\n")
    data = read("msmt17", tmp_path, skip_odd=True)
    assert len(data.query) == 6
    assert [line.partition(": ")[2].partition(",")[0] for line in data.odd] == [
        "listed in list_query.txt",
        "expected lines such as '0000/0000_000_01_0303morning_0008_0.jpg 0'",
        "expected a name such as 0000_000_01_0303morning_0008_0.jpg",
    ]


def test_a_missing_root_says_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(DataSetInvalid, match=r"prcc: no folder .*nowhere; give the folder that holds rgb/train, "):
        read("prcc", tmp_path / "nowhere")


def test_another_folder_says_what_it_holds(tmp_path: Path) -> None:
    fake("vc_clothes", tmp_path)
    with pytest.raises(DataSetInvalid, match=r"holds Thumbs\.db, VC-Clothes; expected train, query, test in it or in "):
        read("ltcc", tmp_path)


def test_an_empty_split_is_named(tmp_path: Path) -> None:
    query = fake("ltcc", tmp_path) / "LTCC_ReID/query"
    shutil.rmtree(query)
    query.mkdir()
    with pytest.raises(DataSetInvalid, match=r"ltcc: nothing in its split query under .*unpacked whole"):
        read("ltcc", tmp_path)


def test_a_list_that_is_no_text(tmp_path: Path) -> None:
    (fake("ccvid", tmp_path) / "CCVID/query.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataSetInvalid, match=r"query\.txt: not a list that can be read"):
        read("ccvid", tmp_path)


def test_an_unknown_name_lists_the_known(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match=r"no data set named 'vcr'; known: ccvid, .*, vccr"):
        read("vcr", tmp_path)


def test_training_classes_count_from_nought_and_do_not_depend_on_order(tmp_path: Path) -> None:
    data = read("ltcc", fake("ltcc", tmp_path))
    classes = training_classes(data.train)
    assert classes.persons == {1: 0, 2: 1, 3: 2, 4: 3}
    assert sorted(classes.clothes.values()) == list(range(8))
    assert training_classes(reversed(data.train)).clothes == classes.clothes
