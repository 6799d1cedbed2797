"""A real network of a few hundred weights that takes ASGL's clips: no use to anybody but these tests."""

import torch
from torch import Tensor, nn

from reid_core import options
from reid_core.models.asgl_inputs import AsglInputs, ClipShape, CueBatch


class TinyAsgl(nn.Module):
    class Options(options.Options, frozen=True):
        clip: ClipShape = ClipShape(frames=4, height=32, width=16, poses=6)
        width: int = 8  # of each cue

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.clip = options.clip
        self.appearance = nn.Linear(6, options.width)
        self.shape = nn.Linear(42, options.width)
        self.gait = nn.Linear(42, options.width)

    def forward(self, inputs: AsglInputs) -> dict[str, CueBatch]:
        seen = inputs.frame_mask.any(dim=1).float()
        posed = inputs.pose_mask.any(dim=1).float() if self.clip.poses else torch.zeros_like(seen)
        middle = self.clip.height // 2
        above, below = inputs.frames[..., :middle, :], inputs.frames[..., middle:, :]
        halves = torch.cat([above.mean(dim=(3, 4)), below.mean(dim=(3, 4))], dim=2)  # (B, T, 6)
        joints = inputs.joints.flatten(2)
        mean = masked_mean(joints, inputs.pose_mask)
        spread = masked_mean((joints - mean[:, None]).abs(), inputs.pose_mask)
        cues = {
            "appearance": CueBatch(self.appearance(masked_mean(halves, inputs.frame_mask)), seen),
            "shape": CueBatch(self.shape(mean), posed),
            "gait": CueBatch(self.gait(spread), 0.5 * posed),
        }
        fused = torch.cat([cue.vectors * cue.reliability[:, None] for cue in cues.values()], dim=1)
        return {"fused": CueBatch(fused, seen), **cues}


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """(B, T, D) -> (B, D) over the times that the mask leaves."""
    weights = mask[..., None].float()
    return (values * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)
