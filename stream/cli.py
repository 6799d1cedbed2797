"""`restride`: the commands of the live system. Each body is imported when it is called, so that --help is instant."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from reid_core.errors import Invalid, RestrideError, redacted
from stream.commands.models import app as models

app = typer.Typer(
    name="restride",
    help="Recognise the same person across cameras: camera streams in, identity events out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(models, name="models")

Config = Annotated[Path, typer.Argument(help="The site's configuration file (YAML).", show_default=False)]
UntilEof = Annotated[bool, typer.Option("--until-eof", help="Stop when standard input closes.", hidden=True)]


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"restride {version('restride')}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="More log lines, and tracebacks of errors.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Which restride this is.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    # main() has taken --debug out of the arguments, so that it may stand anywhere; it is here for --help
    del debug, version


@app.command()
def run(
    config: Config,
    demo: Annotated[bool, typer.Option("--demo", help="End with a summary of what was seen.")] = False,
) -> None:
    """Everything on this machine: worker, identity service, and a live table of events."""
    from stream.commands.run import run

    raise typer.Exit(run(config, summary=demo))


@app.command()
def replay(
    clips: Annotated[list[Path], typer.Argument(help="Videos or folders of pictures, one camera each.")],
    config: Annotated[
        Path | None, typer.Option(help="Take everything but the cameras from this file; without it, nothing is kept.")
    ] = None,
    start_time: Annotated[
        float | None, typer.Option(help="When the clips begin, in seconds since 1970 (default: now).")
    ] = None,
) -> None:
    """Send recorded clips down the path that live cameras take: as fast as it goes, losing nothing."""
    from stream.commands.replay import replay

    raise typer.Exit(replay(clips, config, start_time))


@app.command()
def worker(config: Config, until_eof: UntilEof = False) -> None:
    """Watch the cameras and send their tracklets to the identity service."""
    from stream.commands.parts import worker

    raise typer.Exit(worker(config, until_eof=until_eof))


@app.command()
def identity(config: Config, until_eof: UntilEof = False) -> None:
    """Give tracklets their identities, and announce the events."""
    from stream.commands.parts import identity

    raise typer.Exit(identity(config, until_eof=until_eof))


@app.command()
def subscribe(
    config: Annotated[Path | None, typer.Option(help="Take the addresses from this configuration.")] = None,
    events: Annotated[str | None, typer.Option(help="Events address (default: this machine's).")] = None,
    replay: Annotated[str | None, typer.Option(help="Replay address (default: this machine's).")] = None,
    since: Annotated[int | None, typer.Option(help="Begin after this sequence; 0 is the whole log.")] = None,
    camera: Annotated[list[str] | None, typer.Option(help="Only this camera; may be given more than once.")] = None,
    json: Annotated[
        bool | None, typer.Option("--json/--lines", help="Default: lines on a terminal, JSON piped.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the service instead of giving up.")] = False,
) -> None:
    """Print identity events as they happen: a line each on a terminal, JSON lines into a pipe."""
    from stream.commands.subscribe import subscribe

    subscribe(config, events, replay, since=since, cameras=camera, json=json, wait=wait)


@app.command()
def identities(config: Config) -> None:
    """List the people in the store."""
    from stream.commands.identities import identities

    identities(config)


@app.command()
def check(config: Config) -> None:
    """Validate a configuration, and open each of its sources once."""
    from stream.commands.check import check

    raise typer.Exit(check(config))


@app.command()
def plugins() -> None:
    """List the installed plugins."""
    from stream.commands.plugins import plugins

    plugins()


@app.command()
def doctor() -> None:
    """What this machine has, and what to do about what is missing."""
    from stream.commands.doctor import doctor

    doctor()


def main() -> None:
    """One line for what is wrong: exit 2 when a person must mend it, 1 when it may pass."""
    debug = "--debug" in sys.argv
    sys.argv[:] = [argument for argument in sys.argv if argument != "--debug"]
    from stream.logs import set_up

    set_up(debug)
    try:
        app()
    except RestrideError as error:
        if debug:
            raise
        print(f"restride: {redacted(str(error))}", file=sys.stderr)  # noqa: T201
        sys.exit(2 if isinstance(error, Invalid) else 1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
