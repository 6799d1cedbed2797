"""`restride-lab`: the commands around the live system. Each body is imported when it is called."""

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from reid_core.cli_annotate import annotate
from reid_core.cli_data import data
from reid_core.cli_learning import add_to
from reid_core.cli_logs import warnings_shown
from reid_core.cli_track import track
from reid_core.errors import ConfigInvalid, Invalid, RestrideError, redacted

app = typer.Typer(
    name="restride-lab",
    help="Make data for restride, and work on its models.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
synth = typer.Typer(help="Draw people and places that never were, with their truth.", no_args_is_help=True)
app.add_typer(synth, name="synth")
data.command()(annotate)
app.add_typer(data, name="data")
app.add_typer(track, name="track")
add_to(app)


@app.callback()
def options(debug: Annotated[bool, typer.Option("--debug", help="Tracebacks of errors.")] = False) -> None:
    # main() has taken --debug out of the arguments, so that it may stand anywhere; it is here for --help
    del debug


@synth.command()
def walkers(
    out: Annotated[Path, typer.Option(help="Folder for door.mp4, hall.mp4 and truth.json.", show_default=False)],
    seed: Annotated[int, typer.Option(min=0, help="Another number gives other people.")] = 0,
    seconds: Annotated[float, typer.Option(help="Length of the clips.")] = 20.0,
    fps: Annotated[float, typer.Option(help="Pictures a second.")] = 12.5,
    size: Annotated[str, typer.Option(help="WIDTHxHEIGHT of the pictures.")] = "480x270",
) -> None:
    """Two cameras that five people walk past, most of them from one to the other."""
    from rich.console import Console
    from rich.progress import Progress

    from reid_core.synth.write import pictures_in, write_walkers

    sides = re.fullmatch(r"(\d{1,5})x(\d{1,5})", size)
    if not sides:
        raise ConfigInvalid(f"size: expected WIDTHxHEIGHT such as 480x270, found {size!r}")
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("Drawing walkers", total=pictures_in(seconds, fps))
        truth = write_walkers(out, seed, seconds, fps, (int(sides[1]), int(sides[2])), lambda: progress.advance(bar))
    for person in truth.people:
        stays = ", ".join(f"{stay.camera} {stay.begin:.1f}-{stay.end:.1f} s" for stay in person.stays)
        typer.echo(f"{person.id}: {person.clothes}: {stays or 'not seen'}")
    typer.echo(f"{out}: {', '.join(camera.clip for camera in truth.cameras.values())}, truth.json")


def main() -> None:
    """One line for what is wrong: exit 2 when a person must mend it, 1 when it may pass."""
    debug = "--debug" in sys.argv
    sys.argv[:] = [argument for argument in sys.argv if argument != "--debug"]
    try:
        with warnings_shown(debug):
            app()
    except RestrideError as error:
        if debug:
            raise
        typer.echo(f"restride-lab: {redacted(str(error))}", err=True)
        sys.exit(2 if isinstance(error, Invalid) else 1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
