"""ZeroMQ sockets as restride uses them: bounded, watched, and bound or connected with errors that help."""

import errno
import logging
import socket
import stat
from pathlib import Path

import zmq
from zmq.utils.monitor import recv_monitor_message

from reid_core.errors import ConfigInvalid
from stream.link.addresses import check_address, is_local
from stream.metrics import Metrics

log = logging.getLogger("restride.link")

PEER_TROUBLE = zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL | zmq.EVENT_DISCONNECTED

_LINGER_MS = 500  # what closing may wait for the last messages to leave


def open_socket(context: "zmq.Context[zmq.SyncSocket]", kind: int, *, queue: int, max_bytes: int) -> zmq.SyncSocket:
    """`queue` bounds the messages that wait each way, for each peer; `max_bytes` each frame that comes in."""
    it = context.socket(kind)
    it.setsockopt(zmq.SNDHWM, queue)
    it.setsockopt(zmq.RCVHWM, queue)
    it.setsockopt(zmq.MAXMSGSIZE, max_bytes)  # a peer that sends more is cut off
    it.setsockopt(zmq.LINGER, _LINGER_MS)
    it.setsockopt(zmq.RECONNECT_IVL, 100)
    it.setsockopt(zmq.RECONNECT_IVL_MAX, 2000)
    it.setsockopt(zmq.HANDSHAKE_IVL, 5000)
    it.setsockopt(zmq.HEARTBEAT_IVL, 2000)  # finds the peer that vanished without closing
    it.setsockopt(zmq.HEARTBEAT_TIMEOUT, 6000)
    it.setsockopt(zmq.HEARTBEAT_TTL, 6000)
    it.setsockopt(zmq.TCP_KEEPALIVE, 1)
    it.setsockopt(zmq.TCP_KEEPALIVE_IDLE, 30)
    it.setsockopt(zmq.TCP_KEEPALIVE_INTVL, 10)
    it.setsockopt(zmq.TCP_KEEPALIVE_CNT, 3)
    return it


def bind(it: zmq.SyncSocket, address: str, option: str) -> str:
    """Listen; the answer is the address with its real port. Raises ConfigInvalid."""
    check_address(address, option)
    path = Path(address.removeprefix("ipc://")) if address.startswith("ipc://") else None
    if path is not None:
        _prepare(path, address, option)
    # a listening socket takes numbers and interfaces, not names
    numeric = address.replace("tcp://localhost:", "tcp://127.0.0.1:", 1)
    it.setsockopt(zmq.IPV6, int("[" in numeric))
    try:
        it.bind(numeric)
    except zmq.ZMQError as error:
        if error.errno == errno.EADDRINUSE:
            raise _in_use(address, option) from error
        raise ConfigInvalid(
            f"{option}: cannot listen on {address}: {error.strerror}; "
            "expected an address of this machine, such as tcp://127.0.0.1:7761, or tcp://*:7761 for all of them"
        ) from error
    if path is not None:
        path.chmod(0o600)
    if not is_local(address):
        log.warning("%s: %s can be reached from other machines, and the link is not encrypted yet", option, address)
    return it.getsockopt_string(zmq.LAST_ENDPOINT)


def connect(it: zmq.SyncSocket, address: str, option: str) -> None:
    """Begin to connect, and reconnect for ever. Raises ConfigInvalid."""
    check_address(address, option)
    it.setsockopt(zmq.IPV6, int("[" in address))
    try:
        it.connect(address)
    except zmq.ZMQError as error:
        raise ConfigInvalid(
            f"{option}: cannot connect to {address}: {error.strerror}; expected tcp://host:port or ipc:///path"
        ) from error


def watch(it: zmq.SyncSocket, events: int) -> zmq.SyncSocket:
    """A socket to poll beside this one, readable when one of these zmq.EVENT_* happened."""
    monitor = it.get_monitor_socket(events)
    monitor.setsockopt(zmq.LINGER, 0)
    return monitor


def count_peers(monitor: zmq.SyncSocket, metrics: Metrics, lane: str) -> None:
    """For a monitor that watches PEER_TROUBLE: who was cut off, went, or never spoke the protocol."""
    for event in happened(monitor):
        metrics.add("peers_lost" if event == zmq.EVENT_DISCONNECTED else "handshakes_failed", lane=lane)


def happened(monitor: zmq.SyncSocket) -> list[int]:
    """The zmq.EVENT_* since the last call."""
    found = []
    while True:
        try:
            found.append(int(recv_monitor_message(monitor, zmq.NOBLOCK)["event"]))
        except zmq.Again:
            return found


def receive(it: zmq.SyncSocket) -> list[bytes] | None:
    """The frames of the next message that is there, without waiting."""
    try:
        return it.recv_multipart(zmq.NOBLOCK)
    except zmq.Again:
        return None


def send(it: zmq.SyncSocket, frames: list[bytes]) -> bool:
    """Whether the message could leave now, without waiting."""
    try:
        it.send_multipart(frames, zmq.NOBLOCK)
    except zmq.Again:
        return False
    return True


def _prepare(path: Path, address: str, option: str) -> None:
    """ZeroMQ deletes whatever lies at the path, be it a file or the socket of a living service: look first."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            return
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise ConfigInvalid(f"{option}: {path} is a file, not a socket; choose another path")
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1)
            probe.connect(str(path))
    except ConnectionRefusedError:
        return  # left behind by a service that died
    except OSError as error:
        raise ConfigInvalid(
            f"{option}: cannot use {path}: {error.strerror or error}; choose a folder that this user may write to"
        ) from error
    raise _in_use(address, option)


def _in_use(address: str, option: str) -> ConfigInvalid:
    return ConfigInvalid(
        f"{option}: {address} is in use already; stop the process that listens there, or choose another `{option}`"
    )
