"""Any ONNX image network: what it is given, what is made of its answers, and what does not fit."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from plugins.branches.onnx_image import OnnxImageBranch
from reid_core.errors import CheckpointInvalid, ConfigInvalid
from reid_core.records import Image, Tracklet
from tests.fakes.tiny_exports import Kind, write_export
from tests.fakes.tracklets import tracklet, walker

RED, BLUE, DARK = (190, 40, 40), (40, 60, 170), (40, 40, 46)
RAW = (1 / 255, 1 / 255, 1 / 255)
PLAIN = {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}


def make(path: Path, **options: object) -> OnnxImageBranch:
    return OnnxImageBranch(OnnxImageBranch.Options(path=str(path), threads=1, **options))  # type: ignore[arg-type]


def flat(*colour: int) -> Image:
    return np.full((64, 32, 3), colour, dtype=np.uint8)


def unit(values: Sequence[float]) -> list[float]:
    return list(np.array(values) / np.linalg.norm(values))


def channels(branch: OnnxImageBranch, each: Tracklet) -> list[float]:
    """What the network of channel means said, of the first band."""
    [answer] = branch.embed([each])
    assert answer is not None
    bands = answer.fused.reshape(3, 4)
    return unit([float(value) for value in bands[:, 0]])


def test_answers_what_the_network_says(tmp_path: Path) -> None:
    branch = make(write_export(tmp_path / "m.onnx"), **PLAIN)
    assert channels(branch, tracklet([flat(200, 100, 50)])) == pytest.approx(unit([200, 100, 50]), abs=1e-5)


def test_mean_deviation_and_order_are_as_asked(tmp_path: Path) -> None:
    path, each = write_export(tmp_path / "m.onnx"), tracklet([flat(200, 100, 50)])
    assert channels(make(path, order="bgr", **PLAIN), each) == pytest.approx(unit([50, 100, 200]), abs=1e-5)
    assert channels(make(path, mean=(0.0, 0.0, 0.0), std=RAW), each) == pytest.approx(unit([200, 100, 50]), abs=1e-5)
    shifted = make(path, mean=(0.5, 0.5, 0.5), std=(0.5, 0.25, 1.0))
    expected = [(200 / 255 - 0.5) / 0.5, (100 / 255 - 0.5) / 0.25, 50 / 255 - 0.5]
    assert channels(shifted, each) == pytest.approx(unit(expected), abs=1e-5)
    imagenet = [(200 / 255 - 0.485) / 0.229, (100 / 255 - 0.456) / 0.224, (50 / 255 - 0.406) / 0.225]
    assert channels(make(path), each) == pytest.approx(unit(imagenet), abs=1e-5)


def test_shots_are_averaged_by_quality_each_of_unit_length(tmp_path: Path) -> None:
    each = tracklet([flat(250, 0, 0), flat(0, 50, 0)])
    first, second = each.shots
    each = replace(each, shots=(replace(first, quality=0.75), replace(second, quality=0.25)))
    branch = make(write_export(tmp_path / "m.onnx"), **PLAIN)
    assert channels(branch, each) == pytest.approx(unit([3, 1, 0]), abs=1e-5)  # not 15:1


@pytest.mark.parametrize("batch", [None, 1, 3, 64])
def test_any_batch_of_the_model_gives_the_same(tmp_path: Path, batch: int | None) -> None:
    tracklets = [walker(RED, DARK, 1), walker(BLUE, DARK, 2, "hall", shots=4), walker(DARK, RED, 3, shots=1)]
    whole = make(write_export(tmp_path / "whole.onnx"), batch=100).embed(tracklets)
    parts = make(write_export(tmp_path / "parts.onnx", batch=batch), batch=2).embed(tracklets)
    for a, b in zip(whole, parts, strict=True):
        assert a is not None
        assert b is not None
        assert np.abs(a.fused - b.fused).max() < 1e-6


def test_a_model_for_any_size_needs_to_be_told(tmp_path: Path) -> None:
    path = write_export(tmp_path / "m.onnx", size=None)
    with pytest.raises(ConfigInvalid, match=r"m\.onnx: takes pictures of any size; .* size: \[256, 128\]"):
        make(path)
    assert channels(make(path, size=(32, 16), **PLAIN), tracklet([flat(9, 9, 9)])) == pytest.approx(unit([1, 1, 1]))


def test_a_size_that_the_model_does_not_take_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match=r"32 x 16, the option size says 256 x 128"):
        make(write_export(tmp_path / "m.onnx"), size=(256, 128))
    assert make(write_export(tmp_path / "m.onnx"), size=(32, 16))


@pytest.mark.parametrize(
    ("kind", "channels", "words"),
    [
        ("means", 1, r"m\.onnx: takes inputs of shape \[\(None, 1, 32, 16\)\]; expected one of \(batch, 3"),
        ("map", 3, r"m\.onnx: gives \(1, 3, 32, 16\) for 1 pictures; expected a vector for each"),
        ("broken rows", 3, r"m\.onnx: gives \(2, 12, 1, 1\) for 1 pictures; expected a vector for each"),
    ],
)
def test_other_networks_are_refused_at_the_start(tmp_path: Path, kind: Kind, channels: int, words: str) -> None:
    with pytest.raises(CheckpointInvalid, match=words):
        make(write_export(tmp_path / "m.onnx", kind, channels=channels))


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(CheckpointInvalid, match=r"none\.onnx: no such file"):
        make(tmp_path / "none.onnx")


def test_a_tracklet_without_a_finite_vector_is_refused_and_told_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    branch = make(write_export(tmp_path / "m.onnx", "nan"))  # roots of negative numbers, where a picture is dark
    dark, bright = tracklet([flat(0, 0, 0)], 1), tracklet([flat(255, 255, 255)], 2)
    half = tracklet([flat(255, 255, 255), flat(0, 0, 0)], 3)
    with caplog.at_level(logging.WARNING):
        answers = branch.embed([dark, bright, half])
    assert [answer and answer.tracklet.track for answer in answers] == [None, 2, None]
    assert branch.refused == 2
    assert len(caplog.records) == 1
    assert "m.onnx: no finite vector for tracklet door/e1/1/0" in caplog.text


def test_names_of_files_do_not_part_equal_models(tmp_path: Path) -> None:
    a, b = write_export(tmp_path / "a.onnx"), write_export(tmp_path / "b.onnx")
    [one], [other] = (make(path).embed([walker(RED, DARK)]) for path in (a, b))
    assert one is not None
    assert other is not None
    assert one.model == other.model
