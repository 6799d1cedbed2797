"""Each system, trained for two epochs from a file of options, sees live what `restride-lab evaluate` sees."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from reid_core import registry
from reid_core.data.annotations import Annotations
from reid_core.data.decode import read_picture
from reid_core.data.feed import Feed, wants_of
from reid_core.data.read import read
from reid_core.data.samples import DataSet, Sample, labels_of_test
from reid_core.evaluation.features import Pass, Seen, embed
from reid_core.models.checkpoint import read_checkpoint
from reid_core.options import PluginUse, convert_options
from reid_core.protocols import Branch
from reid_core.records import Tracklet
from reid_core.training.options import TrainOptions
from reid_core.training.run import train
from tests.fakes.crop_pose import CropPose
from tests.fakes.data_sets import FRAMES, fake
from tests.fakes.installed import install_plugins
from tests.fakes.outline_parser import OutlineParser
from tests.fakes.tracklets import tracklet

PICTURE = {"picture": {"height": 64, "width": 32}}
RESNET = {**PICTURE, "depth": 18}
TOWERS = {"blocks": [1, 1, 1, 1], "image_channels": 4, "text_width": 16, "text_layers": 1, "text_heads": 2}
CLIP = {"frames": FRAMES, "height": 64, "width": 32, "poses": 16, "silhouettes": 16}
LITE = {
    "backbone": "mobile",
    "temporal_refinement": 16,
    "refinement": [16, 32],
    "shape_widths": [16],
    "gait_widths": [16],
    "fusion_width": 16,
    "silhouette_channels": [4, 4, 8],
    "silhouette_part_width": 8,
}
POSE, PARSER = {"use": "crops"}, {"use": "crops"}

# network, data set, options of the network, options of its branch
IMAGES = [
    ("camc", {**RESNET, "heads": 4}, {"pose": POSE}),
    ("mpcf", {**RESNET, "heads": 4, "guide_width": 32}, {"pose": POSE}),
    ("cre_bsga", RESNET, {"parser": PARSER}),
    ("mbnet", {**RESNET, "heads": 4}, {"parser": PARSER}),
    ("sci", {**PICTURE, "embedding": 32, **TOWERS}, {}),
]
CLIPS = [
    (
        "asgl",
        {"clip": CLIP, "cues": ["appearance", "shape", "gait", "silhouette"], "erasure": "always", **LITE},
        {"pose": POSE, "parser": PARSER},
    ),
    ("silhouettes", {"clip": {**CLIP, "poses": 0}, **LITE}, {"model": "silhouettes", "parser": PARSER}),
]


@pytest.fixture(autouse=True)
def _plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(1)
    points = {
        "poses": {"crops": "tests.fakes.crop_pose:CropPose"},
        "parsers": {"crops": "tests.fakes.outline_parser:OutlineParser"},
    }
    install_plugins(tmp_path / "plugins", monkeypatch, points)


@pytest.fixture(scope="module")
def ltcc(tmp_path_factory: pytest.TempPathFactory) -> DataSet:
    return annotated(read("ltcc", fake("ltcc", tmp_path_factory.mktemp("data"))))


@pytest.fixture(scope="module")
def ccvid(tmp_path_factory: pytest.TempPathFactory) -> DataSet:
    return annotated(read("ccvid", fake("ccvid", tmp_path_factory.mktemp("data"))))


def cache(data: DataSet) -> Path:
    return data.root.parent / "annotations"


def annotated(data: DataSet) -> DataSet:
    """By the same parser and the same estimator that look at shots live."""
    parser, estimator = OutlineParser(OutlineParser.Options()), CropPose(CropPose.Options())
    written = Annotations(data.root, cache(data))
    for path in {path for split in (data.train, data.query, data.gallery) for each in split for path in each.paths}:
        picture = read_picture(path)
        [labels], [pose] = parser.parse([picture]), estimator.estimate(tracklet([picture]))
        assert labels is not None
        assert pose is not None
        written.write_parsing(path, labels)
        written.write_pose(path, pose)
    return data


def trained(system: str, options: dict[str, Any], data: DataSet, out: Path) -> Path:
    batch = {"persons": 4, "each": 4}
    stages = [{"name": name, "epochs": 1 if system == "sci" else 2, "batch": batch} for name in stages_of(system)]
    raw = {
        "system": {"use": system, "options": options},
        "data": {
            "name": data.name,
            "root": str(data.root),
            "annotations": str(cache(data)),
            "validation": 0.0,
            "stride": 1,
        },
        "stages": stages,
        "out": str(out),
        "workers": 0,
    }
    return train(convert_options(raw, TrainOptions, "test")).checkpoint


def stages_of(system: str) -> tuple[str, ...]:
    return tuple(registry.find("networks", system).stages)


def evaluated(system: str, checkpoint: Path, data: DataSet, samples: list[Sample]) -> Seen:
    model = read_checkpoint(checkpoint, system).model
    wants = wants_of(system, model, data.kind, 1)
    feed = Feed(wants, labels_of_test(data.query, data.gallery), Annotations(data.root, cache(data)))
    return embed(model, feed, samples, Pass(torch.device("cpu")))


def shown(sample: Sample) -> Tracklet:
    return tracklet([read_picture(path) for path in sample.paths])


def agree(branch: Branch, samples: list[Sample], seen: Seen) -> None:
    answers = branch.embed([shown(sample) for sample in samples])
    for i, answer in enumerate(answers):
        assert answer is not None
        assert answer.cues.keys() == seen.cues.keys()
        for name, cue in answer.cues.items():
            np.testing.assert_allclose(cue.vector, seen.cues[name].features[i], atol=1e-5, err_msg=name)
    first, second = (answer.cues["fused"].vector for answer in answers[:2] if answer is not None)
    assert not np.allclose(first, second, atol=1e-4), "the vectors differ from person to person"


@pytest.mark.slow
@pytest.mark.parametrize(("system", "options", "live"), IMAGES, ids=[each[0] for each in IMAGES])
def test_an_image_system_sees_live_what_evaluation_sees(
    system: str, options: dict[str, Any], live: dict[str, Any], ltcc: DataSet, tmp_path: Path
) -> None:
    checkpoint = trained(system, options, ltcc, tmp_path / "out")
    samples = [ltcc.query[0], ltcc.query[-1]]
    branch = registry.build("branches", PluginUse(use=system, options={"weights": str(checkpoint), **live}))
    agree(branch, samples, evaluated(system, checkpoint, ltcc, samples))


@pytest.mark.slow
@pytest.mark.parametrize(("system", "options", "live"), CLIPS, ids=[each[0] for each in CLIPS])
def test_a_system_of_clips_sees_live_what_evaluation_sees(
    system: str, options: dict[str, Any], live: dict[str, Any], ccvid: DataSet, tmp_path: Path
) -> None:
    checkpoint = trained(system, options, ccvid, tmp_path / "out")
    samples = [ccvid.query[0], ccvid.query[-1]]
    branch = registry.build("branches", PluginUse(use="asgl", options={"weights": str(checkpoint), **live}))
    agree(branch, samples, evaluated(system, checkpoint, ccvid, samples))
