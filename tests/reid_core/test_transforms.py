"""One preprocessing for training and for live."""

import subprocess
import sys

import numpy as np
import pytest

from reid_core.data.transforms import IMAGENET_MEAN, IMAGENET_STD, resize, to_inputs


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height * width).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_each_channel_less_its_mean_by_its_deviation() -> None:
    crop = noise(8, 4)
    inputs = to_inputs([crop], 8, 4)
    assert inputs.shape == (1, 3, 8, 4)
    assert inputs.dtype == np.float32
    for channel in range(3):
        expected = (crop[..., channel] / 255 - IMAGENET_MEAN[channel]) / IMAGENET_STD[channel]
        assert np.abs(inputs[0, channel] - expected).max() < 1e-5


def test_other_order_means_that_the_first_channel_is_blue() -> None:
    crop = noise(8, 4)
    blue_first = to_inputs([crop], 8, 4, order="bgr", mean=(0, 0, 0), std=(1 / 255, 1 / 255, 1 / 255))
    assert np.abs(blue_first[0].transpose(1, 2, 0)[..., ::-1] - crop).max() < 1e-3


def test_crops_of_many_sizes_make_one_array() -> None:
    crops = [noise(8, 4), noise(300, 90), noise(1, 1)]
    inputs = to_inputs(crops, 64, 32)
    assert inputs.shape == (3, 3, 64, 32)
    assert inputs.flags["C_CONTIGUOUS"]
    for crop, one in zip(crops, inputs, strict=True):
        assert np.array_equal(to_inputs([crop], 64, 32)[0], one)


def test_no_crops_make_an_empty_array() -> None:
    assert to_inputs([], 64, 32).shape == (0, 3, 64, 32)


def test_the_whole_crop_is_kept() -> None:
    crop = np.zeros((100, 40, 3), dtype=np.uint8)
    crop[50:] = 200
    small = resize(crop, 10, 6)
    assert small.shape == (10, 6, 3)
    assert (small[:5] == 0).all()
    assert (small[5:] == 200).all()


def test_shrinking_looks_at_every_pixel() -> None:
    """A fine pattern becomes its mean, not whichever pixels a sparse look-up meets."""
    board = (np.indices((256, 128)).sum(axis=0) % 2 * 255).astype(np.uint8)
    small = resize(np.repeat(board[..., None], 3, axis=2), 16, 8).astype(int)
    assert np.abs(small - 127).max() <= 1


def test_a_crop_of_that_size_is_not_touched() -> None:
    crop = noise(64, 32)
    before = crop.copy()
    crop.setflags(write=False)
    assert resize(crop, 64, 32) is crop
    to_inputs([crop], 64, 32)
    assert np.array_equal(crop, before)


@pytest.mark.parametrize("module", ["reid_core.data.transforms", "reid_core.data"])
def test_it_needs_no_torch(module: str) -> None:
    code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
