"""The weights that plugins fetch when they need them: listed, or fetched now with a progress bar."""

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Table
from rich.text import Text

from reid_core.protocols import ModelFile
from stream.commands.tables import show
from stream.models import ModelStatus, model_file, status, statuses


def list_models() -> None:
    for each in statuses():
        show(_facts(each))


def fetch_model(name: str) -> None:
    console = Console()
    model = model_file(name)
    if model.path() is None:
        _fetch(model, console)
        console.print(Text(f"fetched {name}"))
    else:
        console.print(Text(f"{name} was here already"))
    show(_facts(status(model)), console)


def _fetch(model: ModelFile, console: Console) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(model.name, total=None)

        def report(what: str, size: int, total: int | None) -> None:
            progress.update(task, description=what, completed=size, total=total)

        model.fetch(report)


def _facts(each: ModelStatus) -> Table:
    """A grid a model: addresses and paths are too long for columns."""
    model = each.model
    table = Table(title=model.name, title_justify="left", show_header=False, box=None, pad_edge=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    table.add_row("for", Text(model.purpose))
    table.add_row("licence", Text(model.licence))
    for source in model.sources:
        table.add_row("from", Text(source))
    about = "" if each.path else "about "
    table.add_row("size", f"{about}{each.size_bytes / 1e6:.1f} MB")
    table.add_row("sha256", Text(_digest(each)))
    table.add_row("where", Text(str(each.path), "green") if each.path else Text(_how_to_get(model), "yellow"))
    return table


def _digest(each: ModelStatus) -> str:
    if each.sha256 is None:
        return "not known before it is fetched"
    if each.path is None:
        return f"{each.sha256} (as published)"
    return f"{each.sha256} ({'as published' if each.as_published else 'not the published file: built here'})"


def _how_to_get(model: ModelFile) -> str:
    return f"not here; get it: restride models fetch {model.name}"
