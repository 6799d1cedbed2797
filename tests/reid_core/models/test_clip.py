"""CLIP's towers: the published names and counts, files by path, and refusals in one line."""

import pickle
import re
import warnings
import zipfile
from collections import Counter
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from reid_core.errors import CheckpointInvalid
from reid_core.models.clip import tokens
from reid_core.models.clip.image_tower import ImageTower, fit_positions
from reid_core.models.clip.load import read_clip
from reid_core.models.clip.text_tower import TextTower
from reid_core.models.clip.towers import Clip

NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(5)


def tiny(height: int = 64, width: int = 64) -> Clip:
    visual = ImageTower(height, width, blocks=(1, 2, 1, 1), channels=4, output=12)
    return Clip(visual, width=8, layers=2, heads=2).eval()


@pytest.fixture(scope="module")
def rn50() -> Clip:
    with torch.device("meta"):  # shapes alone: nothing is allocated
        return Clip(ImageTower())


def test_rn50_has_the_published_number_of_parameters(rn50: Clip) -> None:
    assert sum(each.numel() for each in rn50.parameters()) == 102_007_137
    assert sum(each.numel() for each in rn50.visual.parameters()) == 38_316_896


def published_names() -> set[str]:
    """As the public RN50 state dicts list them."""
    names = {f"visual.conv{i}.weight" for i in (1, 2, 3)} | {f"visual.bn{i}.{part}" for i in (1, 2, 3) for part in NORM}
    for layer, count in enumerate((3, 4, 6, 3), 1):
        for block in range(count):
            here = f"visual.layer{layer}.{block}"
            names |= {f"{here}.conv{i}.weight" for i in (1, 2, 3)}
            names |= {f"{here}.bn{i}.{part}" for i in (1, 2, 3) for part in NORM}
        first = f"visual.layer{layer}.0.downsample"
        names |= {f"{first}.0.weight"} | {f"{first}.1.{part}" for part in NORM}
    names |= {f"visual.attnpool.{way}_proj.{part}" for way in "kqvc" for part in ("weight", "bias")}
    for block in range(12):
        here = f"transformer.resblocks.{block}"
        names |= {f"{here}.attn.in_proj_{part}" for part in ("weight", "bias")}
        names |= {f"{here}.{layer}.{p}" for layer in ("attn.out_proj", "ln_1", "mlp.c_fc", "mlp.c_proj", "ln_2")
                  for p in ("weight", "bias")}  # fmt: skip
    names |= {"visual.attnpool.positional_embedding", "positional_embedding", "token_embedding.weight"}
    return names | {"ln_final.weight", "ln_final.bias", "text_projection", "logit_scale"}


def test_the_names_are_the_published_ones(rn50: Clip) -> None:
    found = rn50.state_dict()
    assert set(found) == published_names()
    assert len(found) == 489
    kinds = Counter(re.sub(r"\d+", "N", name).split(".")[0] for name in found)
    assert kinds == {"visual": 339, "transformer": 144, "token_embedding": 1, "positional_embedding": 1, "ln_final": 2,
                     "text_projection": 1, "logit_scale": 1}  # fmt: skip
    shapes = {name: tuple(found[name].shape) for name in found}
    assert shapes["visual.attnpool.positional_embedding"] == (50, 2048)
    assert shapes["token_embedding.weight"] == (49_408, 512)
    assert shapes["text_projection"] == (512, 1024)
    assert shapes["visual.layer4.0.downsample.0.weight"] == (2048, 1024, 1, 1)


def test_the_prompts_are_the_words_of_the_paper() -> None:
    # "a photo of a ... person ." and "a photo of the ... clothes ." in CLIP's vocabulary
    person, clothes = tokens.PERSON_TEMPLATE, tokens.CLOTHES_TEMPLATE
    assert (person.before, person.after) == ((49_406, 320, 1125, 539, 320), (2533, 269, 49_407))
    assert (clothes.before, clothes.after) == ((49_406, 320, 1125, 539, 518), (7080, 269, 49_407))


@pytest.mark.parametrize(("stride", "places"), [(2, (2, 1)), (1, (4, 2))])
def test_the_map_has_the_places_that_the_last_stride_leaves(stride: int, places: tuple[int, int]) -> None:
    tower = ImageTower(64, 32, blocks=(1, 1, 1, 1), channels=4, output=12, last_stride=stride)
    pictures = torch.randn(3, 3, 64, 32)
    assert tower.feature_map(pictures).shape == (3, tower.channels, *places)
    assert tower(pictures).shape == (3, 12)


def test_attention_pooling_is_torchs_own_attention() -> None:
    """Against nn.functional's multi-head attention with separate projections."""
    pool = ImageTower(64, 64, blocks=(1, 1, 1, 1), channels=8, output=12).attnpool
    maps = torch.randn(2, 256, 2, 2)
    places = maps.flatten(2).permute(2, 0, 1)
    words = torch.cat([places.mean(0, keepdim=True), places]) + pool.positional_embedding[:, None]
    biases = torch.cat([each.bias for each in (pool.q_proj, pool.k_proj, pool.v_proj)])
    expected, _ = nn.functional.multi_head_attention_forward(
        words[:1], words, words, 256, 4, None, biases, None, None, False, 0.0, pool.c_proj.weight, pool.c_proj.bias,
        use_separate_proj_weight=True, q_proj_weight=pool.q_proj.weight, k_proj_weight=pool.k_proj.weight,
        v_proj_weight=pool.v_proj.weight, need_weights=False,
    )  # fmt: skip
    assert torch.allclose(pool(maps), expected[0], atol=1e-6)


def test_what_follows_the_end_of_a_text_changes_nothing() -> None:
    """Published code pads every text to 77 tokens and reads at the END; we stop there."""
    tower = TextTower(8, 2, 2, 12).eval()
    words = tower.words((tokens.START, tokens.A, tokens.PHOTO, tokens.END))
    padded = torch.cat([words, tower.words((0,) * (tokens.LENGTH - 4))])
    whole: Tensor = tower.transformer((padded + tower.positional_embedding)[None])
    expected = tower.ln_final(whole[:, 3]) @ tower.text_projection
    assert torch.allclose(tower(words[None]), expected, atol=1e-5)


def test_no_word_sees_a_later_one() -> None:
    tower = TextTower(8, 2, 2, 12).eval()
    words = torch.randn(1, 6, 8)
    other = words.clone()
    other[:, 4:] += 1
    before, after = tower.transformer(words), tower.transformer(other)
    assert torch.equal(before[:, :4], after[:, :4])
    assert not torch.allclose(before[:, 4], after[:, 4])


def test_positions_fit_another_grid() -> None:
    square = torch.randn(50, 16)
    fitted = fit_positions(square, (16, 8))
    assert fitted.shape == (129, 16)
    assert torch.equal(fitted[0], square[0])
    assert torch.equal(fit_positions(square, (7, 7)), square)
    flat = torch.full((50, 4), 2.5)
    assert torch.allclose(fit_positions(flat, (5, 3)), torch.full((16, 4), 2.5))


def saved(folder: Path, how: str, clip: Clip) -> Path:
    weights = {key: value.clone() for key, value in clip.state_dict().items()}
    match how:
        case "safetensors":
            path = folder / "open_clip_model.safetensors"
            save_file(weights, path)
        case "half precision":
            path = folder / "RN50.pt"
            weights = {key: value.half() if value.is_floating_point() else value for key, value in weights.items()}
            torch.save(weights, path)
        case "training checkpoint":
            path = folder / "epoch_32.pt"
            torch.save({"epoch": 32, "state_dict": {f"module.{key}": value for key, value in weights.items()}}, path)
        case "TorchScript":
            path = folder / "RN50.pt"
            traced_archive(clip, path)
        case _:
            path = folder / "rn50.pth"
            torch.save({**weights, "input_resolution": torch.tensor(64), "vocab_size": torch.tensor(49_408)}, path)
    return path


class Both(nn.Module):
    """Runs all of a CLIP, so that a trace of it holds every weight."""

    def __init__(self, clip: Clip) -> None:
        super().__init__()
        self.inner = clip

    def forward(self, pictures: Tensor, words: Tensor) -> Tensor:
        out: Tensor = self.inner.visual(pictures) @ self.inner(words).T * self.inner.scale()
        return out + self.inner.token_embedding.weight[0, 0]


def traced_archive(clip: Clip, path: Path) -> None:
    """As OpenAI's file: a traced program with the names of a CLIP at its top."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated, but OpenAI's file is what it is
        traced = torch.jit.trace(Both(clip), (torch.randn(1, 3, 64, 64), torch.randn(1, 5, 8)), check_trace=False)  # type: ignore[no-untyped-call]
        torch.jit.save(traced.inner, str(path))


@pytest.mark.parametrize("how", ["state dict", "safetensors", "half precision", "training checkpoint", "TorchScript"])
def test_weights_load_by_path(tmp_path: Path, how: str) -> None:
    there, here = tiny(), tiny()
    with torch.no_grad():
        here.logit_scale.fill_(0)
    here.load_published(saved(tmp_path, how, there))
    for key, value in here.state_dict().items():
        close = 2e-3 if how == "half precision" else 0
        assert torch.allclose(value.float(), there.state_dict()[key].float(), atol=close, rtol=close), key
        assert value.dtype in (torch.float32, torch.int64)


def test_square_weights_load_for_upright_pictures(tmp_path: Path) -> None:
    upright = tiny(128, 64)
    upright.load_published(saved(tmp_path, "state dict", tiny(64, 64)))
    assert upright.visual.attnpool.positional_embedding.shape == (4 * 2 + 1, 128)


def test_a_program_in_a_file_is_not_run(tmp_path: Path) -> None:
    """An archive whose tree names anything but weights is refused."""
    marker = tmp_path / "ran"

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return marker.touch, ()

    path = tmp_path / "RN50.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("RN50/code/__torch__/a.py", "")
        archive.writestr("RN50/data.pkl", pickle.dumps(Evil(), protocol=2))
    with pytest.raises(CheckpointInvalid, match=r"RN50\.pt: cannot be read as weights \(it names pathlib"):
        read_clip(path)
    assert not marker.exists()


def other_files(folder: Path) -> dict[str, Path]:
    paths = {name: folder / f"{name}.pt" for name in ("text", "empty", "other", "list", "broken", "cut")}
    paths["text"].write_text("hello")
    paths["empty"].touch()
    torch.save({"fc.weight": torch.ones(2, 2), "conv1.weight": torch.ones(1)}, paths["other"])
    torch.save([1, 2], paths["list"])
    traced_archive(tiny(), paths["broken"])
    paths["broken"].write_bytes(paths["broken"].read_bytes()[:-200])
    save_file({"a": torch.ones(9)}, folder / "cut.safetensors")
    paths["cut"] = folder / "cut.safetensors"
    paths["cut"].write_bytes(paths["cut"].read_bytes()[:-9])
    return {**paths, "missing": folder / "nowhere.pt"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("text", "cannot be read as weights"),
        ("empty", "cannot be read as weights"),
        ("broken", "cannot be read as weights"),
        ("cut", "cannot be read as weights"),
        ("list", "expected a state dict, names to tensors, found a list"),
        ("missing", "no such file; expected the weights of CLIP's RN50"),
        ("other", r"not the weights of CLIP's RN50: it lacks .* more; it has besides conv1.weight, fc.weight"),
    ],
)
def test_other_files_are_refused_in_one_line(tmp_path: Path, name: str, said: str) -> None:
    path = other_files(tmp_path)[name]
    with pytest.raises(CheckpointInvalid, match=said) as caught:
        tiny().load_published(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_another_clip_is_refused_with_its_shapes(tmp_path: Path) -> None:
    wider = Clip(ImageTower(64, 64, blocks=(1, 2, 1, 1), channels=8, output=12), width=8, layers=2, heads=2)
    with pytest.raises(CheckpointInvalid, match="in another shape visual"):
        tiny().load_published(saved(tmp_path, "state dict", wider))
