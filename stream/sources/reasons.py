"""Why a camera gives no picture: PyAV's errors in our words, each with its reason and what to do."""

import errno
import socket
from enum import Enum
from urllib.parse import urlsplit

from av import error as av_errors

from reid_core.errors import SourceUnavailable
from reid_core.records import CameraId
from stream.sources.address import is_remote, shown

_TLS = frozenset({"https", "rtsps", "rtmps"})
_UNREACHABLE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN})


class Reason(Enum):
    NO_HOST = "no_host"
    NO_ROUTE = "no_route"
    NO_DEVICE = "no_device"
    REFUSED = "refused"
    TIMED_OUT = "timed_out"
    DENIED = "denied"
    NOT_FOUND = "not_found"
    TLS = "tls"
    NO_VIDEO = "no_video"
    CODEC = "codec"
    ENDED = "ended"
    BROKEN = "broken"


_WORDS = {
    Reason.NO_HOST: "no host of that name; correct the address, or see to the name server",
    Reason.NO_ROUTE: "no way leads from this machine to that host; correct the address, or see to network and cable",
    Reason.NO_DEVICE: "no such device; plug the camera in, or give another number",
    Reason.REFUSED: "the connection was refused; is the camera on, and the port right?",
    Reason.TIMED_OUT: "no answer in time; is the camera on, and may this machine reach it?",
    Reason.DENIED: "not allowed (401 or 403, or no right to the device); correct user and password",
    Reason.NOT_FOUND: "the server has nothing under that path (404); correct the path",
    Reason.TLS: "no secure connection (TLS) came about; correct the scheme, the port, or the server's certificate",
    Reason.NO_VIDEO: "it answers, and has no video; correct the path, or switch the video on in the camera",
    Reason.CODEC: "its video cannot be decoded; set the camera to H.264, H.265 or MJPEG",
    Reason.ENDED: "the stream ended; the camera closed the connection",
    Reason.BROKEN: "the connection broke, or what comes is no video stream",
}


class CameraAway(SourceUnavailable):
    """No picture from a camera for now, and the reason."""

    def __init__(self, camera: CameraId, url: str, reason: Reason, detail: str = "") -> None:
        super().__init__(f"camera {camera}: {shown(url)}: {_WORDS[reason]}{f' ({detail})' if detail else ''}")
        self.reason = reason


def reason_of(error: av_errors.FFmpegError, url: str, waited_out: bool) -> Reason:
    """`waited_out`: the time was up, which PyAV tells by whatever error the interruption happens to cause."""
    match error:
        case av_errors.HTTPUnauthorizedError() | av_errors.HTTPForbiddenError() | av_errors.PermissionError():
            return Reason.DENIED
        case av_errors.HTTPNotFoundError():
            return Reason.NOT_FOUND
        case av_errors.ConnectionRefusedError():
            return Reason.REFUSED
        case av_errors.FileNotFoundError() if not is_remote(url):
            return Reason.NO_DEVICE
        case av_errors.ExitError() | av_errors.TimeoutError():
            return Reason.TIMED_OUT
    if error.errno in _UNREACHABLE:
        return Reason.NO_ROUTE
    if waited_out:
        return Reason.TIMED_OUT
    if is_remote(url) and not _has_host(url):
        return Reason.NO_HOST
    return Reason.TLS if urlsplit(url).scheme in _TLS and isinstance(error, OSError) else Reason.BROKEN


def without_address(error: av_errors.FFmpegError) -> av_errors.FFmpegError:
    """PyAV keeps the address, and with it the password, where a traceback would show it."""
    error.args = error.args[:2]
    return error


def _has_host(url: str) -> bool:
    """FFmpeg does not tell a wrong name from any other fault."""
    try:
        socket.getaddrinfo(urlsplit(url).hostname, None)
    except (OSError, ValueError):  # ValueError: a name that cannot even be asked for
        return False
    return True
