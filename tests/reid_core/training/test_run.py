"""A training from a file of options to checkpoints, log and state."""

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

from reid_core.errors import CheckpointInvalid, ConfigInvalid, DataSetInvalid
from reid_core.models.checkpoint import read_checkpoint
from reid_core.training.ema import Ema
from reid_core.training.options import TrainOptions
from reid_core.training.run import train
from tests.fakes.tiny_system import TinyImages
from tests.reid_core.training.conftest import Configured


def weights(path: Path, system: str = "tiny") -> dict[str, Tensor]:
    return read_checkpoint(path, system).model.state_dict()


def lines(options: TrainOptions) -> list[dict[str, object]]:
    text = (Path(options.out) / "log.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def test_it_writes_what_it_learned_and_on_whom(configured: Configured) -> None:
    options = configured()
    outcome = train(options)
    card = read_checkpoint(outcome.checkpoint, "tiny").card
    assert card.trained_on.startswith("ltcc, train: 3 persons, 24 pictures; 1 more persons of train held out")
    assert "synthetic" not in card.trained_on
    assert card.metrics == {"ltcc validation mAP": outcome.best}
    assert [line["what"] for line in lines(options)] == ["losses", "validation", "losses", "validation"]
    assert "total" in str(lines(options)[0]["losses"])


def test_people_who_were_drawn_are_called_synthetic(configured: Configured, ltcc: Path, tmp_path: Path) -> None:
    (tmp_path / "drawn").mkdir()
    (tmp_path / "drawn/LTCC_ReID").symlink_to(ltcc / "LTCC_ReID")
    mark = tmp_path / "drawn/LTCC_ReID/SYNTHETIC"
    mark.touch()
    try:
        data = {"name": "ltcc", "root": str(tmp_path / "drawn"), "validation": 0.0}
        assert "synthetic" in read_checkpoint(train(configured(data=data)).checkpoint, "tiny").card.trained_on
    finally:
        mark.unlink()


def test_the_same_seed_gives_the_same_bits_and_another_does_not(configured: Configured) -> None:
    first, second, other = (train(configured(f"run{i}", seed=seed)) for i, seed in enumerate((1, 1, 2)))
    ours, same, others = (weights(each.checkpoint.with_name("last.safetensors")) for each in (first, second, other))
    assert all(torch.equal(ours[key], same[key]) for key in ours)
    assert not torch.equal(ours["classify.weight"], others["classify.weight"])


def test_workers_change_no_bit(configured: Configured) -> None:
    alone, helped = (train(configured(f"run{i}", workers=i)) for i in (0, 1))
    one, other = weights(alone.checkpoint), weights(helped.checkpoint)
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_accumulated_steps_are_one_larger_batch(configured: Configured) -> None:
    """Two steps of two persons give the gradient of their mean."""
    stage = {"epochs": 1, "batch": {"persons": 2, "each": 2}, "optimizer": "sgd", "accumulate": 2}
    outcome = train(configured(system={"use": "tiny_plain"}, stages=[stage]))
    steps = train(configured("single", system={"use": "tiny_plain"}, stages=[{**stage, "accumulate": 1}])).updates
    assert outcome.updates == -(-steps // 2)


def test_a_stage_trains_only_what_it_says(configured: Configured) -> None:
    batch = {"persons": 2, "each": 2}
    stages = [{"name": "head", "epochs": 1, "batch": batch}, {"name": "all", "epochs": 1, "batch": batch}]
    options = configured(system={"use": "tiny_staged"}, stages=stages)
    train(options)
    names = [line["stage"] for line in lines(options) if line["what"] == "losses"]
    assert names == ["head", "all"]


def test_the_best_is_of_the_last_stage(configured: Configured) -> None:
    """With one person held out every answer is right, so that no later stage can do better than the first."""
    batch = {"persons": 2, "each": 2}
    stages = [{"name": "head", "epochs": 1, "batch": batch}, {"name": "all", "epochs": 1, "batch": batch}]
    options = configured(system={"use": "tiny_staged"}, stages=stages)
    outcome = train(options)
    assert [line["mean_ap"] for line in lines(options) if line["what"] == "validation"] == [1.0, 1.0]
    best, last = (weights(Path(options.out) / f"{name}.safetensors", "tiny_staged") for name in ("best", "last"))
    assert outcome.best == 1.0
    assert all(torch.equal(best[key], last[key]) for key in last)


def test_an_average_of_weights_follows_and_counts_are_kept() -> None:
    system = TinyImages(TinyImages.Options(persons=3))
    ema = Ema(system, 0.9)
    before = system.classify.weight.detach().clone()
    with torch.no_grad():
        system.classify.weight += 1
    ema.follow(system, step=1000)
    averaged = ema.system.state_dict()
    assert torch.allclose(averaged["classify.weight"], before + 0.1)
    assert torch.equal(averaged["places"], torch.arange(5, 9))


def test_what_is_validated_and_written_is_the_average(configured: Configured) -> None:
    plain, averaged = train(configured("plain")), train(configured("averaged", ema=0.99))
    one, other = (weights(each.checkpoint.with_name("last.safetensors")) for each in (plain, averaged))
    assert not torch.equal(one["classify.weight"], other["classify.weight"])


def test_losses_that_are_no_numbers_stop_it(configured: Configured) -> None:
    with pytest.raises(ConfigInvalid, match=r"losses are no numbers any more .*total nan.*learning_rate"):
        train(configured(system={"use": "tiny_broken"}))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"system": {"use": "tiny", "options": {"persons": 9}}}, "persons: 9 classes, but the data .* has 3"),
        ({"system": {"use": "tiny_staged"}}, "trained in head, all, in this order; found train"),
        ({"start": {"backbone": "resnet50"}}, "no part of tiny takes published weights"),
        ({"system": {"use": "asgl"}}, "asgl looks at clips, but the data set holds single pictures"),
        ({"device": "cuda"}, "torch finds 0 GPUs"),
    ],
)
def test_what_does_not_fit_is_told(configured: Configured, more: dict[str, object], message: str) -> None:
    if "device" in more and torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    with pytest.raises(ConfigInvalid, match=message):
        train(configured(**more))


def test_a_missing_root_is_named(configured: Configured) -> None:
    with pytest.raises(DataSetInvalid, match="no folder /nowhere"):
        train(configured(data={"name": "ltcc", "root": "/nowhere"}))


def test_missing_annotations_are_named(configured: Configured, ltcc: Path) -> None:
    data = {"name": "ltcc", "root": str(ltcc), "annotations": "/nowhere"}
    with pytest.raises(ConfigInvalid, match="annotations: no folder /nowhere"):
        train(configured(data=data))


def test_it_begins_from_a_checkpoint_of_as_many_persons(configured: Configured, ltcc: Path) -> None:
    before = train(configured("before")).checkpoint
    train(configured("same", start={"checkpoint": str(before)}))
    everybody = {"name": "ltcc", "root": str(ltcc), "validation": 0.0}
    with pytest.raises(CheckpointInvalid, match=r"classify.weight \(3, 32\) for \(4, 32\).*new_heads"):
        train(configured("other", data=everybody, start={"checkpoint": str(before)}))
    outcome = train(configured("new", data=everybody, start={"checkpoint": str(before), "new_heads": True}))
    assert len(weights(outcome.checkpoint)["classify.weight"]) == 4


def test_a_folder_with_a_training_is_not_written_over(configured: Configured) -> None:
    train(configured())
    with pytest.raises(ConfigInvalid, match="holds a training already; go on with --resume"):
        train(configured())
