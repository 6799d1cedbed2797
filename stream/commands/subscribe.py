"""`restride subscribe`: identity events as lines for people, or as JSON lines for programs."""

import os
import select
import stat
import sys
from pathlib import Path
from threading import Thread

from reid_core.wire import event_to_json
from stream.client import Subscription
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
    subscription = open_subscription(
        events or link.events,
        replay or link.replay,
        since=since,
        cameras=cameras or None,
        connect_seconds=None if wait else 5.0,
    )
    _end_with_reader(subscription)
    with subscription:
        for event in subscription:
            line = event_to_json(event).decode() if as_json else str(narrator.tell(event))
            try:
                print(line, flush=True)  # noqa: T201
            except BrokenPipeError:
                break
    _forget_what_nobody_reads()


def _end_with_reader(subscription: Subscription) -> None:
    """`| head` is gone after its lines, which would show only when the next event is written."""
    if not stat.S_ISFIFO(os.fstat(sys.stdout.fileno()).st_mode):
        return
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)  # no event is asked for: an error is always told

    def wait_for_end() -> None:
        poll.poll()
        subscription.close()

    Thread(target=wait_for_end, name="reader of the pipe", daemon=True).start()


def _forget_what_nobody_reads() -> None:
    """Python would complain of it while it shuts down."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
