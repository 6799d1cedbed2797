"""Pictures and clips as batches: the same from any number of workers, after any kill, and past damaged files."""

import logging
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from reid_core.data.annotations import Annotations
from reid_core.data.augment import AugmentOptions
from reid_core.data.batches import ClipBatch, ImageBatch
from reid_core.data.clip_source import ClipSource, ClipWants, clips_to_test, training_clips
from reid_core.data.image_source import ImageSource, ImageWants
from reid_core.data.loader import Loader, in_order
from reid_core.data.read import LAYOUTS, read
from reid_core.data.sampler import SamplerOptions, identity_sampler
from reid_core.data.samples import DataSet, labels_of_test, training_classes
from reid_core.errors import DataSetInvalid
from reid_core.models.asgl_inputs import AsglInputs, ClipShape
from reid_core.records import Pose
from tests.fakes.data_sets import fake

IMAGES = ImageWants(height=32, width=16)
CLIPS = ClipWants(
    ClipShape(frames=4, height=32, width=16, poses=8, silhouettes=8, silhouette_height=16, silhouette_width=11),
    stride=2,
)
AUGMENT = AugmentOptions(erase=0.5, brightness=0.1)
SAMPLER = SamplerOptions(persons=2, each=2)

Floats = NDArray[np.float32]


def same(left: ImageBatch | ClipBatch, right: ImageBatch | ClipBatch) -> bool:
    return all(map(torch.equal, tensors(left), tensors(right)))


def tensors(batch: ImageBatch | ClipBatch | AsglInputs) -> list[Tensor]:
    found: list[Tensor] = []
    for field in fields(batch):
        value = getattr(batch, field.name)
        if isinstance(value, Tensor):
            found.append(value)
        elif isinstance(value, AsglInputs):
            found += tensors(value)
    return found


def image_source(data: DataSet) -> ImageSource:
    return ImageSource(data.train, training_classes(data.train), IMAGES, augment=AUGMENT, seed=5)


def clip_source(data: DataSet) -> ClipSource:
    return ClipSource(training_clips(data.train), training_classes(data.train), CLIPS, augment=AUGMENT, seed=5)


@pytest.fixture
def ltcc(tmp_path: Path) -> DataSet:
    return read("ltcc", fake("ltcc", tmp_path))


@pytest.fixture
def ccvid(tmp_path: Path) -> DataSet:
    return read("ccvid", fake("ccvid", tmp_path))


@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_every_miniature_becomes_batches(name: str, tmp_path: Path) -> None:
    data = read(name, fake(name, tmp_path))
    test = (*data.query, *data.gallery)
    numbering = labels_of_test(test)
    batches: list[ImageBatch | ClipBatch]
    if data.kind == "image":
        batches = list(Loader(ImageSource(test, numbering, IMAGES), in_order(len(test), 5)))
    else:
        clips = clips_to_test(test, CLIPS)
        assert len(clips) == 3 * len(test)  # 10 frames, 4 a clip
        batches = list(Loader(ClipSource(clips, numbering, CLIPS), in_order(len(clips), 5)))
    seen = torch.cat([batch.samples for batch in batches]).tolist()
    assert sorted(set(seen)) == list(range(len(test)))
    assert torch.cat([batch.persons for batch in batches]).tolist() == [test[i].person for i in seen]
    assert torch.cat([batch.cameras for batch in batches]).tolist() == [test[i].camera for i in seen]
    assert torch.cat([batch.clothes for batch in batches]).tolist() == [numbering.outfit(test[i]) for i in seen]


def test_training_is_the_same_with_workers_and_after_a_kill(ltcc: DataSet, ccvid: DataSet) -> None:
    images, clips = image_source(ltcc), clip_source(ccvid)
    image_sampler = identity_sampler(ltcc.train, SAMPLER, 3)
    clip_sampler = identity_sampler(clips.clips.samples, SAMPLER, 3)
    whole = list(Loader(images, image_sampler.epoch(1)))
    assert len(whole) > 3
    worked = list(Loader(images, image_sampler.epoch(1, begin=2), workers=2))
    assert len(worked) == len(whole) - 2
    assert all(map(same, worked, whole[2:]))
    whole_clips = list(Loader(clips, clip_sampler.epoch(1)))
    resumed = list(Loader(clip_source(ccvid), clip_sampler.epoch(1, begin=1)))
    assert all(map(same, resumed, whole_clips[1:]))
    assert not same(next(iter(Loader(images, image_sampler.epoch(2)))), whole[0])


def test_loading_takes_no_number_out_of_the_chances_of_training(ltcc: DataSet) -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    list(Loader(image_source(ltcc), identity_sampler(ltcc.train, SAMPLER, 0).epoch(0)))
    assert torch.equal(torch.rand(3), expected)


def heatmaps(points: Floats, visibility: Floats) -> Floats:
    maps = np.zeros((14, 8, 4), dtype=np.float32)
    for (x, y), map_, seen in zip(points, maps, visibility, strict=True):
        if 0 <= x < 16 and 0 <= y < 32:
            map_[int(y / 4), int(x / 4)] = seen
    return maps


def pose_at(x: float, y: float) -> Pose:
    return Pose(
        np.full((14, 3), x, dtype=np.float32),
        np.full((14, 2), (x, y), dtype=np.float32),
        np.ones(14, dtype=np.float32),
    )


def test_annotations_go_with_their_pictures_and_what_is_missing_is_masked(ltcc: DataSet, tmp_path: Path) -> None:
    notes = Annotations(ltcc.root, tmp_path / "cache")
    first = ltcc.train[0].paths[0]
    labels = np.zeros((48, 24), dtype=np.uint8)
    labels[:, 12:] = 14  # a left arm, on the right of the picture
    notes.write_parsing(first, labels)
    notes.write_pose(first, pose_at(21, 3))
    wants = replace(IMAGES, parsing=True, heatmaps=heatmaps)
    mirror = AugmentOptions(flip=1, pad=0)
    for augment in (None, mirror):
        source = ImageSource(ltcc.train, training_classes(ltcc.train), wants, notes, augment)
        batch = source.batch(in_order(2, 2)[0])
        assert batch is not None
        assert batch.parsing is not None
        assert batch.parsing_mask is not None
        assert batch.heatmaps is not None
        assert batch.heatmap_mask is not None
        assert batch.parsing_mask.tolist() == batch.heatmap_mask.tolist() == [True, False]
        assert batch.parsing.dtype == torch.int64
        assert batch.parsing.shape == (2, 32, 16)
        side, arm = (slice(0, 8), 15) if augment else (slice(8, 16), 14)
        assert set(batch.parsing[0][:, side].flatten().tolist()) == {arm}
        assert batch.heatmaps.shape == (2, 14, 8, 4)
        assert batch.heatmaps[0].nonzero()[:, 1:].tolist() == [[0, 0 if augment else 3]] * 14
        assert not batch.heatmaps[1].any()


def test_a_clip_is_mirrored_with_all_that_goes_with_it(ccvid: DataSet, tmp_path: Path) -> None:
    notes = Annotations(ccvid.root, tmp_path / "cache")
    mask = np.zeros((48, 24), dtype=np.uint8)
    mask[:, 12:] = 255
    for i, path in enumerate(ccvid.train[0].paths):
        if i != 6:
            notes.write_silhouette(path, mask)
            notes.write_pose(path, pose_at(1, 1))
    notes.write_parsing(ccvid.train[0].paths[0], mask // 255)
    numbering = training_classes(ccvid.train)
    clips = clips_to_test(ccvid.train[:2], CLIPS)
    wants = replace(CLIPS, parsing=True)
    plain = ClipSource(clips, numbering, wants, notes).batch(in_order(4, 4)[0])
    mirrored = ClipSource(clips, numbering, wants, notes, AugmentOptions(flip=1, pad=0)).batch(in_order(4, 4)[0])
    assert plain is not None
    assert mirrored is not None
    assert plain.samples.tolist() == [0, 0, 0, 1]
    assert torch.equal(plain.inputs.frames.flip(-1), mirrored.inputs.frames)
    assert torch.equal(plain.inputs.joints[..., 0], -mirrored.inputs.joints[..., 0])
    assert plain.silhouettes is not None
    assert plain.silhouette_mask is not None
    assert mirrored.silhouettes is not None
    assert torch.equal(plain.silhouettes.flip(-1), mirrored.silhouettes)
    # eight dense frames around each clip of ten; the seventh of all has neither mask nor pose
    assert plain.silhouette_mask[0].tolist() == plain.inputs.pose_mask[0].tolist() == [True] * 6 + [False, True]
    assert not plain.silhouette_mask[3].any()
    assert not plain.inputs.pose_mask[3].any()
    assert plain.parsing is not None
    assert plain.parsing_mask is not None
    assert plain.parsing_mask.nonzero().tolist() == [[0, 0]]
    assert plain.parsing[0, 0].float().mean() == 0.5


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:400])


@pytest.mark.parametrize("workers", [0, 1])
def test_a_damaged_picture_is_refused_in_one_line(workers: int, ltcc: DataSet) -> None:
    cut(ltcc.train[3].paths[0])
    with pytest.raises(DataSetInvalid) as refused:
        list(Loader(image_source(ltcc), in_order(8, 4), workers=workers))
    expected = f"{ltcc.train[3].paths[0]}: 400 bytes that are no whole picture"
    assert str(refused.value).startswith(expected)
    assert "\n" not in str(refused.value)


def test_a_damaged_picture_is_replaced_in_training_and_left_out_of_a_test(
    ltcc: DataSet, caplog: pytest.LogCaptureFixture
) -> None:
    cut(ltcc.train[3].paths[0])
    with caplog.at_level(logging.WARNING):
        trained = list(Loader(replace(image_source(ltcc), damaged="replace"), in_order(8, 4)))
        tested = list(Loader(replace(image_source(ltcc), damaged="leave_out"), in_order(8, 4)))
    assert [batch.samples.tolist() for batch in trained] == [[0, 1, 2, 4], [4, 5, 6, 7]]
    assert [batch.samples.tolist() for batch in tested] == [[0, 1, 2], [4, 5, 6, 7]]
    assert caplog.text.count(ltcc.train[3].paths[0].name) == 2


def test_a_person_of_whom_nothing_can_be_read_is_named(ltcc: DataSet) -> None:
    for sample in ltcc.train:
        if sample.person == 2:
            cut(sample.paths[0])
    place = next(i for i, sample in enumerate(ltcc.train) if sample.person == 2)
    with pytest.raises(DataSetInvalid, match="person 2: not one picture can be decoded"):
        replace(image_source(ltcc), damaged="replace").batch([in_order(place + 1, 1)[place][0]])
    left_out = replace(image_source(ltcc), damaged="leave_out").batch([in_order(place + 1, 1)[place][0]])
    assert left_out is None


def test_a_clip_keeps_the_frames_that_can_be_read(ccvid: DataSet, caplog: pytest.LogCaptureFixture) -> None:
    cut(ccvid.train[0].paths[2])
    clips = clips_to_test(ccvid.train[:1], CLIPS)
    source = ClipSource(clips, training_classes(ccvid.train), CLIPS)
    with pytest.raises(DataSetInvalid, match=r"00003\.jpg: 400 bytes"):
        source.batch(in_order(3, 3)[0])
    batch = replace(source, damaged="leave_out").batch(in_order(3, 3)[0])
    assert batch is not None
    assert batch.inputs.frame_mask.sum(dim=1).tolist() == [3, 4, 4]
    assert "00003.jpg" in caplog.text
    for path in ccvid.train[0].paths:
        cut(path)
    assert replace(source, damaged="leave_out").batch(in_order(3, 3)[0]) is None


def test_batches_move_to_a_device(ccvid: DataSet) -> None:
    batch = clip_source(ccvid).batch(in_order(2, 2)[0])
    assert batch is not None
    moved = batch.to(torch.device("meta"))
    assert all(tensor.is_meta for tensor in tensors(moved))
    assert moved.parsing is None
