"""A checkpoint and a data set to a report."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from reid_core.data.feed import Feed, batches, wants_of
from reid_core.data.loader import in_order
from reid_core.data.read import read
from reid_core.data.samples import DataSet, labels_of_test
from reid_core.errors import CheckpointInvalid, ConfigInvalid, DataSetInvalid
from reid_core.evaluation.checkpoint import Trial, evaluate_checkpoint
from reid_core.evaluation.features import Pass, embed
from reid_core.evaluation.retrieve import How
from reid_core.models.checkpoint import ModelCard, read_checkpoint, write_checkpoint
from tests.fakes.data_sets import TEST_PEOPLE, fake
from tests.fakes.installed import install_plugins
from tests.fakes.tiny_asgl import TinyAsgl
from tests.fakes.tiny_system import TinyImages

PASS = Pass(torch.device("cpu"))


@pytest.fixture(autouse=True)
def _plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(1)
    points = {"tiny": "tests.fakes.tiny_system:TinyImages", "tiny_asgl": "tests.fakes.tiny_asgl:TinyAsgl"}
    install_plugins(tmp_path / "plugins", monkeypatch, {"networks": points})


@pytest.fixture(scope="module")
def prcc(tmp_path_factory: pytest.TempPathFactory) -> DataSet:
    return read("prcc", fake("prcc", tmp_path_factory.mktemp("prcc")))


@pytest.fixture(scope="module")
def ccvid(tmp_path_factory: pytest.TempPathFactory) -> DataSet:
    return read("ccvid", fake("ccvid", tmp_path_factory.mktemp("ccvid")))


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    options = TinyImages.Options(persons=4)
    path = tmp_path / "tiny.safetensors"
    write_checkpoint(path, "tiny", TinyImages(options).eval(), options, ModelCard(trained_on="nothing"))
    return path


@pytest.fixture
def clips_checkpoint(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    path = tmp_path / "clips.safetensors"
    write_checkpoint(path, "tiny_asgl", TinyAsgl(TinyAsgl.Options()), TinyAsgl.Options(), ModelCard(trained_on="none"))
    return path


def test_every_setting_and_every_cue_is_reported(prcc: DataSet, checkpoint: Path, tmp_path: Path) -> None:
    report = evaluate_checkpoint(checkpoint, prcc, tmp_path / "report", Trial(PASS, How()))
    settings = ["CC", "SC", "CC single-shot", "SC single-shot"]
    assert [(each.setting, each.cue) for each in report.results] == [
        (setting, cue) for setting in settings for cue in ("fused", "shape")
    ]
    assert all(each.valid_queries == 2 * TEST_PEOPLE for each in report.results)
    assert {each.name for each in (tmp_path / "report").iterdir()} == {
        "report.md",
        "report.json",
        "cmc.png",
        "retrieval.png",
    }
    written = json.loads((tmp_path / "report/report.json").read_text())
    assert written["about"]["system"] == "tiny"
    assert "trained on nothing" in written["about"]["notes"]


def test_clips_of_a_tracklet_are_averaged_before_they_get_length_one(ccvid: DataSet, clips_checkpoint: Path) -> None:
    """Three clips of ten frames each, against the network asked by hand."""
    system = read_checkpoint(clips_checkpoint, "tiny_asgl").model
    feed = Feed(wants_of("tiny_asgl", system, "video", 1), labels_of_test(ccvid.query, ccvid.gallery))
    seen = embed(system, feed, ccvid.query[:2], PASS)
    source = feed.to_test(ccvid.query[:2], damaged="refuse")
    assert len(source) == 6
    [batch] = batches(source, in_order(6, 6), 0)
    with torch.inference_mode():
        vectors = system(batch.inputs)["fused"].vectors.numpy()  # type: ignore[union-attr]
    means = vectors.reshape(2, 3, -1).mean(axis=1)
    expected = means / np.linalg.norm(means, axis=1, keepdims=True)
    np.testing.assert_allclose(seen.cues["fused"].features, expected, atol=1e-6)
    assert seen.silent == {"fused": 0, "appearance": 0, "shape": 2, "gait": 2}, "there are no poses here"


def test_the_batch_and_the_workers_change_nothing(prcc: DataSet, checkpoint: Path) -> None:
    system = read_checkpoint(checkpoint, "tiny").model
    feed = Feed(wants_of("tiny", system, "image", 1), labels_of_test(prcc.query, prcc.gallery))
    one, other = (
        embed(system, feed, prcc.query, Pass(torch.device("cpu"), size, workers)).cues["fused"].features
        for size, workers in ((32, 0), (5, 1))
    )
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_mirror_images_are_added(prcc: DataSet, checkpoint: Path, tmp_path: Path) -> None:
    system = read_checkpoint(checkpoint, "tiny").model
    feed = Feed(wants_of("tiny", system, "image", 1), labels_of_test(prcc.query, prcc.gallery))
    plain, both = (
        embed(system, feed, prcc.query[:4], Pass(torch.device("cpu"), flip=flip)).cues["fused"].features
        for flip in (False, True)
    )
    assert not np.allclose(plain, both)
    flipped = Trial(Pass(torch.device("cpu"), flip=True), How())
    report = evaluate_checkpoint(checkpoint, prcc, tmp_path / "report", flipped)
    assert "features of mirror images added" in report.about.notes


def test_damaged_pictures_are_refused_or_left_out_and_told(
    checkpoint: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    data = read("prcc", fake("prcc", tmp_path_factory.mktemp("damaged")))
    data.query[0].paths[0].write_bytes(b"no picture")
    with pytest.raises(DataSetInvalid, match="no whole picture"):
        evaluate_checkpoint(checkpoint, data, tmp_path / "report", Trial(PASS, How()))
    lenient = Trial(Pass(torch.device("cpu"), leave_out_damaged=True), How())
    report = evaluate_checkpoint(checkpoint, data, tmp_path / "report", lenient)
    assert f"1 of {len(data.query)} queries are damaged and left out" in report.about.notes


def test_a_checkpoint_of_another_system_is_refused(prcc: DataSet, checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointInvalid, match="holds the model 'tiny', expected 'mpcf'"):
        evaluate_checkpoint(checkpoint, prcc, tmp_path / "report", Trial(PASS, How(), "mpcf"))


def test_clips_are_not_looked_for_in_pictures(prcc: DataSet, clips_checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="tiny_asgl looks at clips, but the data set holds single pictures"):
        evaluate_checkpoint(clips_checkpoint, prcc, tmp_path / "report", Trial(PASS, How()))


def test_a_model_that_answers_nan_is_not_ranked(prcc: DataSet, tmp_path: Path) -> None:
    options = TinyImages.Options(persons=4)
    model = TinyImages(options)
    with torch.no_grad():
        next(model.features.parameters()).fill_(torch.nan)
    path = tmp_path / "nan.safetensors"
    write_checkpoint(path, "tiny", model, options, ModelCard(trained_on="nothing"))
    with pytest.raises(ConfigInvalid, match="answers with NaN"):
        evaluate_checkpoint(path, prcc, tmp_path / "report", Trial(PASS, How()))
