"""MPCF: the counts of table 6, its guidance, and what every image system must do."""

from dataclasses import replace

import pytest
import torch

from reid_core.losses.guidance import guidance_loss
from reid_core.models.build import build_model
from reid_core.models.mpcf import Mpcf
from reid_core.models.operations import count_operations
from tests.reid_core.models.toy_pictures import (
    SMALL,
    check_cues,
    check_gradients,
    check_learns,
    check_order,
    fused,
    one_picture,
    toy_batch,
)

TINY = Mpcf.Options(persons=4, picture=SMALL, depth=18, heads=4, guide_width=32, guide_inside=32)


@pytest.fixture
def model() -> Mpcf:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    return Mpcf(TINY)


def test_counts_are_within_one_percent_of_table_6() -> None:
    mpcf = Mpcf(Mpcf.Options(persons=150, joints=18))
    found = count_operations(mpcf, lambda: mpcf.losses(one_picture(384, 192, joints=18)))  # a step of training
    millions, gigamacs = found.parameters / 1e6, found.multiply_accumulates / 1e9
    print(f"\nMPCF: {millions:.2f} M parameters (published 78.26), {gigamacs:.2f} GMACs (published 20.48)")  # noqa: T201
    assert millions == pytest.approx(78.26, rel=0.01)
    assert gigamacs == pytest.approx(20.48, rel=0.01)


def test_trains_everything_but_what_is_frozen(model: Mpcf) -> None:
    assert [name for name, each in model.named_parameters() if not each.requires_grad] == ["neck.bias"]
    check_gradients(model, 14)


def test_cues_and_order(model: Mpcf) -> None:
    check_cues(model, 14, {"fused", "appearance", "shape"})
    check_order(model, 14)


def test_learns_four_people(model: Mpcf) -> None:
    check_learns(model, 14)


def test_total_is_eq_8(model: Mpcf) -> None:
    losses = model.eval().losses(toy_batch(14))
    torch.testing.assert_close(losses["total"], 0.9 * losses["identity"] + 0.1 * losses["guide"])


def test_guidance_is_for_training_alone(model: Mpcf) -> None:
    batch = toy_batch(14)
    before = fused(model, batch)
    with torch.no_grad():
        for each in (*model.project.parameters(), *model.embed_shape.parameters()):
            each.zero_()
    assert torch.equal(fused(model, batch), before)


def test_pictures_without_a_pose_guide_nothing(model: Mpcf) -> None:
    batch = replace(toy_batch(14), heatmap_mask=torch.zeros(16, dtype=torch.bool))
    losses = model.train().losses(batch)
    assert float(losses["guide"].detach()) == 0.0
    torch.autograd.backward(losses["total"])
    assert all(bool(torch.isfinite(each.grad).all()) for each in model.parameters() if each.grad is not None)


def test_guidance_loss_by_hand() -> None:
    """softmax of (0, ln 3) is (1/4, 3/4), of (0, 0) is (1/2, 1/2)."""
    shape = torch.log(torch.tensor([[1.0, 3.0], [1.0, 1.0]]))
    even = torch.zeros(2, 2)
    divergence = 0.25 * torch.log(torch.tensor(0.5)) + 0.75 * torch.log(torch.tensor(1.5))
    both = torch.tensor([True, True])
    weights = (0.5, 0.3, 0.2)
    whole = guidance_loss(shape, [even, shape, even], weights, both)
    torch.testing.assert_close(whole, (0.5 + 0.2) * 0.5 * divergence / 2)  # the second row has nothing to learn
    first = guidance_loss(shape, [even, shape, even], weights, torch.tensor([True, False]))
    torch.testing.assert_close(first, (0.5 + 0.2) * 0.5 * divergence)


def test_is_built_by_name() -> None:
    assert isinstance(build_model("mpcf", {"persons": 4, "depth": 18}), Mpcf)
