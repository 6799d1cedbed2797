"""Where the two lanes meet, and how they behave: the options of the links."""

import re
from typing import Annotated

from msgspec import Meta

from reid_core.errors import ConfigInvalid, redacted
from reid_core.options import Options

TRACKLETS = "tcp://127.0.0.1:7761"
EVENTS = "tcp://127.0.0.1:7762"
REPLAY = "tcp://127.0.0.1:7763"

Address = Annotated[str, Meta(pattern=r"^(tcp|ipc)://.+")]

_TCP = re.compile(r"tcp://(?P<host>\*|\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(?P<port>\d{1,5}|\*)")
_IPC = re.compile(r"ipc://(?P<path>[^@*\0].*)")
_IPC_BYTES = 107  # the kernel's limit for the path of a socket
_LOOPBACK = re.compile(r"127\..*|localhost|\[::1\]|lo")


class LinkOptions(Options, frozen=True):
    tracklets: Address = TRACKLETS  # lane 1: workers send to it, the identity service listens on it
    events: Address = EVENTS  # lane 2: the identity service publishes on it, anybody subscribes to it
    replay: Address = REPLAY  # lane 2: the identity service answers there for events that were missed
    window: Annotated[int, Meta(ge=1, le=4096)] = 64  # tracklets on the way that nobody acknowledged yet
    resend_seconds: Annotated[float, Meta(gt=0)] = 5.0  # without an answer for so long, a tracklet is sent again
    spool_bytes: Annotated[int, Meta(ge=1 << 20)] = 1 << 30  # on the worker's disk; beyond it the oldest are dropped
    event_queue: Annotated[int, Meta(ge=1)] = 10_000  # events a slow subscriber may lag before it must ask for replay
    poll_seconds: Annotated[float, Meta(gt=0, le=60)] = 0.5  # between looks for events that other services logged


def check_address(address: str, option: str) -> None:
    """Raises ConfigInvalid for what no socket could bind or connect to."""
    if address.startswith("ipc://"):
        path = address.removeprefix("ipc://")
        if len(path.encode()) > _IPC_BYTES:
            raise ConfigInvalid(
                f"{option}: {address} has a path of over {_IPC_BYTES} bytes; choose a shorter folder for the socket"
            )
        if _IPC.fullmatch(address):
            return
    elif (found := _TCP.fullmatch(address)) and (found["port"] == "*" or int(found["port"]) <= 65535):
        return
    raise ConfigInvalid(f"{option}: {redacted(address)!r} is no address; expected tcp://host:port or ipc:///path")


def is_local(address: str) -> bool:
    """Whether nothing outside this machine can reach it."""
    found = _TCP.fullmatch(address)
    return found is None or _LOOPBACK.fullmatch(found["host"]) is not None
