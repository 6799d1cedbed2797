"""The ASGL branch with a small real network: which shots and poses reach it, and what is made of its cues."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from plugins.branches.asgl import AsglBranch
from reid_core.errors import CheckpointInvalid, ConfigInvalid, PluginNotFound
from reid_core.models.asgl_inputs import AsglInputs, Clip, ClipShape, CueBatch, collate
from reid_core.models.build import build_model
from reid_core.models.checkpoint import ModelCard, write_checkpoint
from reid_core.options import PluginUse
from reid_core.pose.gaps import PoseSequence
from reid_core.records import FUSED, Tracklet, TrackletEmbedding
from tests.fakes.installed import install_plugins
from tests.fakes.tiny_asgl import TinyAsgl
from tests.fakes.tracklets import person, tracklet, walker

RED, BLUE, DARK = (190, 40, 40), (40, 60, 170), (40, 40, 46)
CROP_POSE = PluginUse(use="crop_pose")


class Loud(TinyAsgl):
    """Says something odd of the first clip of a batch."""

    def forward(self, inputs: AsglInputs) -> dict[str, CueBatch]:
        cues = super().forward(inputs)
        cues["fused"].vectors[0, 0] = torch.nan
        cues["gait"].reliability[1] = torch.nan
        cues["shape"].vectors[1] = 0
        cues["appearance"].reliability[1] = 1.5
        return cues


class OnlyWeights(torch.nn.Linear):
    Options = TinyAsgl.Options

    def __init__(self, options: TinyAsgl.Options) -> None:
        super().__init__(3, options.width)


@pytest.fixture(autouse=True)
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    networks = {
        "tiny_asgl": "tests.fakes.tiny_asgl:TinyAsgl",
        "loud": f"{__name__}:Loud",
        "only_weights": f"{__name__}:OnlyWeights",
    }
    poses = {"crop_pose": "tests.fakes.crop_pose:CropPose"}
    install_plugins(tmp_path / "site", monkeypatch, {"networks": networks, "poses": poses})


def weights(folder: Path, name: str = "tiny_asgl", options: TinyAsgl.Options | None = None) -> str:
    options = options or TinyAsgl.Options()
    torch.manual_seed(3)
    made = build_model(name, msgspec.to_builtins(options))
    path = folder / f"{name}.safetensors"
    write_checkpoint(path, name, made, options, ModelCard(trained_on="nothing", version="7"))
    return str(path)


def make(folder: Path, name: str = "tiny_asgl", **clip: int) -> AsglBranch:
    options = TinyAsgl.Options(clip=ClipShape(**clip)) if clip else None
    path = weights(folder, name, options)
    return AsglBranch(AsglBranch.Options(weights=path, model=name, pose=CROP_POSE, device="cpu"))


def one(branch: AsglBranch, each: Tracklet) -> TrackletEmbedding:
    [answer] = branch.embed([each])
    assert answer is not None
    return answer


def vector(branch: AsglBranch, each: Tracklet, cue: str) -> np.ndarray:
    return one(branch, each).cues[cue].vector


def test_every_cue_comes_with_its_reliability(tmp_path: Path) -> None:
    answer = one(make(tmp_path), walker(RED, DARK))
    assert {name: cue.reliability for name, cue in answer.cues.items()} == {
        "fused": 1.0,
        "appearance": 1.0,
        "shape": 1.0,
        "gait": 0.5,
    }
    assert (answer.branch, answer.model.name, answer.model.version) == ("asgl", "tiny_asgl", "7")
    assert answer.shots == 4  # of the frames that appearance looks at


def test_appearance_looks_at_the_best_shots_and_the_others_at_all(tmp_path: Path) -> None:
    branch = make(tmp_path)
    crops = [person(RED, DARK, seed=i) for i in range(6)]
    marked = tracklet(crops, best=[1, 3])
    only_these = tracklet([crops[1], crops[3]])
    assert np.allclose(vector(branch, marked, "appearance"), vector(branch, only_these, "appearance"), atol=1e-2)
    changed = tracklet([*crops[:5], person(BLUE, DARK)], best=[1, 3])
    assert np.array_equal(vector(branch, marked, "appearance"), vector(branch, changed, "appearance"))
    assert not np.allclose(vector(branch, marked, "shape"), vector(branch, changed, "shape"), atol=1e-3)


def test_more_shots_than_the_model_takes_are_thinned_evenly(tmp_path: Path) -> None:
    branch = make(tmp_path, frames=2, height=32, width=16, poses=3)
    crops = [person(RED, DARK, seed=i) for i in range(9)]
    thinned = [crops[0], crops[4], crops[8]]
    assert np.allclose(vector(branch, tracklet(crops), "shape"), vector(branch, tracklet(thinned), "shape"), atol=1e-6)


def test_shots_without_a_pose_are_masked(tmp_path: Path) -> None:
    branch = make(tmp_path)
    seen = [person(RED, DARK, seed=i) for i in range(3)]
    tiny = person(BLUE, DARK, height=30)  # too small for a pose
    gaps = tracklet([tiny, seen[0], tiny, seen[1], seen[2]], best=[1, 3, 4])
    without = tracklet(seen)
    for cue in ("shape", "gait"):
        assert np.allclose(vector(branch, gaps, cue), vector(branch, without, cue), atol=1e-6)


def test_without_any_pose_appearance_speaks_alone(tmp_path: Path) -> None:
    answer = one(make(tmp_path), walker(RED, DARK, height=30))
    assert set(answer.cues) == {FUSED, "appearance"}


def test_a_model_without_poses_asks_for_no_estimator(tmp_path: Path) -> None:
    path = weights(tmp_path, options=TinyAsgl.Options(clip=ClipShape(frames=2, height=32, width=16, poses=0)))
    nobody = PluginUse(use="nobody")
    branch = AsglBranch(AsglBranch.Options(weights=path, model="tiny_asgl", pose=nobody, device="cpu"))
    assert set(one(branch, walker(RED, DARK)).cues) == {FUSED, "appearance"}


def test_masked_places_may_hold_anything() -> None:
    """The contract of a model: padding changes no result."""
    shape = ClipShape(frames=4, height=32, width=16, poses=6)
    model = build_model("tiny_asgl", {}).eval()
    rng = np.random.default_rng(0)
    frames, joints = rng.normal(size=(2, 3, 32, 16)), rng.normal(size=(3, 14, 3))
    poses = PoseSequence(
        world=joints.astype(np.float32),
        image=np.zeros((3, 14, 2), dtype=np.float32),
        visibility=np.ones((3, 14), dtype=np.float32),
        found=np.array([True, False, True]),
    )
    clip = Clip(frames.astype(np.float32), poses)
    inputs = collate([clip], shape)
    assert inputs.frame_mask.tolist() == [[True, True, False, False]]
    assert inputs.pose_mask.tolist() == [[True, False, True, False, False, False]]
    noisy = replace(
        inputs,
        frames=torch.where(inputs.frame_mask[..., None, None, None], inputs.frames, 1e3),
        joints=torch.where(inputs.pose_mask[..., None, None], inputs.joints, -1e3),
    )
    for name, cue in model(inputs).items():
        assert torch.allclose(cue.vectors, model(noisy)[name].vectors, atol=1e-5)


def test_what_is_not_a_number_is_left_out(tmp_path: Path) -> None:
    first, second = make(tmp_path, "loud").embed([walker(RED, DARK, 1), walker(BLUE, DARK, 2)])
    assert first is None  # nothing fused
    assert second is not None
    assert {name: cue.reliability for name, cue in second.cues.items()} == {FUSED: 1.0, "appearance": 1.0}


def test_weights_that_are_not_of_that_model(tmp_path: Path) -> None:
    with pytest.raises(CheckpointInvalid, match=r"holds the model 'tiny_asgl', expected 'asgl'"):
        AsglBranch(AsglBranch.Options(weights=weights(tmp_path)))
    with pytest.raises(CheckpointInvalid, match=r"none\.safetensors: no such file; expected a checkpoint of 'asgl'"):
        AsglBranch(AsglBranch.Options(weights=str(tmp_path / "none.safetensors")))


def test_a_model_of_another_kind(tmp_path: Path) -> None:
    with pytest.raises(CheckpointInvalid, match=r"does not say which clips it takes; expected one like ASGL"):
        make(tmp_path, "only_weights")


def test_a_pose_estimator_that_is_not_installed_is_found_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(PluginNotFound, match=r"no poses named 'nobody'"):
        AsglBranch(AsglBranch.Options(weights=weights(tmp_path), model="tiny_asgl", pose=PluginUse(use="nobody")))


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_cuda_without_a_gpu_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match=r"device: cuda, but torch finds no GPU; use device: auto"):
        AsglBranch(AsglBranch.Options(weights=weights(tmp_path), model="tiny_asgl", pose=CROP_POSE, device="cuda"))


@pytest.mark.gpu
def test_the_gpu_gives_the_same_vectors(tmp_path: Path) -> None:
    path = weights(tmp_path)
    options = AsglBranch.Options(weights=path, model="tiny_asgl", pose=CROP_POSE, device="cpu")
    here, there = AsglBranch(options), AsglBranch(AsglBranch.Options(weights=path, model="tiny_asgl", pose=CROP_POSE))
    each = walker(RED, DARK)
    assert np.abs(one(here, each).fused - one(there, each).fused).max() < 1e-3


def test_without_torch_it_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from reid_core import errors, registry\n"
        "try: registry.find('branches', 'asgl')\n"
        "except errors.PluginNotFound as error: print(error)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout
    assert "pip install 'restride[torch]'" in said
