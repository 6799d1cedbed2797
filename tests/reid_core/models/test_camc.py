"""CAMC: the counts of its paper to the last parameter, and what every image system must do."""

from dataclasses import replace

import pytest
import torch

from reid_core.errors import ConfigInvalid
from reid_core.models.build import build_model
from reid_core.models.camc import Camc
from reid_core.models.operations import count_operations
from tests.reid_core.models.toy_pictures import (
    SMALL,
    check_cues,
    check_gradients,
    check_learns,
    check_order,
    fused,
    inputs_of,
    one_picture,
    toy_batch,
)

TINY = Camc.Options(persons=4, picture=SMALL, depth=18, heads=4)


@pytest.fixture
def model() -> Camc:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    return Camc(TINY)


def test_counts_are_those_of_the_paper() -> None:
    camc = Camc(Camc.Options(persons=150))  # PRCC's; 13 maps, the neck's frozen bias not counted
    found = count_operations(camc, lambda: camc(inputs_of(one_picture(384, 192, joints=13))))
    gigamacs = found.multiply_accumulates / 1e9
    print(f"\nCAMC: {found.parameters:,} parameters (published 62.33 M), {gigamacs:.2f} GMACs (published 20.2)")  # noqa: T201
    assert found.parameters == 62_330_944
    assert found.frozen == 4096
    assert gigamacs == pytest.approx(20.11, abs=0.005)


def test_trains_everything_but_what_is_frozen(model: Camc) -> None:
    assert [name for name, each in model.named_parameters() if not each.requires_grad] == ["neck.bias"]
    check_gradients(model, 13)


def test_cues_and_order(model: Camc) -> None:
    check_cues(model, 13, {"fused", "appearance", "shape"})
    check_order(model, 13)


def test_learns_four_people(model: Camc) -> None:
    check_learns(model, 13)


def test_what_lies_under_a_false_mask_does_not_matter(model: Camc) -> None:
    batch = toy_batch(13)
    assert batch.heatmaps is not None
    mask = torch.ones(16, dtype=torch.bool)
    mask[:8] = False
    other = batch.heatmaps.clone()
    other[:8] = torch.nan
    one = fused(model, replace(batch, heatmap_mask=mask))
    assert torch.equal(one, fused(model, replace(batch, heatmap_mask=mask, heatmaps=other)))
    with torch.inference_mode():
        cues = model(inputs_of(replace(batch, heatmap_mask=mask)))
    assert cues["shape"].reliability.tolist() == [0.0] * 8 + [1.0] * 8


@pytest.mark.parametrize("patch", [4, 6, 8])
def test_overlapping_patches_keep_the_grid(patch: int) -> None:
    options = Camc.Options(persons=4, picture=SMALL, depth=18, heads=4, patch=patch)  # type: ignore[arg-type]
    assert fused(Camc(options), toy_batch(13)).shape == (16, 1024)


def test_heatmaps_of_another_pose_estimator_are_refused(model: Camc) -> None:
    for joints in (0, 14):
        with pytest.raises(ConfigInvalid, match="the model was made for 13 of 16 x 8 a picture, found"):
            fused(model, toy_batch(joints))


def test_is_built_by_name_and_has_one_stage() -> None:
    picture = {"height": 64, "width": 32}
    model = build_model("camc", {"persons": 4, "picture": picture, "depth": 18})
    assert isinstance(model, Camc)
    assert model.stages == ("train",)
    model.begin_stage("train")
    with pytest.raises(ConfigInvalid, match="stage 'prompts': this model is trained in one stage"):
        model.begin_stage("prompts")
