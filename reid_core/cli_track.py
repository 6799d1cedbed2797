"""`restride-lab track`: how well tracks agree with the truth, and which options make them agree better."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from reid_core.evaluation.tracking.report import Figures

track = typer.Typer(help="Measure trackers, and tune them.", no_args_is_help=True)


@track.command()
def evaluate(
    truth: Annotated[Path, typer.Argument(help="gt.txt, or a folder of NAME/gt/gt.txt.", show_default=False)],
    result: Annotated[Path, typer.Argument(help="Result in the same format, or a folder of NAME.txt.")],
    mot20: Annotated[bool, typer.Option("--mot20", help="MOT20's rules: vehicles distract too.")] = False,
    cross_camera: Annotated[
        bool, typer.Option("--cross-camera", help="An id means the same person in all files: IDF1 over all cameras.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Numbers for a program, from 0 to 1.")] = False,
) -> None:
    """HOTA, DetA, AssA, MOTA and IDF1 in percent, id switches and fragments, as MOTChallenge counts them."""
    from reid_core.evaluation.tracking import motchallenge, report

    rules = motchallenge.MOT20_DISTRACTORS if mot20 else motchallenge.DISTRACTORS
    scenes = report.scenes(truth, result, rules)
    found = {name: report.figures(scene) for name, scene in scenes.items()}
    if len(scenes) > 1:
        found["all"] = report.together(scenes)
    across = report.across_cameras(scenes).idf1 if cross_camera else None
    if as_json:
        rows: dict[str, object] = {name: each.row() for name, each in found.items()}
        typer.echo(json.dumps(rows if across is None else rows | {"cross-camera IDF1": across}, indent=2))
        return
    _show(found)
    if across is not None:
        typer.echo(f"IDF1 across {len(scenes)} cameras: {across:.2%}")


@track.command()
def tune(
    tracker: Annotated[str, typer.Argument(help="bytetrack, ocsort, ... ; a wrong name lists them all.")],
    data: Annotated[Path, typer.Argument(help="Folders with det/det.txt, gt/gt.txt and seqinfo.ini in them.")],
    only: Annotated[str, typer.Option(help="Sequences to tune on, with commas; the others only show the result.")] = "",
    runs: Annotated[int, typer.Option(min=1, help="The budget: runs over all sequences that are tuned on.")] = 50,
    seed: Annotated[int, typer.Option(min=0, help="Another number searches another way.")] = 0,
) -> None:
    """Search better options; figures by sequence, for the defaults and for the best. Pictures are not used."""
    from rich.console import Console
    from rich.progress import Progress

    from reid_core.errors import DataSetInvalid
    from reid_core.evaluation.tracking.follow import recordings
    from reid_core.evaluation.tracking.search import searched, tried

    found = recordings(data)
    names = [name.strip() for name in only.split(",")] if only else [each.name for each in found]
    if unknown := set(names) - {each.name for each in found}:
        there = ", ".join(each.name for each in found)
        raise DataSetInvalid(f"--only {', '.join(sorted(unknown))}: not in {data}; there: {there}")
    tuned = [each for each in found if each.name in names]
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task(f"Tuning {tracker}", total=runs)
        best = searched(tracker, tuned, runs, seed, lambda _: progress.advance(bar))
    for title, options in (("defaults", {}), ("best", best.options)):
        trial = tried(tracker, options, found)
        rows = {f"{name}{'' if name in names else ' (not tuned on)'}": each for name, each in trial.figures.items()}
        typer.echo(f"{tracker}, {title}: " + (", ".join(f"{key}: {value}" for key, value in options.items()) or "{}"))
        _show(rows)


def _show(found: "dict[str, Figures]") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table()
    table.add_column("sequence")
    for name in next(iter(found.values())).row():
        table.add_column(name, justify="right")
    for name, figures in found.items():
        cells = [f"{each:,}" if isinstance(each, int) else f"{100 * each:.2f}" for each in figures.row().values()]
        table.add_row(name, *cells)
    Console().print(table)
