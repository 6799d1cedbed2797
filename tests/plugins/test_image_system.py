"""The image systems as branches: the very vectors of the system, what they need, and what is wrong said in one line."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from plugins.branches.image_system import Camc, CreBsga, ImageSystemBranch, Sci
from reid_core import registry
from reid_core.data.transforms import resize_labels, scale_points, to_inputs
from reid_core.errors import CheckpointInvalid, ConfigInvalid
from reid_core.models.build import build_model
from reid_core.models.checkpoint import ModelCard, read_checkpoint, write_checkpoint
from reid_core.models.image_inputs import PictureInputs
from reid_core.options import PluginUse, convert_options
from reid_core.pose.heatmaps import joint_heatmaps, to_body_maps
from tests.fakes.crop_parser import CropParser
from tests.fakes.crop_pose import CropPose
from tests.fakes.installed import install_plugins
from tests.fakes.tracklets import person, tracklet

SIZE = (64, 32)
POSE, PARSER = PluginUse(use="crop_pose"), PluginUse(use="crop_parser")
SMALL_SCI = {"blocks": (1, 1, 1, 1), "image_channels": 4, "embedding": 32, "text_width": 16, "text_layers": 1}
SMALL: dict[str, dict[str, Any]] = {"sci": SMALL_SCI, "camc": {"depth": 18}, "cre_bsga": {"depth": 18}}
CLASSES: dict[str, type[ImageSystemBranch]] = {"sci": Sci, "camc": Camc, "cre_bsga": CreBsga}


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    torch.set_num_threads(1)
    poses, parsers = "tests.fakes.crop_pose:CropPose", "tests.fakes.crop_parser:CropParser"
    install_plugins(
        tmp_path / "site", monkeypatch, {"poses": {"crop_pose": poses}, "parsers": {"crop_parser": parsers}}
    )

    def written(name: str, **more: Any) -> str:
        torch.manual_seed(1)
        given = {"persons": 4, "picture": {"height": SIZE[0], "width": SIZE[1]}, **SMALL[name], **more}
        model = build_model(name, given)
        kind: Any = type(model)
        path = tmp_path / f"{name}.safetensors"
        options = convert_options(given, kind.Options, name)
        write_checkpoint(path, name, model, options, ModelCard(trained_on="nothing"))
        return str(path)

    return written


@pytest.mark.parametrize("name", ["sci", "camc", "cre_bsga"])
def test_one_shot_gives_the_systems_own_vector(weights: Callable[..., str], name: str) -> None:
    path = weights(name)
    crop = person((190, 40, 40), (40, 40, 46))
    one = tracklet([crop])
    options = {"weights": path, "device": "cpu", "pose": {"use": "crop_pose"}, "parser": {"use": "crop_parser"}}
    branch = registry.build("branches", PluginUse(use=name, options=options))
    [answer] = branch.embed([one])
    assert answer is not None

    [labels] = CropParser(CropParser.Options()).parse([crop])
    [pose] = CropPose(CropPose.Options()).estimate(one)
    assert labels is not None
    assert pose is not None
    maps = joint_heatmaps(scale_points(pose.image, crop.shape[:2], SIZE), pose.visibility, *SIZE)
    inputs = PictureInputs(
        torch.from_numpy(to_inputs([crop], *SIZE)),
        parsing=torch.from_numpy(resize_labels(labels, *SIZE).astype(np.int64))[None],
        heatmaps=torch.from_numpy(to_body_maps(maps))[None],
    )
    with torch.inference_mode():
        cues = read_checkpoint(Path(path), name).model(inputs)
    assert set(answer.cues) == set(cues)
    for cue, found in answer.cues.items():
        expected = torch.nn.functional.normalize(cues[cue].vectors[0], dim=0).numpy()
        assert np.abs(found.vector - expected).max() < 1e-6
    assert (answer.branch, answer.model.name) == (name, name)


def test_better_shots_count_more(weights: Callable[..., str]) -> None:
    branch = Sci(Sci.Options(weights=weights("sci", feature_at_test="before_neck"), device="cpu"))
    crops = [person((190, 40, 40), (40, 40, 46)), person((40, 60, 170), (50, 140, 70), seed=1)]
    both = tracklet(crops)
    first, second, together = branch.embed([tracklet([crops[0]]), tracklet([crops[1]]), both])
    assert first is not None
    assert second is not None
    assert together is not None
    q = [shot.quality for shot in both.shots]
    mean = (q[0] * first.fused + q[1] * second.fused) / sum(q)
    assert np.abs(together.fused - mean / np.linalg.norm(mean)).max() < 1e-5


def test_without_a_pose_the_shape_is_mute(weights: Callable[..., str]) -> None:
    unseen = PluginUse(use="crop_pose", options={"min_height": 1000})
    [answer] = Camc(Camc.Options(weights=weights("camc"), device="cpu", pose=unseen)).embed(
        [tracklet([person((190, 40, 40), (40, 40, 46))])]
    )
    assert answer is not None
    assert set(answer.cues) == {"fused", "appearance"}


def test_who_finds_the_joints_must_be_named(weights: Callable[..., str]) -> None:
    with pytest.raises(ConfigInvalid, match=r"branches camc: .*looks at joints; say who finds them, as pose: \{use"):
        Camc(Camc.Options(weights=weights("camc"), device="cpu"))


def test_joints_that_no_live_pose_has_are_refused(weights: Callable[..., str]) -> None:
    with pytest.raises(CheckpointInvalid, match=r"looks at 18 joints; live poses have 14: train it with joints: 14"):
        Camc(Camc.Options(weights=weights("camc", joints=18), device="cpu", pose=POSE))


def test_a_missing_parser_is_told_and_not_fatal(weights: Callable[..., str], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        branch = CreBsga(CreBsga.Options(weights=weights("cre_bsga"), device="cpu"))
    assert "cre_bsga sees better with the parts of the body; name a parser" in caplog.text
    assert branch.embed([tracklet([person((190, 40, 40), (40, 40, 46))])])[0] is not None


def test_another_systems_checkpoint_is_refused(weights: Callable[..., str]) -> None:
    with pytest.raises(CheckpointInvalid, match="holds the model 'cre_bsga', expected 'sci'"):
        Sci(Sci.Options(weights=weights("cre_bsga"), device="cpu"))


def test_the_name_of_the_model_tells_what_its_vectors_depend_on(weights: Callable[..., str]) -> None:
    path = weights("cre_bsga")
    one = [tracklet([person((190, 40, 40), (40, 40, 46))])]

    def model(**more: Any) -> str:
        [answer] = CreBsga(CreBsga.Options(weights=path, device="cpu", **more)).embed(one)
        assert answer is not None
        return str(answer.model)

    assert model(parser=PARSER) == model(parser=PARSER, batch=3, pose=POSE)  # it looks at no joints
    assert len({model(), model(parser=PARSER), model(parser=PARSER, shots=2)}) == 3


def test_vectors_that_are_no_numbers_are_left_out(weights: Callable[..., str], tmp_path: Path) -> None:
    path = weights("sci")
    checkpoint = read_checkpoint(Path(path), "sci")
    system: Any = checkpoint.model
    with torch.no_grad():
        system.map_neck.weight.fill_(torch.nan)
    broken = tmp_path / "broken.safetensors"
    write_checkpoint(broken, "sci", system, system.options, checkpoint.card)
    branch = Sci(Sci.Options(weights=str(broken), device="cpu"))
    assert branch.embed([tracklet([person((190, 40, 40), (40, 40, 46))])]) == [None]


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_not_there_is_named(weights: Callable[..., str]) -> None:
    with pytest.raises(ConfigInvalid, match="branches sci: device: cuda, but torch finds no GPU"):
        Sci(Sci.Options(weights=weights("sci"), device="cuda"))
