"""CRE+BSGA: erasure, the attention with and without a mask, the doubled batch, and what every image system must do."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
import torch
from torch import nn

from reid_core.data.transforms import to_inputs
from reid_core.losses.cross_clothes import cross_clothes_triplet
from reid_core.losses.identity import identity_loss
from reid_core.models.body_shape_attention import BodyShapeAttention, Reduction
from reid_core.models.build import build_model
from reid_core.models.cre_bsga import CreBsga
from reid_core.models.erasure import erased
from reid_core.models.human_parts import ATR_LABELS, CLOTHES, LIP_LABELS, LIP_TO_ATR, Part, labels_of
from reid_core.models.image_inputs import PictureShape
from reid_core.models.operations import count_operations, count_parameters
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

TINY = CreBsga.Options(persons=4, picture=SMALL, depth=18)


@pytest.fixture
def model() -> CreBsga:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    return CreBsga(TINY)


def test_every_label_is_in_one_group() -> None:
    assert sorted(label for part in Part for label in labels_of(part)) == list(range(len(ATR_LABELS)))
    assert [ATR_LABELS[i] for i in labels_of(*CLOTHES)] == ["upper_clothes", "skirt", "pants", "dress"]
    assert [ATR_LABELS[i] for i in labels_of(Part.ACCESSORIES)] == ["belt", "bag", "scarf"]


def test_lip_becomes_atr() -> None:
    assert len(LIP_TO_ATR) == 20
    renamed = {"glove": "left_arm", "coat": "upper_clothes", "socks": "left_leg", "jumpsuits": "dress"}
    assert [ATR_LABELS[i] for i in LIP_TO_ATR] == [renamed.get(name, name) for name in LIP_LABELS]


def test_erased_is_black_in_the_raw_picture() -> None:
    white = np.full((4, 2, 3), 255, dtype=np.uint8)
    black = torch.from_numpy(to_inputs([white * 0], 4, 2))
    pictures = torch.from_numpy(to_inputs([white, white], 4, 2))
    parsing = torch.zeros(2, 4, 2, dtype=torch.int64)
    parsing[:, 1] = 4  # upper clothes
    parsing[:, 2] = 11  # face
    found = torch.tensor([True, False])
    out = erased(pictures, parsing, found, labels_of(*CLOTHES))
    torch.testing.assert_close(out[0, :, 1], black[0, :, 1])
    assert torch.equal(out[0, :, [0, 2, 3]], pictures[0, :, [0, 2, 3]])
    assert torch.equal(out[1], pictures[1])  # nothing known of it
    assert not bool(erased(pictures, parsing, found, labels_of(*CLOTHES), "mean")[0, :, 1].any())
    clip = erased(pictures[None], parsing[None], found[None], labels_of(*CLOTHES))  # clips of frames too
    assert torch.equal(clip[0], out)


def test_labels_that_nobody_found_may_be_anything() -> None:
    pictures = torch.rand(1, 3, 4, 2)
    nonsense = torch.full((1, 4, 2), 255)
    assert torch.equal(erased(pictures, nonsense, torch.tensor([False]), (4,)), pictures)


@pytest.mark.parametrize("reduction", get_args(Reduction))
def test_attention_is_eq_2_to_5(reduction: Reduction) -> None:
    torch.manual_seed(0)
    attention = BodyShapeAttention(8, reduction)
    maps, mask = torch.randn(2, 8, 6, 4), (torch.rand(2, 1, 48, 32) > 0.5).float()
    small = nn.functional.interpolate(mask, (6, 4), mode="bilinear", align_corners=False)
    reduced = attention.reduce(maps)
    assert reduced.shape == (2, 2, 6, 4)
    if reduction == "mean_max":
        torch.testing.assert_close(reduced, torch.stack([maps.mean(1), maps.max(1).values], 1))
        assert count_parameters(attention) == 248
    a = attention.attend(torch.cat([attention.see_mask(small), reduced], 1))
    torch.testing.assert_close(attention(maps, mask), maps * torch.sigmoid(a * attention.gate(small)))


def test_counts() -> None:
    net = CreBsga(CreBsga.Options(persons=150))
    found = count_operations(net, lambda: net(inputs_of(one_picture(256, 128))))
    print(f"\nCRE+BSGA: {found.parameters:,} parameters, {found.multiply_accumulates / 1e9:.2f} GMACs at 256 x 128")  # noqa: T201
    without = CreBsga(CreBsga.Options(persons=150, bsga=False))
    assert found.parameters == count_parameters(without) + 248


@pytest.mark.parametrize("reduction", get_args(Reduction))
def test_trains_everything_but_what_is_frozen(reduction: Reduction) -> None:
    model = CreBsga(CreBsga.Options(persons=4, picture=SMALL, depth=18, reduction=reduction))
    assert [name for name, each in model.named_parameters() if not each.requires_grad] == ["neck.bias"]
    check_gradients(model, 0)


def test_cues_and_order(model: CreBsga) -> None:
    check_cues(model, 0, {"fused"})
    check_order(model, 0)


def test_learns_four_people(model: CreBsga) -> None:
    check_learns(model, 0, steps=5)


def test_the_batch_is_doubled(model: CreBsga) -> None:
    """Losses of originals and erased copies together, on the feature after the neck, by the parts of the model."""
    batch = toy_batch()
    losses = model.eval().losses(batch)
    assert batch.parsing is not None
    assert batch.parsing_mask is not None
    gone = labels_of(*CLOTHES, Part.ACCESSORIES)
    copies = replace(batch, pictures=erased(batch.pictures, batch.parsing, batch.parsing_mask, gone))
    feature = torch.cat([model(inputs_of(each))["fused"].vectors for each in (batch, copies)])
    persons, clothes = batch.persons.repeat(2), batch.clothes.repeat(2)
    identity = identity_loss(model.classify(feature), persons, 0.0)
    triplet = cross_clothes_triplet(feature, persons, clothes, 0.3)
    torch.testing.assert_close(losses["identity"], identity)
    torch.testing.assert_close(losses["cross_clothes"], triplet)
    torch.testing.assert_close(losses["total"], identity + triplet)


def test_without_parsing_any_place_may_be_body(model: CreBsga) -> None:
    batch = toy_batch()
    body = replace(batch, parsing=torch.full((16, 64, 32), 4))
    nothing = replace(batch, parsing=None, parsing_mask=None)
    unknown = replace(batch, parsing_mask=torch.zeros(16, dtype=torch.bool))
    everywhere = fused(model, body)
    assert torch.equal(fused(model, nothing), everywhere)
    assert torch.equal(fused(model, unknown), everywhere)
    assert not torch.allclose(fused(model, batch), everywhere)  # what is known is looked at
    losses = model.train().losses(nothing)
    assert bool(torch.isfinite(losses["total"]))


def test_each_module_can_be_left_out() -> None:
    for cre, bsga in ((True, False), (False, True), (False, False)):
        options = CreBsga.Options(persons=4, picture=SMALL, depth=18, cre=cre, bsga=bsga)
        model = CreBsga(options)
        assert model.wants_parsing == (cre or bsga)
        assert bool(torch.isfinite(model.losses(toy_batch())["total"]))
    blind = fused(model, toy_batch())
    assert torch.equal(blind, fused(model, toy_batch(parsing=False)))


def test_is_built_by_name() -> None:
    model = build_model("cre_bsga", {"persons": 4, "depth": 18})
    assert isinstance(model, CreBsga)
    assert model.picture == PictureShape(height=256, width=128)
