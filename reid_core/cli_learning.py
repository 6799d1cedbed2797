"""`restride-lab train`, `evaluate`, `compare` and `models`. What is heavy is imported when a command is called."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from reid_core.cli_values import values
from reid_core.errors import ConfigInvalid

models = typer.Typer(help="The networks that can be trained.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    for command in (train, evaluate, compare):
        app.command()(command)
    app.add_typer(models, name="models")


def train(
    config: Annotated[Path, typer.Argument(help="A YAML file such as configs/asgl_vccr.yaml.", show_default=False)],
    resume: Annotated[bool, typer.Option("--resume", help="Go on where a killed training stopped.")] = False,
    root: Annotated[str, typer.Option(help="The data set's folder, instead of the one in the file.")] = "",
    out: Annotated[str, typer.Option(help="The folder to write to, instead of the one in the file.")] = "",
) -> None:
    """Train a system on a data set. On several GPUs: torchrun --nproc-per-node N -m reid_core.cli train CONFIG."""
    import msgspec

    from reid_core.options import read_options
    from reid_core.training.options import TrainOptions, check

    options = read_options(config, TrainOptions)
    if root:
        options = msgspec.structs.replace(options, data=msgspec.structs.replace(options.data, root=root))
    if out:
        options = msgspec.structs.replace(options, out=out)
    check(options, str(config))
    with _needs_torch():
        from reid_core.training.run import train as run

    outcome = run(options, resume=resume)
    if os.environ.get("RANK", "0") == "0":
        best = "" if outcome.best is None else f", mAP {outcome.best:.1%} on the people held out"
        typer.echo(f"{outcome.checkpoint}: {outcome.updates} updates{best}")


def evaluate(
    checkpoint: Annotated[Path, typer.Argument(help="What train has written.", show_default=False)],
    name: Annotated[str, typer.Argument(help="vccr, ccvid, ltcc, prcc, ... ; a wrong name lists them all.")],
    root: Annotated[Path, typer.Argument(help="The folder it was unpacked to.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Folder for the report.")] = Path("report"),
    system: Annotated[str, typer.Option(help="Refuse a checkpoint of another system.")] = "",
    annotations: Annotated[Path | None, typer.Option(help="Folder with parsing, silhouettes and poses.")] = None,
    flip: Annotated[bool, typer.Option("--flip", help="Add the features of mirror images.")] = False,
    rerank: Annotated[bool, typer.Option("--rerank", help="k-reciprocal re-ranking.")] = False,
    euclidean: Annotated[bool, typer.Option("--euclidean", help="Instead of the cosine distance.")] = False,
    pessimistic: Annotated[bool, typer.Option("--pessimistic", help="In ties, wrong items come first.")] = False,
    open_set: Annotated[bool, typer.Option("--open-set", help="Verification and watch list too.")] = False,
    stride: Annotated[int, typer.Option(min=1, help="Frames between two pictures of a clip.")] = 4,
    batch: Annotated[int, typer.Option(min=1, help="Pictures or clips at a time.")] = 32,
    workers: Annotated[int, typer.Option(min=0, help="Processes that read pictures.")] = 2,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    skip_odd: Annotated[bool, typer.Option("--skip-odd", help="Leave out files that do not fit the layout.")] = False,
    skip_damaged: Annotated[bool, typer.Option("--skip-damaged", help="Leave out what cannot be decoded.")] = False,
) -> None:
    """Test a checkpoint under every setting of a data set: report.md, report.json, cmc.png, retrieval.png."""
    with _needs_torch():
        from reid_core.data.read import read
        from reid_core.evaluation.checkpoint import Trial, evaluate_checkpoint
        from reid_core.evaluation.distances import Metric
        from reid_core.evaluation.features import Pass
        from reid_core.evaluation.ranking import Ties
        from reid_core.evaluation.report import markdown
        from reid_core.evaluation.rerank import Reranking
        from reid_core.evaluation.retrieve import How
        from reid_core.training.card import is_synthetic
        from reid_core.training.world import device_of

    data = read(name, root.expanduser(), skip_odd=skip_odd)
    trial = Trial(
        Pass(device_of(device), batch, workers, flip, skip_damaged),
        How(
            metric=Metric.EUCLIDEAN if euclidean else Metric.COSINE,
            ties=Ties.PESSIMISTIC if pessimistic else Ties.STABLE,
            rerank=Reranking() if rerank else None,
            open_set=open_set,
        ),
        system,
        annotations.expanduser() if annotations else None,
        stride,
    )
    with _counted("Embedding") as advance:
        report = evaluate_checkpoint(checkpoint, data, out, trial, is_synthetic(data), advance)
    typer.echo(markdown(report))
    typer.echo(f"{out}: report.md, report.json, cmc.png, retrieval.png")


def compare(
    reports: Annotated[list[Path], typer.Argument(help="report.json files, or their folders.", show_default=False)],
) -> None:
    """Runs side by side, with the row of the paper."""
    from reid_core.evaluation.compare import compare as side_by_side

    typer.echo(side_by_side(reports))


@models.command(name="list")
def list_networks() -> None:
    """The networks that are installed."""
    from reid_core.registry import installed

    for point in installed("networks"):
        typer.echo(f"{point.name}: {point.value}")


@models.command()
def count(
    name: Annotated[str, typer.Argument(help="As `models list` has it.")],
    persons: Annotated[int, typer.Option(min=1, help="Classes of the training.")] = 150,
    clothes: Annotated[int, typer.Option(min=0, help="Classes of clothes, where the system has any.")] = 0,
    option: Annotated[list[str] | None, typer.Option(help="KEY=VALUE of the system, VALUE in YAML.")] = None,
) -> None:
    """Parameters and operations of a network: one picture or one clip through it."""
    with _needs_torch():
        from reid_core.models.count import count as counted

    found, given = counted(name, persons, clothes, values(option or [], "--option"))
    frozen = f" and {found.frozen:,} frozen" if found.frozen else ""
    typer.echo(f"{name}: {found.parameters:,} parameters{frozen}")
    typer.echo(f"{found.multiply_accumulates / 1e9:.2f} G multiply-adds (convolutions, linear layers) for a {given}")


@contextmanager
def _needs_torch() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in {"torch", "safetensors"}:
            raise
        raise ConfigInvalid(f"{error.name} is not installed: pip install 'restride[torch]'") from error


@contextmanager
def _counted(what: str) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task(what, total=None)
        yield lambda done: progress.advance(bar, done)
