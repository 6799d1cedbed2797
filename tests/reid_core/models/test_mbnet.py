"""The network after MBNet's abstract: its three branches and their losses, and what every image system must do."""

from dataclasses import replace

import pytest
import torch

from reid_core.losses.background import background_loss
from reid_core.losses.transfer import transfer_loss
from reid_core.models.build import build_model
from reid_core.models.mbnet import MbNet
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

TINY = MbNet.Options(persons=4, picture=SMALL, depth=18, heads=4)


@pytest.fixture
def model() -> MbNet:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    return MbNet(TINY)


def test_counts() -> None:
    net = MbNet(MbNet.Options(persons=150))
    found = count_operations(net, lambda: net(inputs_of(one_picture(256, 128))))
    print(f"\nMBNet: {found.parameters:,} parameters, {found.multiply_accumulates / 1e9:.2f} GMACs at 256 x 128")  # noqa: T201
    assert found.frozen == 4 * 2048  # the necks' biases: of two branches with 2048 channels and one with 4096


def test_trains_everything_but_what_is_frozen(model: MbNet) -> None:
    frozen = [name for name, each in model.named_parameters() if not each.requires_grad]
    assert frozen == [f"{branch}_branch.neck.bias" for branch in ("global", "unrelated", "mask")]
    check_gradients(model, 0)


def test_cues_and_order(model: MbNet) -> None:
    check_cues(model, 0, {"fused", "appearance", "unrelated", "shape"})
    check_order(model, 0)


def test_learns_four_people(model: MbNet) -> None:
    check_learns(model, 0, steps=5)


def test_clothes_reach_the_global_branch_alone(model: MbNet) -> None:
    batch = toy_batch()
    other = batch.pictures.clone()
    other[:, :, 20:36, 10:22] = 3.0  # within the upper clothes
    with torch.inference_mode():
        before = model.eval()(inputs_of(batch))
        after = model(inputs_of(replace(batch, pictures=other)))
    assert torch.equal(before["unrelated"].vectors, after["unrelated"].vectors)
    assert torch.equal(before["shape"].vectors, after["shape"].vectors)
    assert not torch.allclose(before["appearance"].vectors, after["appearance"].vectors)


def test_without_parsing_two_branches_are_not_relied_on(model: MbNet) -> None:
    nothing = toy_batch(parsing=False)
    with torch.inference_mode():
        cues = model.eval()(inputs_of(nothing))
    assert {name: float(cue.reliability.max()) for name, cue in cues.items()} == {
        "fused": 1.0,
        "appearance": 1.0,
        "unrelated": 0.0,
        "shape": 0.0,
    }
    unknown = replace(toy_batch(), parsing_mask=torch.zeros(16, dtype=torch.bool))
    assert torch.equal(fused(model, unknown), cues["fused"].vectors)
    losses = model.train().losses(nothing)
    assert bool(torch.isfinite(losses["total"]))
    assert float(losses["background"].detach()) == 0.0


def test_background_loss_by_hand() -> None:
    places = torch.full((2, 1, 2, 1), 0.5)
    body = torch.zeros(2, 1, 4, 2)
    body[:, :, :2] = 1  # the upper half: one place of two
    both = torch.tensor([True, True])
    assert float(background_loss(places, body, both)) == pytest.approx(0.25)
    places[:, :, 1] = 0  # looks at the body alone
    assert float(background_loss(places, body, both)) == 0.0
    places[1, :, 1] = 1
    assert float(background_loss(places, body, torch.tensor([True, False]))) == 0.0


def test_the_teacher_is_not_moved_by_its_pupil() -> None:
    torch.manual_seed(0)
    maps = [torch.rand(2, 3, 4, 2, requires_grad=True) for _ in range(2)]
    logits = [torch.randn(2, 5, requires_grad=True) for _ in range(2)]
    torch.autograd.backward(transfer_loss(maps[0], maps[1], logits[0], logits[1], 4.0))
    assert [each.grad is not None for each in (*maps, *logits)] == [True, False, True, False]
    same = transfer_loss(maps[0], maps[0], logits[0], logits[0], 4.0)
    assert float(same.detach()) == pytest.approx(0, abs=1e-6)


def test_is_built_by_name() -> None:
    assert isinstance(build_model("mbnet", {"persons": 4, "depth": 18}), MbNet)
