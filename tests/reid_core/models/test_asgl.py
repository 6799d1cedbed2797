"""ASGL in every variant: it trains, it overfits, and what is masked, padded or beside it changes nothing."""

from dataclasses import fields, replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from reid_core.data.batches import ClipBatch
from reid_core.errors import ConfigInvalid
from reid_core.models.asgl import Asgl
from reid_core.models.asgl_inputs import AsglInputs, CueBatch
from reid_core.models.asgl_variants import VARIANTS, variant
from reid_core.models.build import build_model
from reid_core.models.operations import count_parameters
from reid_core.records import FUSED
from tests.reid_core.models.toy_clips import CLIP, people, small, small_options

Outputs = dict[str, CueBatch]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


def changed(batch: ClipBatch, **parts: Any) -> ClipBatch:
    return replace(batch, inputs=replace(batch.inputs, **parts))


def with_gaps(inputs: AsglInputs) -> AsglInputs:
    """Of each clip another part is missing."""
    rng = torch.Generator().manual_seed(3)
    frame_mask, pose_mask = inputs.frame_mask.clone(), inputs.pose_mask.clone()
    frame_mask[0, 1:] = False
    pose_mask[0, 5:] = False
    pose_mask[1, 2] = False
    visibility = inputs.visibility.clone()
    visibility[2, :, 4] = 0.0
    visibility[3, 1:3, 9] = 0.05
    pose_mask[4] = False  # no pose at all
    frame_mask[5] = False  # no picture at all
    silhouette_mask = torch.rand(inputs.frame_mask.shape[0], CLIP["silhouettes"], generator=rng) > 0.3
    return replace(
        inputs, frame_mask=frame_mask, pose_mask=pose_mask, visibility=visibility, silhouette_mask=silhouette_mask
    )


def same(a: Outputs, b: Outputs, rows: Tensor | None = None) -> bool:
    """rows: which of a's are b's."""
    chosen = slice(None) if rows is None else rows
    return a.keys() == b.keys() and all(
        torch.allclose(functional.normalize(a[name].vectors[chosen]), functional.normalize(b[name].vectors), atol=1e-5)
        and torch.allclose(a[name].reliability[chosen], b[name].reliability, atol=1e-5)
        for name in a
    )


def settled(name: str = "four_cues", **changes: Any) -> Asgl:
    """Some steps into its training, so that no weight stands at zero or one and the statistics are those of clips."""
    model = hurried(small(name, **changes))
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
    for step in range(3):
        optimiser.zero_grad()
        torch.autograd.backward(model.losses(people(seed=step))["total"])
        optimiser.step()
    return model.eval()


def hurried(model: Asgl) -> Asgl:
    """Its BatchNorms forget within a few steps what came before."""
    for each in model.modules():
        if isinstance(each, nn.BatchNorm1d | nn.BatchNorm2d):
            each.momentum = 0.5
    return model


@pytest.fixture(scope="module")
def trained() -> Asgl:
    torch.manual_seed(0)
    return settled()


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_takes_a_step_that_reaches_every_weight(name: str) -> None:
    model = small(name)
    assert model.stages == ("train",)
    model.begin_stage("train")
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    losses = model.losses(people())
    torch.autograd.backward(losses["total"])
    idle = [key for key, each in model.named_parameters() if each.requires_grad and not _moved(each.grad)]
    assert idle == []
    assert all(each.requires_grad for each in model.parameters())
    before = [each.detach().clone() for each in model.parameters()]
    optimiser.step()
    assert all(torch.isfinite(each).all() for each in model.parameters())
    assert any(not torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    assert {"total", "fused_identity", "fused_triplet", "reliability"} <= losses.keys()

    outputs = model.eval()(people().inputs)
    cues = set(model.options.cues)
    assert set(outputs) == {FUSED} | cues
    for each in outputs.values():
        assert each.reliability.shape == (8,)
        assert ((each.reliability > 0) & (each.reliability < 1)).all()
        assert torch.isfinite(each.vectors).all()


def _moved(gradient: Tensor | None) -> bool:
    return gradient is not None and bool(gradient.abs().sum() > 0)


def test_overfits_four_people() -> None:
    clip = {**CLIP, "frames": 2, "height": 32, "width": 32}
    model = hurried(small("four_cues", clip=clip))
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    batch = people(shape=model.clip)
    for _ in range(30):
        optimiser.zero_grad()
        torch.autograd.backward(model.losses(batch)["total"])
        optimiser.step()
    model.eval()
    with torch.inference_mode():
        for name, each in model(batch.inputs).items():
            unit = functional.normalize(each.vectors)
            nearest = (unit @ unit.T).fill_diagonal_(-2).argmax(dim=1)
            assert torch.equal(batch.persons[nearest], batch.persons), name


def test_the_order_and_company_in_a_batch_change_nothing(trained: Asgl) -> None:
    inputs = with_gaps(people().inputs)
    with torch.inference_mode():
        together = trained(inputs)
        order = torch.tensor([3, 7, 0, 5, 4])
        assert same(together, trained(rows(inputs, order)), order)
        for row in range(8):
            one = torch.tensor([row])
            assert same(together, trained(rows(inputs, one)), one)


def rows(inputs: AsglInputs, chosen: Tensor) -> AsglInputs:
    found: dict[str, Any] = {field.name: getattr(inputs, field.name) for field in fields(inputs)}
    for name, each in found.items():
        found[name] = None if each is None else each[chosen]
    return AsglInputs(**found)


@pytest.mark.parametrize("junk", [1e4, torch.nan, torch.inf])
def test_what_is_masked_may_hold_anything(trained: Asgl, junk: float) -> None:
    inputs = with_gaps(people().inputs)
    assert inputs.silhouettes is not None
    assert inputs.silhouette_mask is not None
    hidden = (inputs.visibility < trained.options.least_visibility) | ~inputs.pose_mask[..., None]
    noisy = replace(
        inputs,
        frames=inputs.frames.masked_fill(~inputs.frame_mask[..., None, None, None], junk),
        joints=inputs.joints.masked_fill(hidden[..., None], junk),
        visibility=inputs.visibility.masked_fill(~inputs.pose_mask[..., None], junk),
        silhouettes=inputs.silhouettes.masked_fill(~inputs.silhouette_mask[..., None, None], junk),
    )
    with torch.inference_mode():
        assert same(trained(inputs), trained(noisy))


@pytest.mark.parametrize("name", ["four_cues", "gcn", "paper"])
def test_padding_at_the_end_changes_no_vector(name: str) -> None:
    model = settled(name)
    inputs = with_gaps(people().inputs)
    padded = replace(
        inputs,
        frames=_longer(inputs.frames),
        frame_mask=_longer(inputs.frame_mask),
        joints=_longer(inputs.joints),
        visibility=_longer(inputs.visibility),
        pose_mask=_longer(inputs.pose_mask),
        silhouettes=_longer(inputs.silhouettes),
        silhouette_mask=_longer(inputs.silhouette_mask),
    )
    with torch.inference_mode():
        short, long = model.cues(inputs), model.cues(padded)
    for cue, each in short.items():  # how much of a clip is filled is evidence of reliability, so fusion may differ
        assert torch.allclose(each.vectors, long[cue].vectors, atol=1e-5), cue


def _longer(tensor: Tensor | None) -> Tensor:
    assert tensor is not None
    extra = torch.full_like(tensor[:, :2], False if tensor.dtype == torch.bool else 9.0)
    return torch.cat([tensor, extra], dim=1)


def test_a_cue_that_is_not_there_weighs_nothing(trained: Asgl) -> None:
    batch = people()
    gone = changed(batch, pose_mask=torch.zeros_like(batch.inputs.pose_mask), silhouettes=None, silhouette_mask=None)
    with torch.inference_mode():
        outputs = trained(gone.inputs)
    for name in ("shape", "gait", "silhouette"):
        assert not outputs[name].reliability.any()
        assert not outputs[name].vectors.any()
    assert (outputs["appearance"].reliability > 0).all()
    width = trained.options.fusion_width
    assert outputs[FUSED].vectors[:, :width].any()
    assert not outputs[FUSED].vectors[:, width:].any()
    nothing = changed(gone, frame_mask=torch.zeros_like(batch.inputs.frame_mask))
    with torch.inference_mode():
        silent = trained(nothing.inputs)
    assert not any(each.reliability.any() or each.vectors.any() for each in silent.values())
    losses = trained.train().losses(nothing)  # a batch of nothing is no end of a training
    torch.autograd.backward(losses["total"])
    assert float(losses["total"].detach()) == 0.0
    trained.eval()


def test_clothes_are_erased_where_a_parsing_is_given() -> None:
    model = settled("clothes_erased")
    assert model.wants_parsing
    batch = people()
    assert batch.inputs.parsing is not None
    clothes = torch.isin(batch.inputs.parsing, torch.tensor([4, 5, 6, 7, 8, 16, 17]))
    painted = changed(batch, frames=torch.where(clothes[:, :, None], 5.0, batch.inputs.frames))
    with torch.inference_mode():
        assert same(model(batch.inputs), model(painted.inputs))
        unparsed = changed(batch, parsing_mask=torch.zeros_like(batch.inputs.frame_mask))
        without = changed(batch, parsing=None, parsing_mask=None)
        assert same(model(unparsed.inputs), model(without.inputs))
        assert not same(model(batch.inputs), model(without.inputs))
    in_training = small(erasure="train").eval()
    assert in_training.wants_parsing
    with torch.inference_mode():
        assert same(in_training(batch.inputs), in_training(without.inputs))
    assert not small().wants_parsing


def test_the_total_is_what_the_paper_says() -> None:
    model = small("paper").eval()
    with torch.inference_mode():
        losses = model.losses(people())
    assert set(losses) == {"total", "fused_identity", "fused_triplet", "reliability"}
    expected = 0.7 * losses["fused_identity"] + 0.3 * losses["fused_triplet"] + 0.1 * losses["reliability"]
    assert torch.allclose(losses["total"], expected)


def test_two_dimensions_do_not_see_depth() -> None:
    batch = people()
    deeper = changed(batch, joints=batch.inputs.joints * torch.tensor([1.0, 1.0, 3.0]))
    flat, full = settled("pose_2d"), settled()
    with torch.inference_mode():
        assert same(flat(batch.inputs), flat(deeper.inputs))
        assert not same(full(batch.inputs), full(deeper.inputs))


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [("full", 29e6, 31e6), ("paper", 29e6, 31e6), ("appearance", 23.5e6, 24.5e6), ("lite", 1e6, 6e6)],
)
def test_parameters(name: str, least: float, most: float) -> None:
    with torch.device("meta"):
        count = count_parameters(Asgl(variant(name, persons=232)))
    print(f"ASGL {name}, 232 persons: {count:,} parameters")  # noqa: T201
    assert least <= count <= most


def test_by_name_with_typed_options() -> None:
    model = build_model("asgl", {"persons": 3, "backbone": "mobile", "cues": ["gait"], "clip": {"poses": 16}})
    assert isinstance(model, Asgl)
    assert model.clip.poses == 16


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"cues": ["gait", "gait"]}, "cues: one is given twice: gait, gait"),
        ({"cues": []}, "cues: expected"),
        ({"cues": ["face"]}, "cues"),
        ({"clip": {"poses": 0}}, "clip.poses: 0, but shape and gait need poses"),
        ({"cues": ["silhouette"]}, "clip.silhouettes: 0, but the cue silhouette needs some"),
        ({"heads": 0}, "heads"),
        ({"hheads": 2}, "did you mean 'heads'"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigInvalid, match=said) as caught:
        build_model("asgl", {"persons": 3, "backbone": "mobile", **options})
    assert "\n" not in str(caught.value)


def test_stages_and_weights_that_are_not_there() -> None:
    model = small()
    with pytest.raises(ConfigInvalid, match=r"stage 'second'"):
        model.begin_stage("second")
    with pytest.raises(ConfigInvalid, match=r"fit a ResNet; this one has the backbone mobile"):
        model.load_torchvision("resnet50")


def test_toy_sizes_are_of_the_variants() -> None:
    """The variants keep what makes them different when they are made small."""
    assert small_options("gcn").gait_graph == "st_gcn"
    assert small_options("paper").temporal_refinement == 0
    assert small_options("lite").clip.frames == CLIP["frames"]
