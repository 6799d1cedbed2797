"""The silhouette cue alone: a set of masks in any order and number."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from reid_core.models.build import build_model
from reid_core.models.operations import count_operations
from reid_core.models.silhouettes import Silhouettes
from reid_core.records import FUSED
from tests.reid_core.models.toy_clips import CLIP, people


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


def small() -> Silhouettes:
    clip = {**CLIP, "poses": 0}
    model = build_model(
        "silhouettes",
        {
            "persons": 4,
            "clip": clip,
            "silhouette_channels": [4, 8, 8],
            "silhouette_parts": 4,
            "silhouette_part_width": 8,
        },
    )
    assert isinstance(model, Silhouettes)
    return model


def test_it_learns_four_people_and_reaches_every_weight() -> None:
    model = small()
    optimiser = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(20):
        optimiser.zero_grad()
        torch.autograd.backward(model.losses(people())["total"])
        assert all(each.grad is not None for each in model.parameters())
        optimiser.step()
    model.eval()
    with torch.inference_mode():
        found = model(people(seed=5).inputs)
    assert set(found) == {FUSED, "silhouette"}
    assert torch.equal(found[FUSED].vectors, found["silhouette"].vectors)
    unit = functional.normalize(found[FUSED].vectors)
    nearest = (unit @ unit.T).fill_diagonal_(-2).argmax(dim=1)
    assert torch.equal(people().persons[nearest], people().persons)


def test_order_and_gaps_of_the_masks_change_nothing() -> None:
    model = small().eval()
    inputs = people().inputs
    assert inputs.silhouettes is not None
    assert inputs.silhouette_mask is not None
    order = torch.randperm(CLIP["silhouettes"])
    holes = torch.cat([inputs.silhouettes[:, order], torch.full_like(inputs.silhouettes, torch.nan)], dim=1)
    mask = torch.cat([inputs.silhouette_mask, ~inputs.silhouette_mask], dim=1)
    with torch.inference_mode():
        plain, spread = model.cues(inputs), model.cues(replace(inputs, silhouettes=holes, silhouette_mask=mask))
    assert torch.allclose(plain["silhouette"].vectors, spread["silhouette"].vectors, atol=1e-5)


def test_its_size() -> None:
    model = Silhouettes(Silhouettes.Options(persons=100))
    inputs = replace(people().inputs, silhouettes=torch.rand(1, 32, 64, 44), silhouette_mask=torch.ones(1, 32) > 0)
    counted = count_operations(model, lambda: model(inputs))
    print(f"silhouettes: {counted.parameters:,} parameters, {counted.multiply_accumulates / 1e9:.2f} GMACs a clip")  # noqa: T201
    assert counted.parameters < 1e6
