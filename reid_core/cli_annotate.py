"""`restride-lab data annotate`: poses, parsing and silhouettes of a data set, which some systems are trained with."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reid_core.cli_data import Name, Root, SkipOdd, read_named
from reid_core.cli_values import values
from reid_core.errors import ConfigInvalid
from reid_core.options import PluginUse

if TYPE_CHECKING:
    from reid_core.data.annotate import Tally, Wanted
    from reid_core.data.samples import DataSet

Values = Annotated[list[str] | None, typer.Option(help="KEY=VALUE, VALUE in YAML, or a YAML file; may be repeated.")]


def annotate(
    name: Name,
    root: Root,
    cache: Annotated[Path, typer.Option(help="Folder to write to: data.annotations of a config.", show_default=False)],
    pose: Annotated[str, typer.Option(help="Who finds the joints: mediapipe, or another plugin.")] = "",
    pose_options: Values = None,
    parser: Annotated[str, typer.Option(help="Who finds parts of the body: pose, onnx, folder, or a plugin.")] = "",
    parser_options: Values = None,
    silhouettes: Annotated[bool, typer.Option("--silhouettes", help="Masks of all who are parsed.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Delete what is there of these, and begin anew.")] = False,
    workers: Annotated[int, typer.Option(min=1, help="Threads; each with a plugin of its own.")] = 1,
    fps: Annotated[float, typer.Option(min=0.1, help="Frames a second of tracklets, for who follows joints.")] = 25.0,
    skip_odd: SkipOdd = False,
    skip_damaged: Annotated[bool, typer.Option("--skip-damaged", help="Leave out what cannot be decoded.")] = False,
) -> None:
    """Say where joints and parts of the body are, in all pictures. Killed, it goes on where it was."""
    from reid_core.data.annotate import Wanted

    wanted = Wanted(
        pose=_plugin("pose", pose, pose_options or []),
        parser=_plugin("parser", parser, parser_options or []),
        silhouettes=silhouettes,
        again=again,
        skip_damaged=skip_damaged,
        fps=fps,
        workers=workers,
    )
    tally = _annotated(read_named(name, root.expanduser(), skip_odd), cache.expanduser(), wanted)
    damaged = f", {tally.damaged:,} of them damaged" if tally.damaged else ""
    typer.echo(f"{cache}: {tally.pictures:,} pictures{damaged}")
    for kind in wanted.kinds:
        typer.echo(f"{kind}: {tally.found[kind]:,} pictures, {tally.new[kind]:,} of them new")


def _plugin(flag: str, name: str, given: list[str]) -> PluginUse | None:
    if given and not name:
        raise ConfigInvalid(f"--{flag}-options: of whom? say --{flag} too")
    return PluginUse(use=name, options=values(given, f"--{flag}-options")) if name else None


def _annotated(data: "DataSet", cache: Path, wanted: "Wanted") -> "Tally":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from reid_core.data.annotate import annotate as run

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"Annotating {data.name}", total=None)
        return run(data, cache, wanted, lambda done, total: bar.update(task, completed=done, total=total))
