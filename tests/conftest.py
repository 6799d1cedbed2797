"""What every test may ask for, and what is left out where this machine lacks a component."""

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import redis_server
from tests.needs import need
from tests.redis_server import RedisServer

# The same examples in every run, and no verdict on how fast this machine is today
settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """The address of an empty redis-server of this test's own."""
    need("redis-server is not installed: apt-get install redis-server", redis_server.COMMAND is not None)
    folder = tmp_path / "redis"
    folder.mkdir()
    server = RedisServer(folder)
    yield server.url
    server.stop()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "redis_url" in getattr(item, "fixturenames", ()):
            item.add_marker("redis")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("redis"):
        need("redis-server is not installed: apt-get install redis-server", redis_server.COMMAND is not None)
    if item.get_closest_marker("browser"):
        found = any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
        need("chromium is not installed: apt-get install chromium", found)
    if item.get_closest_marker("rtsp"):
        packages = "gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-{base,good,bad,ugly}"
        need(f"no GStreamer RTSP server under /usr/bin/python3: apt-get install {packages}", _has_rtsp_server())
    # CI has neither of these two, so they are skipped there as well
    if item.get_closest_marker("gpu") and not _has_cuda():
        pytest.skip("no CUDA device that torch can use")
    if item.get_closest_marker("realdata") and not Path(os.environ.get("RESTRIDE_DATA", "/nonexistent")).is_dir():
        pytest.skip("RESTRIDE_DATA does not name a folder of real data")


@cache
def _has_rtsp_server() -> bool:
    lines = (
        "import sys, gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import Gst, GstRtspServer; "
        "Gst.init(None); sys.exit(not all(map(Gst.ElementFactory.find, ('x264enc', 'rtph264pay'))))"
    )
    try:
        return subprocess.run(["/usr/bin/python3", "-c", lines], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@cache
def _has_cuda() -> bool:
    # torch takes seconds to import: ask it only where a driver makes an answer likely
    if not Path("/proc/driver/nvidia").exists() or importlib.util.find_spec("torch") is None:
        return False
    import torch

    return torch.cuda.is_available()
