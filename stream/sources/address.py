"""What an address means: a file, a stream, a webcam, a folder of pictures; and how it may be shown."""

import re
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from reid_core.errors import redacted
from reid_core.options import PluginUse

# what a web server keeps as a file; everything else that it serves is a camera
_RECORDINGS = frozenset({".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".flv", ".wmv"})


def source_for(text: str) -> PluginUse:
    """The short form of a source: a folder that exists is one of pictures, everything else is a video."""
    if Path(text).is_dir():
        return PluginUse(use="folder", options={"path": text})
    return PluginUse(use="video", options={"url": text})


def is_remote(url: str) -> bool:
    return re.match(r"\w[\w+.-]*://", url) is not None and not url.startswith("file://")


def webcam_of(url: str) -> str | None:
    """The device of `webcam:0` or `/dev/video0`; None for what is no webcam."""
    if number := re.fullmatch(r"webcam:(\d+)", url):
        return f"/dev/video{number.group(1)}"
    return url if re.fullmatch(r"/dev/video\d+", url) else None


def is_live(url: str) -> bool:
    """Whether a camera is behind it: webcams, and all that comes over the network except recorded files."""
    if not is_remote(url):
        return webcam_of(url) is not None
    where = urlsplit(url)
    return where.scheme not in {"http", "https"} or PurePosixPath(where.path).suffix.lower() not in _RECORDINGS


def path_of(url: str) -> Path:
    return Path(url.removeprefix("file://"))


def shown(url: str) -> str:
    """For messages and logs: without user and password, and without the query, where cameras take them too."""
    where, question_mark, _ = redacted(url).partition("?")
    return where + "?..." if question_mark and is_remote(url) else redacted(url)
