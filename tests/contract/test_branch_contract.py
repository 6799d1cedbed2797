"""What every branch must do, whatever it looks at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from plugins.branches.asgl import AsglBranch
from plugins.branches.colour import ColourBranch
from plugins.branches.image_system import CreBsga, ImageSystemBranch, MbNet, Mpcf, Sci
from plugins.branches.onnx_image import OnnxImageBranch
from reid_core.models.build import build_model
from reid_core.models.checkpoint import ModelCard, write_checkpoint
from reid_core.options import PluginUse, convert_options
from reid_core.protocols import Branch
from reid_core.records import FUSED, Tracklet, TrackletEmbedding
from tests.fakes.branch import FakeBranch
from tests.fakes.installed import install_plugins
from tests.fakes.tiny_exports import write_export
from tests.fakes.toy_training import fit
from tests.fakes.tracklets import person, tracklet, walker

RED, BLUE, GREEN, DARK = (190, 40, 40), (40, 60, 170), (50, 140, 70), (40, 40, 46)


@dataclass(frozen=True)
class Maker:
    """How to make a branch, and others whose vectors must not be compared with its own."""

    make: Callable[[], Branch]
    others: tuple[Callable[[], Branch], ...] = ()


def colour() -> Maker:
    options = ColourBranch.Options
    return Maker(
        lambda: ColourBranch(options()),
        (lambda: ColourBranch(options(stripes=3)), lambda: ColourBranch(options(balance=False))),
    )


def onnx_image(folder: Path, batch: int | None) -> Maker:
    folder.mkdir()
    path, other = write_export(folder / "a.onnx", batch=batch), write_export(folder / "b.onnx", batch=batch, scale=2)
    options = OnnxImageBranch.Options
    return Maker(
        lambda: OnnxImageBranch(options(path=str(path), threads=1, batch=5)),
        (
            lambda: OnnxImageBranch(options(path=str(other), threads=1)),
            lambda: OnnxImageBranch(options(path=str(path), threads=1, order="bgr")),
            lambda: OnnxImageBranch(options(path=str(path), threads=1, mean=(0.5, 0.5, 0.5))),
        ),
    )


def asgl(folder: Path, name: str, given: dict[str, Any]) -> Maker:
    for seed in (1, 2):
        torch.manual_seed(seed)
        model = build_model(name, given)
        kind: Any = type(model)
        options = convert_options(given, kind.Options, "a test")
        write_checkpoint(folder / f"{seed}.safetensors", name, model, options, ModelCard(trained_on="nothing"))

    def make(seed: int, **pose: float) -> AsglBranch:
        use = PluginUse(use="crop_pose", options=pose)
        weights = str(folder / f"{seed}.safetensors")
        return AsglBranch(AsglBranch.Options(weights=weights, model=name, pose=use, device="cpu", batch=3))

    return Maker(lambda: make(1), (lambda: make(2), lambda: make(1, scale=2.0)))


def image_system(branch: type[ImageSystemBranch], weights: Mapping[int, Path]) -> Maker:
    use = {"pose": PluginUse(use="crop_pose"), "parser": PluginUse(use="crop_parser")}

    def make(seed: int, **more: Any) -> Branch:
        return branch(branch.Options(weights=str(weights[seed]), device="cpu", batch=7, **{**use, **more}))

    return Maker(lambda: make(1), (lambda: make(2), lambda: make(1, shots=2)))


# The seam with a network made for it, and ASGL itself, all of its cues in a small size
CLIP_SYSTEMS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "asgl's seam": ("tiny_asgl", {}),
    "asgl": (
        "asgl",
        {
            "persons": 4,
            "clip": {"frames": 4, "height": 64, "width": 32, "poses": 8},
            "backbone": "mobile",
            "refinement": [16, 32],
            "shape_widths": [16],
            "gait_widths": [16],
            "fusion_width": 16,
        },
    ),
}
IMAGE_SYSTEMS: Mapping[str, tuple[type[ImageSystemBranch], dict[str, Any]]] = {
    "sci": (
        Sci,
        {"blocks": (1, 1, 1, 1), "image_channels": 4, "embedding": 32, "text_width": 16, "text_layers": 1},
    ),
    "mpcf": (Mpcf, {"depth": 18}),
    "cre_bsga": (CreBsga, {"depth": 18}),
    "mbnet": (MbNet, {"depth": 18}),
}


@pytest.fixture(scope="module")
def image_weights(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Mapping[int, Path]]:
    """Of a network by name: two small checkpoints, the first of them trained for a moment; written once."""

    @cache
    def written(name: str) -> Mapping[int, Path]:
        folder = tmp_path_factory.mktemp(name)
        given = {"persons": 4, "picture": {"height": 64, "width": 32}, **IMAGE_SYSTEMS[name][1]}
        for seed in (1, 2):
            torch.manual_seed(seed)
            model = build_model(name, given)
            if seed == 1:
                fit(model)
            kind: Any = type(model)
            options = convert_options(given, kind.Options, "a test")
            write_checkpoint(folder / f"{seed}.safetensors", name, model, options, ModelCard(trained_on="toys"))
        return {seed: folder / f"{seed}.safetensors" for seed in (1, 2)}

    return written


@pytest.fixture(params=["fake", "colour", "onnx_image", "onnx_image of a fixed batch", *CLIP_SYSTEMS, *IMAGE_SYSTEMS])
def maker(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    image_weights: Callable[[str], Mapping[int, Path]],
) -> Maker:
    points = {
        "networks": {"tiny_asgl": "tests.fakes.tiny_asgl:TinyAsgl"},
        "poses": {"crop_pose": "tests.fakes.crop_pose:CropPose"},
        "parsers": {"crop_parser": "tests.fakes.crop_parser:CropParser"},
    }
    match request.param:
        case "fake":
            return Maker(lambda: FakeBranch(lambda each: 11 if each.id.track == 12 else each.id.track))
        case "colour":
            return colour()
        case "onnx_image":
            return onnx_image(tmp_path / "exports", None)
        case "onnx_image of a fixed batch":
            return onnx_image(tmp_path / "exports", 4)
    install_plugins(tmp_path / "site", monkeypatch, points)
    if request.param in IMAGE_SYSTEMS:
        return image_system(IMAGE_SYSTEMS[request.param][0], image_weights(request.param))
    return asgl(tmp_path, *CLIP_SYSTEMS[request.param])


def people() -> list[Tracklet]:
    return [
        walker(RED, DARK, 1, "door"),
        walker(BLUE, GREEN, 2, "hall", height=80),
        walker(DARK, BLUE, 3, "door", shots=1),
        walker(GREEN, DARK, 4, "yard", shots=40, height=200),
    ]


def embed(branch: Branch, tracklets: list[Tracklet]) -> list[TrackletEmbedding]:
    answers = branch.embed(tracklets)
    assert len(answers) == len(tracklets)
    return [answer for answer in answers if answer is not None]


def same(a: TrackletEmbedding, b: TrackletEmbedding) -> bool:
    return a.cues.keys() == b.cues.keys() and all(
        np.abs(a.cues[name].vector - b.cues[name].vector).max() < 1e-5
        and abs(a.cues[name].reliability - b.cues[name].reliability) < 1e-5
        for name in a.cues
    )


def test_one_answer_a_tracklet_in_order_over_several_cameras(maker: Maker) -> None:
    tracklets = people()
    answers = embed(maker.make(), tracklets)
    assert [answer.tracklet for answer in answers] == [each.id for each in tracklets]
    assert [(answer.begin, answer.end) for answer in answers] == [(each.begin, each.end) for each in tracklets]
    assert all(0 < answer.quality <= 1 and answer.shots >= 1 for answer in answers)


def test_nothing_in_nothing_out(maker: Maker) -> None:
    assert maker.make().embed([]) == []


def test_vectors_are_of_unit_length_and_float32(maker: Maker) -> None:
    for answer in embed(maker.make(), people()):
        assert FUSED in answer.cues
        for cue in answer.cues.values():
            assert cue.vector.dtype == np.float32
            assert np.linalg.norm(cue.vector) == pytest.approx(1, abs=1e-5)


def test_where_nothing_can_be_seen_there_is_no_answer(maker: Maker) -> None:
    branch = maker.make()
    first, second = walker(RED, DARK, 1), walker(BLUE, DARK, 2)
    answers = branch.embed([tracklet([], 7), first, tracklet([], 8), second, tracklet([], 9)])
    assert [answer and answer.tracklet.track for answer in answers] == [None, 1, None, 2, None]
    assert branch.embed([tracklet([], 7)]) == [None]


def test_two_runs_are_equal(maker: Maker) -> None:
    branch = maker.make()
    first, again, anew = embed(branch, people()), embed(branch, people()), embed(maker.make(), people())
    for a, b, c in zip(first, again, anew, strict=True):
        assert all(np.array_equal(a.cues[name].vector, b.cues[name].vector) for name in a.cues)
        assert all(np.array_equal(a.cues[name].vector, c.cues[name].vector) for name in a.cues)


def test_the_company_changes_nothing(maker: Maker) -> None:
    branch = maker.make()
    together = embed(branch, people())
    alone = [embed(branch, [each])[0] for each in people()]
    backwards = embed(branch, people()[::-1])[::-1]
    for a, b, c in zip(together, alone, backwards, strict=True):
        assert same(a, b)
        assert same(a, c)


def test_two_people_differ_and_one_is_alike(maker: Maker) -> None:
    seen, again, other = embed(
        maker.make(), [walker(RED, DARK, 11, "door"), walker(RED, DARK, 12, "hall"), walker(BLUE, GREEN, 13, "hall")]
    )
    assert seen.fused @ again.fused > seen.fused @ other.fused + 0.01


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (16, 6), (17, 200), (300, 3)])
def test_odd_crops_are_left_out_or_embedded(maker: Maker, size: tuple[int, int]) -> None:
    branch = maker.make()
    odd = tracklet([np.full((*size, 3), 90, dtype=np.uint8)], 5)
    odd_answer, answer = branch.embed([odd, walker(RED, DARK, 1)])
    assert answer is not None
    assert odd_answer is None or np.isfinite(odd_answer.fused).all()


@pytest.mark.parametrize("value", [0, 255])
def test_crops_without_anything_in_them_do_no_harm(maker: Maker, value: int) -> None:
    [answer] = maker.make().embed([tracklet([np.full((60, 24, 3), value, dtype=np.uint8)])])
    assert answer is None or np.isfinite(answer.fused).all()


def test_crops_stay_as_they_are(maker: Maker) -> None:
    crops = [person(RED, DARK, seed=i) for i in range(3)]
    before = [crop.copy() for crop in crops]
    embed(maker.make(), [tracklet(crops)])
    assert all(np.array_equal(crop, kept) for crop, kept in zip(crops, before, strict=True))


def test_the_model_is_named_for_what_makes_its_vectors(maker: Maker) -> None:
    [mine], [again] = embed(maker.make(), people()[:1]), embed(maker.make(), people()[:1])
    assert mine.model == again.model
    others = [embed(make(), people()[:1])[0].model for make in maker.others]
    assert len({mine.model, *others}) == 1 + len(others)
