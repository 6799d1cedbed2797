"""The two normalisations of joints, by hand, and what hidden joints do to them."""

import torch
from torch import Tensor

from reid_core.pose.normalise import USUAL_TORSO_METRES, channels, normalise, torso_length
from reid_core.pose.skeleton import JOINT_COUNT, joint

SIZE = (256, 128)


def figure(frames: int = 3, torso: float = 0.6) -> tuple[Tensor, Tensor, Tensor]:
    joints = torch.randn(1, frames, JOINT_COUNT, 3, generator=torch.Generator().manual_seed(1))
    joints[:, :, joint("left_hip")] = torch.tensor([0.1, 0.0, 0.0])
    joints[:, :, joint("right_hip")] = torch.tensor([-0.1, 0.0, 0.0])
    joints[:, :, joint("neck")] = torch.tensor([0.0, -torso, 0.0])
    visibility = torch.full((1, frames, JOINT_COUNT), 0.75)
    return joints, visibility, torch.ones_like(visibility, dtype=torch.bool)


def test_the_papers_own() -> None:
    joints, visibility, seen = figure()
    found = normalise(joints, visibility, seen, "paper", SIZE)
    assert found.shape[-1] == channels("paper", 3) == 3
    assert torch.allclose(found, joints / torch.tensor([256.0, 128.0, 256.0 * 128]))
    flat = normalise(joints, visibility, seen, "paper", SIZE, dimensions=2)
    assert torch.equal(flat, found[..., :2])


def test_metric_is_in_torsos_and_says_what_is_visible() -> None:
    joints, visibility, seen = figure()
    found = normalise(joints, visibility, seen, "metric", SIZE)
    assert found.shape[-1] == channels("metric", 3) == 4
    assert torch.allclose(found[..., :3], joints / 0.6)
    assert (found[..., 3] == 0.75).all()
    larger = normalise(3 * joints, visibility, seen, "metric", SIZE)
    assert torch.allclose(larger, found)
    assert channels("metric", 2) == normalise(joints, visibility, seen, "metric", SIZE, 2).shape[-1] == 3


def test_the_torso_is_the_median_of_the_frames_that_show_it() -> None:
    joints, _, seen = figure(frames=4)
    for frame, length in enumerate((0.5, 0.6, 9.0, 0.7)):
        joints[0, frame, joint("neck"), 1] = -length
    seen[0, 2, joint("left_hip")] = False
    assert torch.allclose(torso_length(joints, seen), torch.tensor([0.6]))
    seen[0, :, joint("neck")] = False
    assert torso_length(joints, seen).tolist() == [USUAL_TORSO_METRES]


def test_hidden_joints_are_zero_and_touch_no_other() -> None:
    joints, visibility, seen = figure()
    seen[0, 1, joint("neck")] = seen[0, :, joint("head")] = False
    wild = joints.masked_fill(~seen[..., None], torch.nan)
    for kind in ("paper", "metric"):
        found = normalise(joints, visibility, seen, kind, SIZE)
        assert not found[~seen].any()
        assert torch.equal(found, normalise(wild, visibility.masked_fill(~seen, torch.nan), seen, kind, SIZE))
