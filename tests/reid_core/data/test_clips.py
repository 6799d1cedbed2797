"""Which frames a network looks at, for tracklets of every length."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reid_core.data.clips import chunks, clips_of_test, dense_window, training_clip

COUNTS = st.integers(1, 400)
FRAMES = st.integers(1, 16)
STRIDES = st.integers(1, 8)


@given(COUNTS, st.integers(1, 80))
def test_chunks_cover_every_frame_once(count: int, length: int) -> None:
    pieces = chunks(count, length)
    assert [frame for piece in pieces for frame in piece] == list(range(count))
    assert {len(piece) for piece in pieces[:-1]} <= {length}
    assert len(pieces[-1]) < 2 * length


def test_the_last_chunk_takes_the_rest() -> None:
    assert [len(piece) for piece in chunks(200)] == [64, 64, 72]
    assert [len(piece) for piece in chunks(63)] == [63]


@given(COUNTS, FRAMES, STRIDES, st.integers(0, 99))
def test_a_training_clip_is_in_order_and_of_the_tracklet(count: int, frames: int, stride: int, seed: int) -> None:
    clip = training_clip(count, frames, stride, np.random.default_rng(seed))
    assert clip.shape == (frames,)
    assert clip.dtype == np.int64
    assert clip.min() >= 0
    assert clip.max() < count
    steps = np.diff(clip)
    assert (steps >= 0).all()
    if count >= frames:
        assert (steps > 0).all()  # no frame twice where there are enough
    if count >= (frames - 1) * stride + 1:
        assert (steps == stride).all()
    elif stride >= 2 and count >= (frames - 1) * (stride // 2) + 1:
        assert (steps == stride // 2).all()
    assert np.array_equal(clip, training_clip(count, frames, stride, np.random.default_rng(seed)))


def test_every_stretch_of_a_tracklet_is_drawn() -> None:
    begins = {int(training_clip(32, 8, 4, np.random.default_rng(seed))[0]) for seed in range(60)}
    assert begins == {0, 1, 2, 3}


def test_a_tracklet_too_short_for_any_stride_gives_one_frame_of_each_segment() -> None:
    for seed in range(20):
        clip = training_clip(12, 8, 4, np.random.default_rng(seed))
        edges = np.arange(9) * 12 // 8
        assert ((edges[:-1] <= clip) & (clip < edges[1:])).all()


@given(COUNTS, FRAMES, STRIDES)
def test_clips_of_a_test_show_every_frame_and_only_the_last_repeats(count: int, frames: int, stride: int) -> None:
    clips = clips_of_test(count, frames, stride)
    assert clips.shape == (-(-count // frames), frames)
    whole = clips[: count // frames].ravel()
    assert len(set(whole.tolist())) == len(whole)
    assert set(clips.ravel().tolist()) == set(range(count))
    assert all((np.diff(clip) > 0).all() for clip in clips[: count // frames])


def test_a_test_goes_by_blocks_of_the_stride_then_smaller_then_in_a_loop() -> None:
    clips = clips_of_test(16 + 5 + 3, 4, 4).tolist()
    assert clips[:4] == [[offset, offset + 4, offset + 8, offset + 12] for offset in range(4)]
    assert clips[4:] == [[16, 18, 20, 22], [17, 19, 21, 23]]  # 8 are left: stride 2
    assert clips_of_test(3, 8, 4).tolist() == [[0, 1, 2, 0, 1, 2, 0, 1]]
    assert clips_of_test(0, 8, 4).shape == (0, 8)


@given(COUNTS, FRAMES, STRIDES, st.integers(1, 64), st.integers(0, 9))
def test_dense_frames_lie_around_the_clip_one_after_another(
    count: int, frames: int, stride: int, length: int, seed: int
) -> None:
    clip = training_clip(count, frames, stride, np.random.default_rng(seed))
    window = dense_window(count, clip, length)
    assert len(window) == min(count, length)
    assert (np.diff(window) == 1).all()
    assert window[0] >= 0
    assert window[-1] < count
    if len(window) > int(clip.max() - clip.min()):
        assert set(clip.tolist()) <= set(window.tolist())


@pytest.mark.parametrize(("first", "begin"), [(0, 0), (50, 32), (92, 68)])
def test_a_dense_window_is_centred_but_stays_inside(first: int, begin: int) -> None:
    clip = first + np.arange(8)
    assert dense_window(100, clip, 32)[0] == min(max(begin, first + 4 - 16, 0), 68)
