import logging
import socket
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
import zmq

from reid_core.errors import ConfigInvalid
from reid_core.options import convert_options
from stream.link.addresses import LinkOptions, check_address, is_local
from stream.link.announcer import Announcer
from stream.link.sockets import bind, connect, open_socket
from stream.metrics import Metrics
from tests.fakes.store import MemoryStore
from tests.stream.link_ends import free_tcp, link_options


@pytest.fixture
def it() -> Iterator[zmq.SyncSocket]:
    with zmq.Context() as context, open_socket(context, zmq.ROUTER, queue=10, max_bytes=1000) as opened:
        yield opened


@pytest.mark.parametrize(
    "address",
    [
        "tcp://127.0.0.1:7761",
        "tcp://*:1",
        "tcp://[::1]:65535",
        "tcp://cam-1.site.lan:80",
        "ipc:///run/restride/a",
        "ipc://a",
    ],
)
def test_addresses(address: str) -> None:
    check_address(address, "events")


@pytest.mark.parametrize(
    "address",
    ["", "127.0.0.1:7761", "tcp://127.0.0.1", "tcp://127.0.0.1:", "tcp://h:65536", "tcp://:1", "udp://h:1", "ipc://",
     "ipc://@abstract", "tcp://h:1/path", "inproc://a", "tcp://h:x"],
)  # fmt: skip
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(ConfigInvalid, match=r"^events: .* is no address; expected tcp://host:port or ipc:///path"):
        check_address(address, "events")


def test_a_path_too_long_for_a_socket() -> None:
    with pytest.raises(ConfigInvalid, match="over 107 bytes; choose a shorter folder"):
        check_address(f"ipc:///{'a' * 110}", "events")


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("tcp://127.0.0.1:1", True),
        ("tcp://localhost:1", True),
        ("tcp://[::1]:1", True),
        ("ipc:///a", True),
        ("tcp://*:1", False),
        ("tcp://0.0.0.0:1", False),
        ("tcp://192.168.1.2:1", False),
        ("tcp://[::]:1", False),
    ],
)
def test_what_stays_on_this_machine(address: str, local: bool) -> None:
    assert is_local(address) == local


def test_options_in_a_file() -> None:
    options = convert_options({"events": "tcp://*:9000", "window": 8}, LinkOptions, where="site.yaml: link")
    assert (options.events, options.window, options.tracklets) == ("tcp://*:9000", 8, "tcp://127.0.0.1:7761")
    for wrong in ({"window": 0}, {"events": "nonsense"}, {"spool_bytes": 10}, {"resend_seconds": 0}):
        [key] = wrong
        with pytest.raises(ConfigInvalid, match=rf"site.yaml: link: {key}"):
            convert_options(wrong, LinkOptions, where="site.yaml: link")


def test_a_port_that_is_free_is_found(it: zmq.SyncSocket) -> None:
    assert bind(it, "tcp://localhost:*", "events").startswith("tcp://127.0.0.1:")


@pytest.mark.parametrize("address", ["tcp://203.0.113.7:7761", "tcp://no-such-interface:7761"])
def test_an_address_of_another_machine(it: zmq.SyncSocket, address: str) -> None:
    with pytest.raises(ConfigInvalid, match=rf"events: cannot listen on {address}: .*an address of this machine"):
        bind(it, address, "events")


def test_listening_for_other_machines_is_warned_of(it: zmq.SyncSocket, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        bind(it, "tcp://*:*", "events")
    assert "events: tcp://*:* can be reached from other machines, and the link is not encrypted yet" in caplog.text


def test_listening_for_this_machine_is_not(it: zmq.SyncSocket, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        bind(it, "tcp://127.0.0.1:*", "events")
    assert not caplog.records


def test_only_this_user_may_connect_over_ipc(it: zmq.SyncSocket, tmp_path: Path) -> None:
    bind(it, f"ipc://{tmp_path}/run/events", "events")
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "run" / "events").stat().st_mode) == 0o600


def test_the_socket_of_a_service_that_died_is_taken_over(it: zmq.SyncSocket, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "events"))
        dead.listen()
    bind(it, f"ipc://{tmp_path}/events", "events")


def test_a_file_is_not_taken_for_a_socket(it: zmq.SyncSocket, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ConfigInvalid, match=r"events: .*thesis.txt is a file, not a socket; choose another path"):
        bind(it, f"ipc://{tmp_path}/thesis.txt", "events")
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_a_folder_that_cannot_be_made(it: zmq.SyncSocket, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigInvalid, match=r"events: cannot use .*file/run/events"):
        bind(it, f"ipc://{tmp_path}/file/run/events", "events")


def test_connecting_to_everywhere(it: zmq.SyncSocket) -> None:
    with pytest.raises(ConfigInvalid, match=r"events: cannot connect to tcp://\*:7762"):
        connect(it, "tcp://*:7762", "events")


@pytest.mark.parametrize("kind", ["tcp", "ipc"])
@pytest.mark.parametrize("option", ["events", "replay"])
def test_an_address_in_use_on_lane_2(kind: str, option: str, tmp_path: Path) -> None:
    options = link_options(kind, tmp_path / "run")
    with closing(Announcer(options, MemoryStore(), Metrics())):
        address = getattr(options, option)
        other = msgspec.structs.replace(link_options(kind, tmp_path / "other"), **{option: address})
        with pytest.raises(ConfigInvalid, match=rf"^{option}: {address} is in use already; .*another `{option}`$"):
            Announcer(other, MemoryStore(), Metrics())
    with closing(Announcer(other, MemoryStore(), Metrics())):
        pass  # the failure held nothing


def test_a_port_of_some_other_program(it: zmq.SyncSocket) -> None:
    address = free_tcp()
    with socket.socket() as other:
        other.bind(("127.0.0.1", int(address.rpartition(":")[2])))
        other.listen()
        with pytest.raises(ConfigInvalid, match="in use already; stop the process"):
            bind(it, address, "events")
