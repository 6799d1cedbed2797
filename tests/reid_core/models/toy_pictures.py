"""Four people in pictures of 64 x 32, with parsing and heatmaps, and what every image system must do with them."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

import torch
from torch import Tensor, nn

from reid_core.data.batches import ImageBatch
from reid_core.models.image_inputs import PictureInputs, PictureShape

SMALL = PictureShape(height=64, width=32)
PEOPLE, EACH = 4, 4


def toy_batch(joints: int = 0, *, parsing: bool = True, seed: int = 0) -> ImageBatch:
    """16 pictures: a person is a faint pattern of the head and of the joints, and wears one of two loud colours.

    Everybody has both colours, so they tell nothing; `seed` draws the noise.
    """
    patterns = torch.Generator().manual_seed(99)
    noise = torch.Generator().manual_seed(seed)
    size = PEOPLE * EACH
    persons = torch.arange(PEOPLE).repeat_interleave(EACH)
    clothes = torch.arange(size) // 2  # two pictures an outfit
    stripes = 0.8 * torch.randn(PEOPLE, 3, 4, 1, generator=patterns).repeat_interleave(4, dim=2)
    colours = 2 * torch.randn(2, 3, 1, 1, generator=patterns)
    pictures = 0.3 * torch.randn(size, 3, 64, 32, generator=noise)
    pictures[:, :, :16] += stripes[persons]
    pictures[:, :, 16:40, 6:26] += colours[clothes % 2]
    labels = torch.zeros(size, 64, 32, dtype=torch.int64)
    labels[:, 4:16, 8:24] = 11  # face
    labels[:, 16:40, 6:26] = 4  # upper clothes
    labels[:, 40:60, 10:22] = 12  # left leg
    maps = torch.rand(1, joints, 16, 8, generator=patterns)
    maps = maps + 0.1 * torch.rand(PEOPLE, joints, 16, 8, generator=patterns)
    return ImageBatch(
        pictures=pictures,
        persons=persons,
        clothes=clothes,
        cameras=torch.zeros(size, dtype=torch.int64),
        samples=torch.arange(size),
        parsing=labels if parsing else None,
        parsing_mask=torch.ones(size, dtype=torch.bool) if parsing else None,
        heatmaps=maps[persons] if joints else None,
        heatmap_mask=torch.ones(size, dtype=torch.bool) if joints else None,
    )


def one_picture(height: int, width: int, joints: int = 0) -> ImageBatch:
    """A black one of the size of a paper, to count operations with."""
    one = torch.zeros(1, dtype=torch.int64)
    heatmaps = torch.zeros(1, joints, height // 4, width // 4) if joints else None
    return ImageBatch(torch.zeros(1, 3, height, width), one, one, one, one, heatmaps=heatmaps)


def chosen(batch: ImageBatch, rows: Tensor) -> ImageBatch:
    """These rows of it, in this order."""
    picked: dict[str, Any] = {}
    for field in fields(batch):
        value = getattr(batch, field.name)
        picked[field.name] = None if value is None else value[rows]
    return replace(batch, **picked)


def inputs_of(batch: ImageBatch) -> PictureInputs:
    return PictureInputs(batch.pictures, batch.parsing, batch.parsing_mask, batch.heatmaps, batch.heatmap_mask)


def fused(model: nn.Module, batch: ImageBatch) -> Tensor:
    with torch.inference_mode():
        vectors: Tensor = model.eval()(inputs_of(batch))["fused"].vectors
    return vectors


def check_learns(model: nn.Module, joints: int, steps: int = 8) -> None:
    """One batch by heart: from nobody found to everybody found."""
    assert rank1(model, joints) < 0.5
    losses_of: Callable[[ImageBatch], Mapping[str, Tensor]] = model.losses  # type: ignore[assignment]
    batch = toy_batch(joints)
    optimizer = torch.optim.Adam([each for each in model.parameters() if each.requires_grad], 1e-3, fused=True)
    said = []
    model.train()
    for _ in range(steps):
        total = losses_of(batch)["total"]
        optimizer.zero_grad()
        torch.autograd.backward(total)
        optimizer.step()
        said.append(float(total.detach()))
    with torch.no_grad():  # so few steps leave the norms' running means behind
        for _ in range(6):
            losses_of(batch)
    assert said[-1] < 0.5 * said[0]
    assert rank1(model, joints) == 1.0


def rank1(model: nn.Module, joints: int) -> float:
    """Everybody looked for among the same people in other noise, without pictures in the same clothes."""
    batch = toy_batch(joints)
    query, gallery = (nn.functional.normalize(fused(model, toy_batch(joints, seed=seed)), dim=1) for seed in (1, 2))
    likeness = (query @ gallery.T).masked_fill(batch.clothes[:, None] == batch.clothes, -torch.inf)
    nearest = batch.persons[likeness.argmax(dim=1)]
    return float((nearest == batch.persons).float().mean())


def check_gradients(model: nn.Module, joints: int) -> None:
    """One backward reaches all that trains, and nothing that is frozen; a step of the optimiser changes it."""
    model.train()
    losses: Mapping[str, Tensor] = model.losses(toy_batch(joints))  # type: ignore[operator]
    assert all(loss.ndim == 0 and bool(torch.isfinite(loss)) for loss in losses.values())
    torch.autograd.backward(losses["total"])
    training = {name: each for name, each in model.named_parameters() if each.requires_grad}
    frozen = {name: each for name, each in model.named_parameters() if not each.requires_grad}
    assert [name for name, each in training.items() if each.grad is None or not bool(each.grad.any())] == []
    assert [name for name, each in frozen.items() if each.grad is not None] == []
    before = {name: each.detach().clone() for name, each in model.named_parameters()}
    torch.optim.Adam([*training.values()], 0.1).step()
    assert [name for name, each in training.items() if torch.equal(each, before[name])] == []
    assert all(torch.equal(each, before[name]) for name, each in frozen.items())


def check_order(model: nn.Module, joints: int) -> None:
    """Who else is in the batch, and where, changes nothing."""
    batch = toy_batch(joints)
    whole = fused(model, batch)
    order = torch.randperm(len(whole), generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(fused(model, chosen(batch, order)), whole[order], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(fused(model, chosen(batch, order[:1])), whole[order[:1]], atol=1e-4, rtol=1e-4)


def check_cues(model: nn.Module, joints: int, names: set[str]) -> None:
    batch = toy_batch(joints)
    with torch.inference_mode():
        cues = model.eval()(inputs_of(batch))
    assert set(cues) == names
    for cue in cues.values():
        assert len(cue.vectors) == len(cue.reliability) == len(batch.pictures)
        assert bool(torch.isfinite(cue.vectors).all())
        assert bool(((cue.reliability >= 0) & (cue.reliability <= 1)).all())
