"""Which frames of a tracklet a network looks at: from numbers of frames to indices, in training and in testing.

A clip is T frames, sparse, for appearance; around it lie dense frames, one after another, for shape, gait and
silhouettes. Both are indices into the same tracklet, so both tell the same time.
"""

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]

CHUNK = 64  # frames: training cuts tracklets into pieces of so many


def chunks(count: int, length: int = CHUNK) -> list[range]:
    """Pieces of `length` frames; the last takes the rest, and so is up to twice as long."""
    pieces = max(1, count // length)
    ends = [*((i + 1) * length for i in range(pieces - 1)), count]
    return [range(i * length, end) for i, end in enumerate(ends)]


def training_clip(count: int, frames: int, stride: int, rng: np.random.Generator) -> Indices:
    """(frames,) indices in order: a random stretch of every `stride`-th frame.

    Where the tracklet is too short for it: half the stride; then one random frame of each of `frames` equal segments;
    then frames drawn with replacement.
    """
    for step in (stride, stride // 2):
        span = (frames - 1) * step + 1
        if step > 0 and span <= count:
            begin = int(rng.integers(count - span + 1))
            return begin + step * np.arange(frames, dtype=np.int64)
    if count >= frames:
        edges = np.arange(frames + 1, dtype=np.int64) * count // frames
        return rng.integers(edges[:-1], edges[1:])
    return np.sort(rng.integers(count, size=frames))


def clips_of_test(count: int, frames: int, stride: int) -> Indices:
    """(ceil(count / frames), frames) indices: every frame in one clip, and only the last is filled up.

    Blocks of frames * stride make `stride` interleaved clips each; the remainder does the same with the largest stride
    that it still fills; what is left then repeats itself in a loop.
    """
    clips: list[Indices] = []
    begin = 0
    for step in (stride, (count % (frames * stride)) // frames):
        while step and count - begin >= frames * step:
            clips += [begin + offset + step * np.arange(frames, dtype=np.int64) for offset in range(step)]
            begin += frames * step
    if begin < count:
        clips.append(begin + np.arange(frames, dtype=np.int64) % (count - begin))
    return np.stack(clips) if clips else np.empty((0, frames), dtype=np.int64)


def dense_window(count: int, clip: Indices, length: int) -> Indices:
    """(up to length,) frames one after another around the middle of a clip; all of a tracklet that has no more."""
    if length >= count:
        return np.arange(count, dtype=np.int64)
    middle = (int(clip.min()) + int(clip.max()) + 1) // 2
    begin = min(max(0, middle - length // 2), count - length)
    return begin + np.arange(length, dtype=np.int64)
