"""The site's configuration file, typed: what every command of restride reads."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from reid_core.errors import ConfigInvalid
from reid_core.options import Options, PluginUse, read_options
from stream.identity.decide import Rules
from stream.link.addresses import LinkOptions
from stream.pipeline.cutter import CutterOptions

Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]


class CameraSettings(Options, frozen=True):
    name: Name  # as events and rules call it; letters, digits and _.-
    source: str | PluginUse  # an address, a file, a folder of pictures; or a source plugin


class Settings(Options, frozen=True):
    cameras: tuple[CameraSettings, ...] = ()  # that this configuration watches
    namespace: Name = "site"  # which gallery: identities of one namespace never meet those of another
    detector: PluginUse = PluginUse(use="hog")  # finds people in frames; one for all cameras
    tracker: PluginUse = PluginUse(use="bytetrack")  # follows them from frame to frame; one for each camera
    cutter: CutterOptions = CutterOptions()  # how tracks are cut into tracklets
    branch: PluginUse = PluginUse(use="colour")  # makes of a tracklet what can be compared
    link: LinkOptions = LinkOptions()  # where worker, identity service and subscribers meet
    identity: Rules = Rules()  # who is taken for whom
    store: str = "sqlite:///restride-state/identities.db"  # where people are remembered; or redis://host:6379/0
    state: str = "restride-state"  # folder of what a worker must not forget: its spool


def read_settings(path: Path) -> Settings:
    settings = read_options(path, Settings)
    names = [camera.name for camera in settings.cameras]
    for name in names:
        if names.count(name) > 1:
            raise ConfigInvalid(f"{path}: cameras: two are named {name!r}; give each its own name")
    return settings


def need_cameras(settings: Settings, path: Path) -> None:
    """For the commands that watch something."""
    if not settings.cameras:
        raise ConfigInvalid(f"{path}: cameras: none given; add `cameras: [{{name: door, source: rtsp://...}}]`")
