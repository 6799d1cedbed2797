"""`restride models list|fetch`, as stream.cli mounts it. Light to import: the bodies stand in model_files."""

from typing import Annotated

import typer

app = typer.Typer(help="List the model files that plugins use, or fetch one.", no_args_is_help=True)


@app.command(name="list")
def list_() -> None:
    """What each is for, its licence, where it comes from, and whether it is here."""
    from stream.commands.model_files import list_models

    list_models()


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(help="As `restride models list` calls it.", show_default=False)],
) -> None:
    """Fetch one into the cache. A file that is there already stays as it is."""
    from stream.commands.model_files import fetch_model

    fetch_model(name)
