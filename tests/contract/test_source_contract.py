"""What every Source keeps, whatever stands behind it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pytest

from reid_core.protocols import Source
from reid_core.records import CameraId, Frame
from stream.pipeline.handover import Latest, Lossless
from stream.sources.folder import FolderSource
from stream.sources.video import VideoSource
from tests.fakes.clips import numbered, write_clip, write_pictures
from tests.fakes.rtsp import RtspServer
from tests.fakes.source import FakeSource

DOOR = CameraId("door")
FRAMES = 12


@dataclass(frozen=True)
class Case:
    make: Callable[[], Source]
    frames: int | None  # None: it never ends by itself


def _fake(live: bool = False) -> Source:
    return FakeSource([numbered(number) for number in range(FRAMES)], live=live)


@pytest.fixture(
    params=[
        "fake",
        "video",
        "video in real time",
        "folder",
        "folder in real time",
        "latest",
        "lossless",
        pytest.param("rtsp", marks=pytest.mark.rtsp),
    ]
)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    kind = str(request.param)
    if kind == "rtsp":
        with RtspServer() as server:
            yield Case(lambda: VideoSource(VideoSource.Options(url=server.url), DOOR), None)
        return
    clip = write_clip(tmp_path / "clip.mp4", FRAMES, fps=50)
    folder = write_pictures(tmp_path / "pictures", FRAMES)
    makes: dict[str, Callable[[], Source]] = {
        "fake": _fake,
        "video": lambda: VideoSource(VideoSource.Options(url=str(clip)), DOOR),
        "video in real time": lambda: VideoSource(VideoSource.Options(url=str(clip), realtime=True), DOOR),
        "folder": lambda: FolderSource(FolderSource.Options(path=str(folder)), DOOR),
        "folder in real time": lambda: FolderSource(
            FolderSource.Options(path=str(folder), realtime=True, fps=50), DOOR
        ),
        "latest": lambda: Latest(_fake(live=True), size=FRAMES),
        "lossless": lambda: Lossless(_fake()),
    }
    yield Case(makes[kind], FRAMES)


def _some(source: Source) -> list[Frame]:
    with closing(source):
        return list(islice(source.frames(), FRAMES))


def test_frames_are_of_its_camera_and_counted_from_0(case: Case) -> None:
    source = case.make()
    frames = _some(source)
    assert [frame.index for frame in frames] == list(range(FRAMES))
    assert {frame.camera for frame in frames} == {DOOR} == {source.camera}
    assert isinstance(source.live, bool)


def test_pictures_are_rgb_and_cannot_be_changed(case: Case) -> None:
    for frame in _some(case.make()):
        assert frame.image.dtype == np.uint8
        assert frame.image.shape == (120, 160, 3)
        assert frame.image.flags.c_contiguous
        assert not frame.image.flags.writeable


def test_a_picture_stays_what_it_was_while_later_ones_are_read(case: Case) -> None:
    seen = [(frame, frame.image.copy()) for frame in islice(case.make().frames(), FRAMES)]
    assert all(np.array_equal(frame.image, copy) for frame, copy in seen)


def test_times_go_up(case: Case) -> None:
    times = [frame.time for frame in _some(case.make())]
    assert all(earlier < later for earlier, later in pairwise(times))
    assert np.isfinite(times).all()


def test_it_ends_after_its_last_frame(case: Case) -> None:
    assert case.frames is None or len(list(case.make().frames())) == case.frames


def test_each_connection_has_an_epoch_of_its_own(case: Case) -> None:
    source = case.make()
    first, second = _some(source), _some(source)
    assert len({frame.epoch for frame in first}) == len({frame.epoch for frame in second}) == 1
    assert first[0].epoch != second[0].epoch
    assert second[0].index == 0


def test_closed_by_its_reader_it_gives_nothing_more(case: Case) -> None:
    source = case.make()
    frames = source.frames()
    next(frames)
    source.close()
    source.close()
    assert len(list(frames)) <= 1


def test_closed_before_the_first_frame_it_gives_none(case: Case) -> None:
    source = case.make()
    frames = source.frames()
    source.close()
    assert len(list(frames)) == 0


def test_closed_by_another_thread_it_ends_soon(case: Case) -> None:
    source = case.make()
    frames = source.frames()
    next(frames)
    closer = threading.Timer(0.05, source.close)
    closer.start()
    begin = time.monotonic()
    for _ in frames:
        pass
    closer.join()
    assert time.monotonic() - begin < 5


def test_a_reader_that_stops_early_leaves_no_thread(case: Case) -> None:
    before = threading.active_count()
    frames = case.make().frames()
    next(frames)
    del frames
    assert threading.active_count() == before
