"""SCI in small: what learns in which stage, exact orthogonality, the toy set, and checkpoints."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from reid_core.data.batches import ImageBatch
from reid_core.errors import CheckpointInvalid, ConfigInvalid, DataSetInvalid
from reid_core.models.checkpoint import ModelCard, read_checkpoint, write_checkpoint
from reid_core.models.image_inputs import PictureInputs, PictureShape
from reid_core.models.interaction import NonLocal, TextGuidance, asked_of_bank
from reid_core.models.sci import Sci
from reid_core.models.separation import orthogonal, separation_loss

PERSONS, OUTFITS = 4, 8


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(7)


def tiny(**more: Any) -> Sci.Options:
    small = {"persons": PERSONS, "clothes": OUTFITS, "picture": PictureShape(height=64, width=32), "embedding": 32}
    towers = {"blocks": (1, 1, 1, 1), "image_channels": 4, "text_width": 16, "text_layers": 1, "text_heads": 2}
    return Sci.Options(**{**small, **towers, "dropout": 0.0, **more})


def toy(seed: int = 3) -> ImageBatch:
    """4 persons in 2 outfits, 2 pictures each: the head tells the person, the larger rest the outfit."""
    dice = torch.Generator().manual_seed(seed)
    colours = torch.Generator().manual_seed(0)
    heads = torch.randn(PERSONS, 3, 1, 1, generator=colours)
    dresses = torch.randn(OUTFITS, 3, 1, 1, generator=colours)
    clothes = torch.arange(OUTFITS).repeat_interleave(2)
    persons = clothes // 2
    pictures = 0.1 * torch.randn(len(clothes), 3, 64, 32, generator=dice)
    pictures[:, :, :24] += heads[persons]
    pictures[:, :, 24:] += dresses[clothes]
    return ImageBatch(pictures, persons, clothes, torch.zeros_like(persons), torch.arange(len(persons)))


def step(system: Sci, batch: ImageBatch, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    losses = system.losses(batch)
    optimizer.zero_grad()
    losses["total"].backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return losses


def optimizer_of(system: Sci, rate: float = 1e-3) -> torch.optim.Optimizer:
    return torch.optim.Adam([each for each in system.parameters() if each.requires_grad], rate)


def trained(system: Sci, steps: int, rate: float = 3e-3) -> Sci:
    for stage in system.stages:
        system.begin_stage(stage)
        system.train()
        optimizer = optimizer_of(system, rate)
        for seed in range(steps):
            step(system, toy(seed), optimizer)
    return system.eval()


def test_it_fits_four_persons_and_finds_them_in_other_clothes() -> None:
    system = trained(Sci(tiny()), 40)
    seen, again = toy(100), toy(101)
    with torch.no_grad():
        query, gallery = (functional.normalize(system(each)["fused"].vectors, dim=1) for each in (seen, again))
    other_outfit = seen.clothes[:, None] != again.clothes[None]
    nearest = (query @ gallery.T).masked_fill(~other_outfit, -2).argmax(dim=1)
    assert torch.equal(again.persons[nearest], seen.persons)


LEARNING = {
    "prompts": ("person_prompts", "clothes_prompts"),
    "image": ("towers.visual", "non_local", "guidance", "map_neck.weight", "vector_neck.weight", "map_classifier",
              "vector_classifier", "clothes_classifier"),
}  # fmt: skip


@pytest.mark.parametrize("stage", ["prompts", "image"])
def test_gradients_reach_all_that_learns_and_nothing_else_moves(stage: str) -> None:
    system = Sci(tiny())
    torch.nn.init.normal_(system.non_local.out.weight, std=0.1)  # zeros would let nothing through at the first step
    system.losses(toy())
    system.begin_stage(stage)
    system.train()
    before = {name: value.clone() for name, value in system.state_dict().items()}
    losses = step(system, toy(), optimizer_of(system))
    assert all(torch.isfinite(each) for each in losses.values())
    for name, weight in system.named_parameters():
        learns = name.startswith(LEARNING[stage])
        assert weight.requires_grad == learns, name
        assert (weight.grad is not None and bool(weight.grad.any())) == learns, name
    moved = {name for name, value in system.state_dict().items() if not torch.equal(value, before[name])}
    statistics = ("map_neck", "vector_neck") if stage == "image" else ()
    assert moved
    assert all(name.startswith(LEARNING[stage] + statistics) for name in moved)


def test_the_frozen_tower_keeps_its_statistics() -> None:
    """A norm in training mode would move them without any gradient."""
    system = Sci(tiny()).train()
    modes = [(system.towers.visual.bn1.training, system.map_neck.training)]
    system.begin_stage("image")
    modes += [(system.towers.visual.bn1.training, system.map_neck.training)]
    system.eval()
    modes += [(system.towers.visual.bn1.training, system.map_neck.training)]
    assert modes == [(False, True), (True, True), (False, False)]


def test_losses_are_named_and_sum_to_the_total() -> None:
    system = Sci(tiny())
    names = {"prompts": {"i2t", "t2i", "sim", "clothes"}, "image": {"id", "i2tce", "cal", "clothes"}}
    for stage in system.stages:
        system.begin_stage(stage)
        losses = system.losses(toy())
        assert set(losses) == names[stage] | {"total"}
        parts = torch.stack([value for name, value in losses.items() if name != "total"])
        assert torch.allclose(losses["total"], parts.sum())


def test_without_labels_of_clothes_each_person_has_one_sentence() -> None:
    system = Sci(tiny(clothes=0))
    assert system.clothes_prompts.context.shape == (PERSONS, 4, 16)
    unlabelled = replace(toy(), clothes=torch.full((16,), -1))
    for stage, names in zip(system.stages, ({"i2t", "t2i", "sim", "total"}, {"id", "i2tce", "total"}), strict=True):
        system.begin_stage(stage)
        assert set(system.losses(unlabelled)) == names


def test_a_picture_without_its_label_is_refused() -> None:
    batch = toy()
    batch.clothes[3] = -1
    with pytest.raises(DataSetInvalid, match="no label of clothes; train with clothes: 0"):
        Sci(tiny()).losses(batch)


def test_an_unknown_stage_is_refused() -> None:
    with pytest.raises(ConfigInvalid, match="sci: no stage 'train'; it has prompts, image"):
        Sci(tiny()).begin_stage("train")


def test_what_is_left_has_nothing_of_the_clothes() -> None:
    identity, clothes = torch.randn(50, 64, dtype=torch.float64), torch.randn(50, 64, dtype=torch.float64)
    left = orthogonal(identity, clothes)
    assert functional.cosine_similarity(left, clothes).abs().max() < 1e-14
    assert torch.allclose(left + (identity - left), identity)
    assert functional.cosine_similarity(identity - left, clothes).abs().min() > 1 - 1e-12  # only along the clothes
    single = orthogonal(identity.float(), clothes.float())
    assert functional.cosine_similarity(single, clothes.float()).abs().max() < 1e-6
    assert torch.equal(orthogonal(identity, torch.zeros_like(clothes)), identity)


def test_the_separation_loss_is_the_papers_with_all_pairs() -> None:
    identity, clothes = torch.randn(5, 8), torch.randn(5, 8)
    left = orthogonal(identity, clothes)
    own = torch.stack([functional.cosine_similarity(left[i], identity[i], dim=0) for i in range(5)]).mean()
    pairs = [functional.cosine_similarity(left[i], clothes[j], dim=0) for i in range(5) for j in range(5)]
    expected = 0.7 * (1 - own) + 0.3 * torch.stack(pairs).mean()
    assert torch.allclose(separation_loss(left, identity, clothes, 0.7, 0.3), expected, atol=1e-6)


def test_the_bank_is_each_persons_text_without_what_they_wore() -> None:
    system = Sci(tiny())
    system.losses(toy())
    assert system.wearer.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    system.begin_stage("image")
    with torch.no_grad():
        of_person = system.person_prompts(system.towers, torch.arange(PERSONS))
        of_clothes = system.clothes_prompts(system.towers, torch.arange(OUTFITS))
        expected = torch.stack([orthogonal(of_person[i].expand(2, -1), of_clothes[2 * i : 2 * i + 2]).mean(0)
                                for i in range(PERSONS)])  # fmt: skip
    assert torch.allclose(system.bank, expected, atol=1e-6)


def test_without_the_first_stage_the_bank_is_the_persons_text() -> None:
    system = Sci(tiny())
    system.begin_stage("image")
    with torch.no_grad():
        assert torch.allclose(system.bank, system.person_prompts(system.towers, torch.arange(PERSONS)))


def test_the_non_local_block_begins_as_nothing_and_is_the_sum_over_pairs() -> None:
    block = NonLocal(8)
    maps = torch.randn(2, 8, 3, 2)
    assert torch.equal(block(maps), maps)
    torch.nn.init.normal_(block.out.weight)
    theta, phi, g = (each(maps).flatten(2) for each in (block.theta, block.phi, block.g))
    seen = torch.zeros(2, 4, 6)
    for i in range(6):
        for j in range(6):
            seen[:, :, i] += (theta[:, :, i] * phi[:, :, j]).sum(1, keepdim=True) * g[:, :, j] / 6
    expected = maps + block.out(seen.view(2, 4, 3, 2))
    assert torch.allclose(block(maps), expected, atol=1e-5)


def test_guidance_comes_in_slowly_and_looks_where_the_text_says() -> None:
    guidance = TextGuidance(6, 8, 0.0)
    assert torch.equal(guidance.gamma, torch.full((8,), 1e-4))
    vectors, texts, maps = torch.randn(2, 8), torch.randn(2, 8), torch.randn(2, 6, 2, 3)
    assert (guidance(vectors, texts, maps) - vectors).abs().max() < 1e-2
    turned = maps.flatten(2)[:, :, torch.randperm(6)].view(2, 6, 2, 3)
    assert torch.allclose(guidance(vectors, texts, maps), guidance(vectors, texts, turned), atol=1e-6)
    assert not torch.equal(guidance(vectors, texts, maps), guidance(vectors, texts.flip(0), maps))


def test_the_bank_answers_with_the_text_that_fits() -> None:
    bank = torch.eye(3)
    asked = asked_of_bank(5 * bank[[2, 0]], bank, torch.tensor(100.0))
    assert torch.allclose(asked, bank[[2, 0]])
    assert torch.allclose(asked_of_bank(torch.zeros(1, 3), bank, torch.tensor(100.0)), torch.full((1, 3), 1 / 3))


def test_the_text_can_be_left_out_of_a_test() -> None:
    with_text = trained(Sci(tiny()), 2)
    without = Sci(tiny(text_at_test="off")).eval()
    without.load_state_dict(with_text.state_dict())
    batch = toy()
    with torch.no_grad():
        guided, plain = with_text(batch)["fused"].vectors, without(batch)["fused"].vectors
        without.bank.normal_()
        assert torch.equal(without(batch)["fused"].vectors, plain)
    channels = with_text.towers.visual.channels
    assert torch.equal(guided[:, :channels], plain[:, :channels])
    assert not torch.equal(guided[:, channels:], plain[:, channels:])


def test_features_are_compared_after_their_necks_or_before() -> None:
    after = trained(Sci(tiny()), 2)
    before = Sci(tiny(feature_at_test="before_neck")).eval()
    before.load_state_dict(after.state_dict())
    with torch.no_grad():
        mean, vectors = before(toy())["fused"].vectors.split([128, 32], dim=1)
        expected = torch.cat([after.map_neck(mean), after.vector_neck(vectors)], dim=1)
        assert torch.allclose(after(toy())["fused"].vectors, expected, atol=1e-5)


def test_the_company_in_a_batch_changes_nothing() -> None:
    system = trained(Sci(tiny()), 1)
    pictures = toy().pictures
    with torch.no_grad():
        together = system(PictureInputs(pictures))
        backwards = system(PictureInputs(pictures.flip(0)))
        alone = system(PictureInputs(pictures[3:4]))
    assert set(together) == {"fused", "appearance"}
    assert together["fused"].vectors.shape == (16, 128 + 32)
    assert torch.equal(together["fused"].reliability, torch.ones(16))
    assert torch.allclose(together["fused"].vectors.flip(0), backwards["fused"].vectors, atol=1e-5)
    assert torch.allclose(together["fused"].vectors[3:4], alone["fused"].vectors, atol=1e-5)


def test_cached_features_are_those_of_the_first_look() -> None:
    plain, caching = Sci(tiny()), Sci(tiny(cache_features=True))
    caching.load_state_dict(plain.state_dict())
    batch = toy()
    expected = plain.losses(batch)["total"]
    assert torch.allclose(caching.losses(batch)["total"], expected, atol=1e-5)
    dark = replace(batch, pictures=torch.zeros_like(batch.pictures))
    turned = torch.arange(15, -1, -1)
    fields = {name: getattr(dark, name)[turned] for name in ("persons", "clothes", "samples")}
    assert torch.allclose(caching.losses(replace(dark, **fields))["total"], expected, atol=1e-5)
    looks: list[int] = []
    caching.towers.visual.conv1.register_forward_pre_hook(lambda _module, given: looks.append(len(given[0])))
    caching.losses(batch)
    assert looks == []
    caching.begin_stage("prompts")  # begins anew
    caching.losses(batch)
    assert looks == [16]


def test_pictures_reach_clip_in_its_own_normalisation() -> None:
    """White is 1.0 before normalising; CLIP's own mean and deviation are the published ones."""
    seen: list[Tensor] = []
    system = Sci(tiny()).eval()
    system.towers.visual.conv1.register_forward_pre_hook(lambda _module, given: seen.append(given[0]))
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    white = ((1 - mean) / std).view(1, 3, 1, 1).expand(1, 3, 64, 32)
    with torch.no_grad():
        system(PictureInputs(white))
    expected = (1 - torch.tensor([0.48145466, 0.4578275, 0.40821073])) / torch.tensor(
        [0.26862954, 0.26130258, 0.27577711]
    )
    assert torch.allclose(seen[0][0, :, 0, 0], expected, atol=1e-5)


def test_a_checkpoint_gives_the_same_vectors(tmp_path: Path) -> None:
    options = tiny()
    system = trained(Sci(options), 2)
    path = tmp_path / "sci.safetensors"
    write_checkpoint(path, "sci", system, options, ModelCard(trained_on="toys"))
    again = read_checkpoint(path, "sci").model
    with torch.no_grad():
        assert torch.allclose(again(toy())["fused"].vectors, system(toy())["fused"].vectors, atol=1e-6)
    write_checkpoint(path, "sci", system, tiny(persons=5), ModelCard(trained_on="toys"))
    with pytest.raises(CheckpointInvalid, match=r"in another shape bank \(4, 32\) for \(5, 32\)"):
        read_checkpoint(path, "sci")


def test_the_paper_s_size_has_the_counted_parameters() -> None:
    with torch.device("meta"):
        system = Sci(Sci.Options(persons=77, clothes=256))
    parts = {name: sum(each.numel() for each in part.parameters()) for name, part in system.named_children()}
    # the towers of CLIP at 16 x 8 places, not 7 x 7: 79 positions of 2048 more
    assert parts["towers"] == 102_007_137 + (16 * 8 - 7 * 7) * 2048
    assert parts["person_prompts"] == 77 * 4 * 512
    assert parts["clothes_prompts"] == 256 * 4 * 512
    assert parts["non_local"] == 3 * (2048 * 1024 + 1024) + 1024 * 2048 + 2048
