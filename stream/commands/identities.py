"""`restride identities`: the people in the store."""

from datetime import datetime
from pathlib import Path

from rich.table import Table

from stream.commands.tables import show
from stream.settings import read_settings
from stream.store.open import open_store


def identities(config: Path) -> None:
    settings = read_settings(config)
    store = open_store(settings.store, settings.namespace)
    try:
        people = sorted(store.identities(), key=lambda each: each.last_seen, reverse=True)
    finally:
        store.close()
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
