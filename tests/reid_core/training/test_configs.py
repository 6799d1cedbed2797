"""Every file under configs/ that trains: it is understood, and its system can be built from it."""

from pathlib import Path

import pytest

from reid_core import registry
from reid_core.data.read import layout_of
from reid_core.errors import ConfigInvalid
from reid_core.options import convert_options, read_options
from reid_core.training.options import TrainOptions, check

ROOT = Path(__file__).parents[3]
CONFIGS = sorted(path for path in (ROOT / "configs").glob("*_*.yaml"))

GOOD = "{system: {use: camc}, data: {name: ltcc, root: x}, out: y, stages: [{epochs: 9}]}"


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_config_is_understood(path: Path) -> None:
    options = read_options(path, TrainOptions)
    check(options, str(path))
    layout = layout_of(options.data.name)
    network = registry.find("networks", options.system.use)
    convert_options({"persons": 5, **options.system.options}, network.Options, where=path.name)
    assert [stage.name for stage in options.stages] == list(network.stages)
    assert (layout.kind == "video") == (options.system.use == "asgl")
    assert options.out == f"runs/{path.stem}"


def test_every_system_has_one() -> None:
    assert {path.stem.split("_")[0] for path in CONFIGS} == {"asgl", "mpcf", "camc", "sci", "mbnet", "cre"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("epochs: 9", "epochs: 0", r"stages\[0\].epochs: .*found 0"),
        ("epochs: 9", "epochs: 9, epoch: 1", "epoch: unknown key; did you mean 'epochs'"),
        ("name: ltcc, ", "", "data: the key 'name' is missing"),
        ("epochs: 9", "epochs: 9, schedule: {warm_up: 9}", r"stages\[0\].schedule.warm_up: 9 epochs of warm-up"),
        ("epochs: 9", "epochs: 9, schedule: {kind: cosine, milestones: [3]}", r"milestones: a cosine has none"),
        ("{epochs: 9}", "{epochs: 9}, {epochs: 9}", r"stages\[1\].name: 'train' is given twice"),
        ("[{epochs: 9}]", "[]", "stages: "),
    ],
)
def test_a_mistake_names_file_and_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "mistaken.yaml"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(ConfigInvalid, match=rf"mistaken.yaml: .*{message}"):
        check(read_options(path, TrainOptions), str(path))
