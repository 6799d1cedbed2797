"""Opens a video with PyAV, or says in one line what was found instead and what to do."""

import time
from pathlib import Path
from typing import Literal, cast

import av
from av.container import InputContainer
from av.error import DemuxerNotFoundError, FFmpegError, InvalidDataError, ProtocolNotFoundError
from av.stream import Disposition
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from reid_core.errors import SourceInvalid
from reid_core.records import CameraId
from stream.sources.address import is_remote, path_of, shown, webcam_of
from stream.sources.reasons import CameraAway, Reason, reason_of, without_address

Transport = Literal["tcp", "udp"]

# half a second of looking is enough to start: what is not known by then, the first key frame tells
_RTSP = {"allowed_media_types": "video", "analyzeduration": "500000", "fpsprobesize": "0"}


def open_file(camera: CameraId, url: str) -> InputContainer:
    path = path_of(url)
    what = f"camera {camera}: {path}"
    if not path.exists():
        where = "" if path.is_absolute() else f" in {Path.cwd()}"
        raise SourceInvalid(f"{what}: no such file{where}; correct the path")
    if path.is_dir():
        raise SourceInvalid(f"{what}: expected a video file, found a folder; for pictures, `use: folder`")
    if path.is_file() and path.stat().st_size == 0:
        raise SourceInvalid(f"{what}: expected a video, found 0 bytes; copy or record it again")
    try:
        # the protocol, so that no name of a file is taken for another one; and no playlist leads to the network
        container = av.open(f"file:{path}", options={"protocol_whitelist": "file"})
    except FFmpegError as error:
        raise SourceInvalid(f"{what}: {_why_not(path, error)}") from error
    if container.format.name == "tty":  # FFmpeg would draw any text as pictures of letters
        container.close()
        raise SourceInvalid(f"{what}: expected a video, found text; give a video file")
    return container


def open_camera(
    camera: CameraId, url: str, transport: Transport, open_seconds: float, read_seconds: float
) -> InputContainer:
    """Over the network, or a webcam. Waits up to open_seconds for an answer, and again for the first packets."""
    device = webcam_of(url)
    if device and "video4linux2,v4l2" not in av.formats_available:
        raise SourceInvalid(f"camera {camera}: {url}: webcams are read on Linux only; use an address or a file")
    begin = time.monotonic()
    try:
        return av.open(
            device or url,
            format="v4l2" if device else None,
            options={"rtsp_transport": transport, **_RTSP} if url.startswith(("rtsp://", "rtsps://")) else {},
            timeout=(open_seconds, read_seconds),
        )
    except (ProtocolNotFoundError, DemuxerNotFoundError) as error:
        scheme = url.partition(":")[0]
        raise SourceInvalid(
            f"camera {camera}: {shown(url)}: cannot read {scheme!r}; use rtsp, http or a file"
        ) from without_address(error)
    except FFmpegError as error:
        waited = time.monotonic() - begin
        reason = reason_of(error, url, waited_out=waited >= 0.9 * open_seconds)
        detail = f"waited {waited:.1f} s" if reason is Reason.TIMED_OUT else ""
        raise CameraAway(camera, url, reason, detail) from without_address(error)


def video_of(container: InputContainer, camera: CameraId, url: str) -> VideoStream:
    """The first moving picture; the cover of a piece of music is none."""
    for stream in container.streams.video:
        if stream.disposition & Disposition.attached_pic:
            continue
        if cast("VideoCodecContext | None", stream.codec_context) is None:
            if is_remote(url):
                raise CameraAway(camera, url, Reason.CODEC, stream.name or "unknown codec")
            raise SourceInvalid(
                f"camera {camera}: {shown(url)}: its video ({stream.name or 'unknown codec'}) cannot be decoded; "
                "convert it to H.264"
            )
        return stream
    if is_remote(url) or webcam_of(url):
        raise CameraAway(camera, url, Reason.NO_VIDEO)
    found = ", ".join(sorted({f"{stream.type} ({stream.name})" for stream in container.streams})) or "nothing"
    raise SourceInvalid(f"camera {camera}: {shown(url)}: expected video, found only {found}; give a video file")


def _why_not(path: Path, error: FFmpegError) -> str:
    if not isinstance(error, InvalidDataError):
        return f"cannot be read: {error.strerror}; see to the file and its rights"
    with path.open("rb") as file:
        begin = file.read(16)
    if begin[4:8] == b"ftyp":
        return "an MP4 without its index, as a recording that was cut off; repair it, or record to MKV"
    return f"expected a video, found {path.stat().st_size} bytes that begin with {begin!r}; give a video file"
