"""The ASGL branch with real networks that need people parsed: outlines alone, and appearance without clothes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from plugins.branches.asgl import AsglBranch
from reid_core import options
from reid_core.errors import ConfigInvalid
from reid_core.models.asgl import Asgl
from reid_core.models.build import build_model
from reid_core.models.checkpoint import ModelCard, write_checkpoint
from reid_core.options import PluginUse
from reid_core.records import FUSED, Image, Tracklet, TrackletEmbedding
from tests.fakes.installed import install_plugins
from tests.fakes.tracklets import person, tracklet, walker

RED, BLUE, DARK = (190, 40, 40), (40, 60, 170), (40, 40, 46)
CLOTHES = 4  # upper clothes, in ATR


class Halves:
    """Takes the left part of every picture for a person in clothes from head to foot."""

    class Options(options.Options, frozen=True):
        share: float = 0.5

    def __init__(self, options: Options) -> None:
        self._share = options.share

    def parse(self, pictures: Sequence[Image], paths: Sequence[Path] | None = None) -> list[NDArray[np.uint8] | None]:
        assert paths is None
        return [self._labels(picture) for picture in pictures]

    def _labels(self, picture: Image) -> NDArray[np.uint8] | None:
        if picture.shape[0] < 40:  # too small
            return None
        labels = np.zeros(picture.shape[:2], dtype=np.uint8)
        labels[:, : round(picture.shape[1] * self._share)] = CLOTHES
        return labels


@pytest.fixture(autouse=True)
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(1)
    points = {"parsers": {"halves": f"{__name__}:Halves"}, "poses": {"crop_pose": "tests.fakes.crop_pose:CropPose"}}
    install_plugins(tmp_path / "site", monkeypatch, points)


def weights(folder: Path, name: str, raw: dict[str, Any]) -> str:
    torch.manual_seed(3)
    model = build_model(name, {"persons": 3, **raw})
    assert isinstance(model, Asgl)
    path = folder / f"{name}.safetensors"
    write_checkpoint(path, name, model, model.options, ModelCard(trained_on="nothing"))
    return str(path)


def make(path: str, model: str, parser: PluginUse | None) -> AsglBranch:
    pose = PluginUse(use="crop_pose")
    return AsglBranch(AsglBranch.Options(weights=path, model=model, pose=pose, parser=parser, device="cpu"))


def one(branch: AsglBranch, each: Tracklet) -> TrackletEmbedding:
    [answer] = branch.embed([each])
    assert answer is not None
    return answer


OUTLINES = {"clip": {"frames": 1, "poses": 0, "silhouettes": 6}, "silhouette_channels": [4, 8, 8]}
ERASED = {
    "cues": ["appearance"],
    "clip": {"frames": 2, "height": 64, "width": 32, "poses": 0},
    "backbone": "mobile",
    "erasure": "always",
}


def test_outlines_alone(tmp_path: Path) -> None:
    path = weights(tmp_path, "silhouettes", OUTLINES)
    wide, narrow = (make(path, "silhouettes", PluginUse(use="halves", options={"share": each})) for each in (0.5, 0.3))
    red, blue = walker(RED, DARK, 1), walker(BLUE, DARK, 2)
    answer = one(wide, red)
    assert set(answer.cues) == {FUSED, "silhouette"}
    assert np.allclose(answer.fused, one(wide, blue).fused, atol=1e-6)  # colours do not matter
    assert not np.allclose(answer.fused, one(narrow, red).fused, atol=1e-3)
    assert answer.model != one(narrow, red).model  # never compared
    [nothing] = wide.embed([walker(RED, DARK, 3, height=30)])
    assert nothing is None


def test_appearance_without_clothes(tmp_path: Path) -> None:
    branch = make(weights(tmp_path, "asgl", ERASED), "asgl", PluginUse(use="halves"))
    crops = [person(RED, DARK, height=64, seed=i) for i in range(2)]
    painted = []
    for crop in crops:
        other = crop.copy()
        other[:, : round(crop.shape[1] * 0.45)] = (20, 200, 20)  # short of the edge, where resizing blurs
        painted.append(other)
    whole = [crop.copy() for crop in crops]
    for crop in whole:
        crop[:, crop.shape[1] // 2 :] = (20, 200, 20)
    first = one(branch, tracklet(crops)).fused
    assert np.allclose(first, one(branch, tracklet(painted)).fused, atol=1e-2)
    assert not np.allclose(first, one(branch, tracklet(whole)).fused, atol=1e-2)


@pytest.mark.parametrize(("name", "raw"), [("silhouettes", OUTLINES), ("asgl", ERASED)])
def test_without_a_parser_it_says_so_at_the_start(name: str, raw: dict[str, Any], tmp_path: Path) -> None:
    path = weights(tmp_path, name, raw)
    with pytest.raises(ConfigInvalid, match=r"looks at outlines or erases clothes.+name a parser"):
        make(path, name, None)


def test_options_travel_as_plain_data() -> None:
    """What was trained is what is rebuilt, to the last option."""
    raw = {"persons": 3, **ERASED}
    model = build_model("asgl", raw)
    assert isinstance(model, Asgl)
    again = build_model("asgl", msgspec.to_builtins(model.options))
    assert isinstance(again, Asgl)
    assert again.options == model.options
