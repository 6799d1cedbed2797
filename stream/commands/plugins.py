"""`restride plugins`: what is installed, by kind."""

from importlib.metadata import entry_points

from rich.table import Table

from reid_core.registry import installed
from stream.commands.tables import show


def plugins() -> None:
    kinds = sorted(group.removeprefix("restride.") for group in entry_points().groups if group.startswith("restride."))
    table = Table(show_edge=False)
    for name in ("kind", "name", "from", "package"):
        table.add_column(name, overflow="fold")
    for kind in kinds:
        for point in installed(kind):
            package = f"{point.dist.name} {point.dist.version}" if point.dist else ""
            table.add_row(kind, point.name, point.value, package)
    show(table)
