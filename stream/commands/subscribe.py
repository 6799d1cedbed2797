"""`restride subscribe`: identity events as lines for people, or as JSON lines for programs."""

import sys
from pathlib import Path

from reid_core.wire import event_to_json
from stream.client import subscribe as open_subscription
from stream.commands.lines import Narrator
from stream.link.addresses import LinkOptions
from stream.settings import read_settings


def subscribe(
    config: Path | None,
    events: str | None,
    replay: str | None,
    *,
    since: int | None,
    cameras: list[str] | None,
    json: bool | None,
    wait: bool,
) -> None:
    """Until Ctrl-C, or until nobody reads the pipe any more."""
    link = LinkOptions() if config is None else read_settings(config).link
    as_json = not sys.stdout.isatty() if json is None else json
    narrator = Narrator()
    with open_subscription(
        events or link.events,
        replay or link.replay,
        since=since,
        cameras=cameras or None,
        connect_seconds=None if wait else 5.0,
    ) as subscription:
        for event in subscription:
            line = event_to_json(event).decode() if as_json else str(narrator.tell(event))
            try:
                print(line, flush=True)  # noqa: T201
            except BrokenPipeError:
                sys.stderr.close()  # Python would complain once more while it shuts down
                return
