"""`restride identities`: the people in the store."""

from contextlib import closing
from datetime import datetime
from pathlib import Path

from rich.table import Table

from reid_core.errors import redacted
from stream.commands.tables import show
from stream.settings import read_settings
from stream.store.open import open_kept


def identities(config: Path) -> None:
    settings = read_settings(config)
    store = open_kept(settings.store, settings.namespace)
    if store is None:
        print(f"no store there yet: {redacted(settings.store)}; `restride run` makes it")  # noqa: T201
        return
    with closing(store):
        people = sorted(store.identities(), key=lambda each: each.last_seen, reverse=True)
    table = Table(title=f"{len(people)} identities in {settings.namespace}", title_justify="left", show_edge=False)
    for name in ("identity", "state", "first seen", "last seen", "tracklets", "cameras"):
        # an identity is copied into the next command: whole, however narrow the screen
        least = 12 if name == "identity" else None
        table.add_column(name, justify="right" if name == "tracklets" else "left", min_width=least)
    for person in people:
        table.add_row(
            person.identity,
            person.state.value,
            _clock(person.first_seen),
            _clock(person.last_seen),
            str(person.sightings),
            ", ".join(person.cameras),
        )
    show(table)


def _clock(time: float) -> str:
    return datetime.fromtimestamp(time).strftime("%Y-%m-%d %H:%M:%S")
