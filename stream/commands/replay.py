"""`restride replay`: recorded clips instead of cameras, losing nothing. Without a configuration nothing is kept."""

import re
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from msgspec.structs import replace

from reid_core.errors import ConfigInvalid
from reid_core.options import PluginUse
from stream.commands.progress import Bars, frames_in
from stream.commands.run import run_site
from stream.commands.summary import Summary
from stream.settings import CameraSettings, Settings, read_settings
from stream.sources.address import source_for


def replay(clips: list[Path], config: Path | None, start_time: float | None) -> int:
    begin = time.time() if start_time is None else start_time
    settings = Settings() if config is None else read_settings(config)
    cameras = [CameraSettings(name=camera_name(clip), source=_recording(clip, begin)) for clip in clips]
    for camera in cameras:
        if [each.name for each in cameras].count(camera.name) > 1:
            raise ConfigInvalid(
                f"two clips make a camera {camera.name!r}: each is one of its own, so rename one of them"
            )
    with TemporaryDirectory(prefix="restride-") as folder:
        site = replace(settings, cameras=tuple(cameras), state=f"{folder}/state")
        if config is None:
            # sockets of its own, so that a site that runs on this machine is not disturbed
            lanes = {lane: f"ipc://{folder}/{lane}" for lane in ("tracklets", "events", "replay")}
            site = replace(site, link=replace(site.link, **lanes))
            # and people of its own: clips that have nothing to do with each other are not matched
            site = replace(site, store=f"sqlite:///{folder}/identities.db")
        totals = {camera.name: frames_in(clip) for camera, clip in zip(cameras, clips, strict=True)}
        path = Path(folder) / "replay.yaml"
        path.write_bytes(msgspec.yaml.encode(site))
        code = run_site(read_settings(path), path, Summary(delays=False), Bars(totals))
    if config is None:
        print("nothing was kept; --config keeps it", file=sys.stderr)  # noqa: T201
    return code


def camera_name(clip: Path) -> str:
    """The name of the file, as far as a camera may have it: `my clip.mp4` is my-clip."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", clip.absolute().stem).strip("_.-")[:64] or "clip"


def _recording(clip: Path, begin: float) -> PluginUse:
    if not clip.exists():
        raise ConfigInvalid(f"{clip}: no such file or folder")
    use = source_for(str(clip))
    return PluginUse(use=use.use, options={**use.options, "start_time": begin, "realtime": False})
