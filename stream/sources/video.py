"""The source `video`: a file, an RTSP or HTTP address, or a webcam, read with PyAV."""

import logging
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from secrets import token_hex
from threading import Event
from typing import Annotated

from av.container import InputContainer
from av.error import FFmpegError
from msgspec import Meta

from reid_core import options
from reid_core.errors import ConfigInvalid, SourceInvalid, SourceUnavailable
from reid_core.records import CameraId, Epoch, Frame
from stream.sources.address import is_live, is_remote, shown
from stream.sources.clock import ArrivalClock, MediaClock
from stream.sources.decoding import Decoder
from stream.sources.opening import Transport, open_camera, open_file, video_of
from stream.sources.pace import Pacer, Thinner
from stream.sources.reasons import CameraAway, Reason, reason_of, without_address

log = logging.getLogger("restride.source")

LIVE_THREADS = 2  # each thread more holds every picture back by one
Positive = Annotated[float, Meta(gt=0)]


class VideoSource:
    """A recording comes to its end; the stream of a camera ends by CameraAway, unless it was closed."""

    class Options(options.Options, frozen=True):
        url: Annotated[str, Meta(min_length=1)]  # a file, rtsp://..., http://..., /dev/video0 or webcam:0
        realtime: bool = False  # play a recording at its own speed, as if it were a camera
        transport: Transport = "tcp"  # of RTSP; udp loses packets where the network does
        fps: Positive | None = None  # take no more pictures a second than this
        start_time: float | None = None  # when a recording began, seconds since 1970; else, when it is opened
        open_seconds: Positive = 5.0  # to wait for a camera's answer, and again for its first packets
        read_seconds: Positive = 5.0  # to wait for each next packet
        width: Annotated[int, Meta(ge=16)] | None = None  # make wider pictures this many pixels wide

    def __init__(self, options: Options, camera: CameraId) -> None:
        self._is_camera = is_live(options.url)
        self._is_away = self._is_camera or is_remote(options.url)  # what fails now may work later
        if self._is_camera and (options.realtime or options.start_time is not None):
            raise ConfigInvalid(
                f"camera {camera}: {shown(options.url)}: realtime and start_time are for recordings; leave them out"
            )
        self.camera = camera
        self.live = self._is_camera or options.realtime
        self._options = options
        self._stop = Event()

    def frames(self) -> Iterator[Frame]:
        self.close()
        self._stop = stop = Event()
        return self._until(stop)

    def close(self) -> None:
        """A read that waits for a silent camera waits on, for its read_seconds at most."""
        self._stop.set()

    def _until(self, stop: Event) -> Iterator[Frame]:
        try:
            yield from self._connection(stop)
        except SourceUnavailable:
            if not stop.is_set():  # of what was closed, nobody wants to hear
                raise

    def _connection(self, stop: Event) -> Iterator[Frame]:
        epoch, count, seconds, cut = Epoch(token_hex(4)), 0, 0.0, False
        with self._open() as container:
            stream = video_of(container, self.camera, self._options.url)
            threads = LIVE_THREADS if self._is_camera else 0
            decoder = Decoder(container, stream, threads=threads, width=self._options.width)
            media = MediaClock(stream.time_base or Fraction(1, 90000), decoder.step_seconds)
            thinner = Thinner(self._options.fps, decoder.step_seconds) if self._options.fps else None
            pacer = Pacer(stop) if self._options.realtime else None
            captured = self._capture_clock()
            try:
                for picture in decoder.pictures(stop, self._options.read_seconds if self._is_away else None):
                    seconds = media.seconds(picture.pts)
                    if thinner and not thinner.keeps(seconds):
                        continue
                    if pacer and not pacer.wait(seconds):
                        return
                    if (image := decoder.image(picture)) is not None:
                        if not count and self._is_camera:
                            log.info("camera %s: live, %dx%d", self.camera, image.shape[1], image.shape[0])
                        yield Frame(self.camera, epoch, count, captured(seconds), image)
                        count += 1
            except TimeoutError as error:
                raise self._away(Reason.TIMED_OUT, f"none for {self._options.read_seconds:g} s", count) from error
            except FFmpegError as error:
                if self._is_away:
                    reason = reason_of(error, self._options.url, waited_out=False)
                    raise self._away(reason, "while reading", count) from without_address(error)
                cut = True
            if not stop.is_set():
                self._end(decoder, count, cut=cut or decoder.fell_short(seconds))

    def _open(self) -> InputContainer:
        each = self._options
        if self._is_away:
            return open_camera(self.camera, each.url, each.transport, each.open_seconds, each.read_seconds)
        return open_file(self.camera, each.url)

    def _capture_clock(self) -> Callable[[float], float]:
        """Seconds since the first picture to the time of capture."""
        if not self._is_camera:
            begin = time.time() if self._options.start_time is None else self._options.start_time
            return lambda seconds: begin + seconds
        # the steady clock, tied to the wall's once: setting the wall clock must not bend time within an epoch
        clock, steady_begin = ArrivalClock(), time.time() - time.monotonic()
        return lambda seconds: clock.time(seconds, steady_begin + time.monotonic())

    def _end(self, decoder: Decoder, count: int, *, cut: bool) -> None:
        """Nothing more comes: right for a recording, a fault in a camera."""
        if self._is_camera:
            raise self._away(Reason.ENDED if count else Reason.NO_VIDEO, f"{decoder.broken} broken packets", count)
        if not count and self._is_away:
            raise self._away(Reason.CODEC, f"{decoder.broken} broken packets", count)
        where = f"camera {self.camera}: {shown(self._options.url)}"
        if not count:
            raise SourceInvalid(
                f"{where}: not one picture can be decoded, of {decoder.packets} packets; copy or record it again"
            )
        if cut:
            log.warning("%s: the recording is cut off; read its first %d frames", where, count)
        if decoder.broken:
            log.warning("%s: left out %d broken packets; read %d frames", where, decoder.broken, count)

    def _away(self, reason: Reason, detail: str, count: int) -> CameraAway:
        return CameraAway(self.camera, self._options.url, reason, f"{detail}, after {count} frames")
