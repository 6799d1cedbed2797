"""Packets to pictures: what is broken is left out and counted, and a read that takes too long is an error."""

import time
from collections.abc import Iterator
from threading import Event

import numpy as np
from av import Packet
from av.container import InputContainer
from av.error import FFmpegError, InvalidDataError
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from reid_core.records import Image

MOST_FAULTS = 100  # of a file in a row, before its rest is given up
USUAL_STEP_SECONDS = 0.04  # where a stream does not tell its rate


class Decoder:
    """The pictures of one connection, in the order in which they were captured."""

    def __init__(self, container: InputContainer, stream: VideoStream, *, threads: int, width: int | None) -> None:
        self._container = container
        self._stream = stream
        self._width = width
        self._reformatter = VideoReformatter()
        stream.codec_context.thread_type = "FRAME"
        stream.codec_context.thread_count = threads
        self.packets = 0
        self.broken = 0

    @property
    def step_seconds(self) -> float:
        """From picture to picture, on average, as the stream promises."""
        rate = float(self._stream.average_rate or self._stream.guessed_rate or 0)
        return 1.0 / rate if 0.01 <= rate <= 1000.0 else USUAL_STEP_SECONDS

    def pictures(self, stop: Event, read_seconds: float | None) -> Iterator[VideoFrame]:
        """Until the end, or until stopped. Raises PyAV's errors, and TimeoutError after read_seconds of nothing."""
        for packet in self._packets(read_seconds):
            if stop.is_set():
                return
            self.packets += packet.size > 0
            if packet.is_corrupt:
                self.broken += 1
                continue
            try:
                pictures = packet.decode()
            except FFmpegError:
                self.broken += 1
                continue
            for picture in pictures:
                if stop.is_set():
                    return
                if picture.is_corrupt:
                    self.broken += 1
                else:
                    yield picture

    def image(self, picture: VideoFrame) -> Image | None:
        """RGB, upright, and no wider than wanted; None where it cannot be made."""
        turns = round(picture.rotation / 90) % 4
        shown_width = picture.height if turns % 2 else picture.width
        scale = min(1.0, (self._width or shown_width) / shown_width)
        try:
            rgb = self._reformatter.reformat(
                picture,
                width=max(1, round(picture.width * scale)),
                height=max(1, round(picture.height * scale)),
                format="rgb24",
                interpolation="AREA" if scale < 1 else None,
                threads=1,
            )
        except FFmpegError:
            self.broken += 1
            return None
        image = rgb.to_ndarray().astype(np.uint8, copy=False)
        return np.ascontiguousarray(np.rot90(image, turns) if turns else image)

    def fell_short(self, end_seconds: float) -> bool:
        """Whether a recording ended well before what its header promises."""
        if self._stream.frames:
            return self.packets < 0.95 * self._stream.frames
        if self._container.duration is None or len(self._container.streams) > 1:
            return False  # a sound track may well be longer
        return end_seconds + self.step_seconds < 0.95 * self._container.duration * 1e-6

    def _packets(self, read_seconds: float | None) -> "Iterator[Packet[VideoStream]]":
        faults = 0
        while True:
            begin = time.monotonic()
            try:
                for packet in self._container.demux(self._stream):
                    # a read that was interrupted may still give the rest of what came before it
                    if read_seconds is not None and time.monotonic() - begin >= read_seconds:
                        raise TimeoutError
                    yield packet
                    faults = 0
                    begin = time.monotonic()
                return
            except InvalidDataError:
                faults += 1
                self.broken += 1
                if read_seconds is not None or faults > MOST_FAULTS:
                    raise
