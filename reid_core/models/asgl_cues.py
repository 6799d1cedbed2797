"""Clips -> the vector of each cue, before anything is fused."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from reid_core.models.appearance import AppearanceBranch
from reid_core.models.asgl_inputs import AsglInputs
from reid_core.models.asgl_options import AsglOptions
from reid_core.models.graph import hops
from reid_core.models.present import MaskedBatchNorm
from reid_core.models.refinement import Refinement, TemporalRefinement
from reid_core.models.silhouette_branch import SilhouetteBranch
from reid_core.models.skeleton_branch import GaitBranch, ShapeBranch
from reid_core.pose.normalise import channels, normalise
from reid_core.pose.skeleton import BONES, JOINT_COUNT


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One cue of B clips."""

    vectors: Tensor  # (B, D), after BatchNorm; zeros where not present
    present: Tensor  # (B,) bool
    evidence: Tensor  # (B, 2) 0 to 1: how much of the clip was there, and how clearly


class Cues(nn.Module):
    def __init__(self, options: AsglOptions) -> None:
        super().__init__()
        self.options = options
        self.appearance = (
            AppearanceBranch(options.backbone, options.last_stride, options.erasure)
            if "appearance" in options.cues
            else None
        )
        self.skeleton = Skeleton(options) if {"shape", "gait"} & set(options.cues) else None
        self.silhouette = (
            SilhouetteBranch(options.silhouette_channels, options.silhouette_parts, options.silhouette_part_width)
            if "silhouette" in options.cues
            else None
        )
        found = {} if self.skeleton is None else dict(self.skeleton.widths)
        if self.appearance is not None:
            found["appearance"] = self.appearance.width
        if self.silhouette is not None:
            found["silhouette"] = self.silhouette.width
        self.widths: Mapping[str, int] = {name: found[name] for name in options.cues}
        # the paper has none after f_s and f_g; without it the cues come to fusion in very different sizes
        self.norms = nn.ModuleDict({name: MaskedBatchNorm(width) for name, width in self.widths.items()})

    def forward(self, inputs: AsglInputs) -> dict[str, Seen]:
        """By name, in the order of the options."""
        raw: dict[str, tuple[Tensor, Tensor, Tensor]] = {}  # vectors, how much, how clearly
        if self.appearance is not None:
            vectors: Tensor = self.appearance(inputs.frames, inputs.frame_mask, inputs.parsing, inputs.parsing_mask)
            share = inputs.frame_mask.float().mean(dim=1)
            raw["appearance"] = (vectors, share, (share > 0).float())
        if self.skeleton is not None:
            seen = self._joints_seen(inputs)
            clear = inputs.visibility.masked_fill(~seen, 0).sum(dim=(1, 2)) / seen.sum(dim=(1, 2)).clamp(min=1)
            for name, each in self.skeleton(inputs, seen).items():
                raw[name] = (each, seen.float().mean(dim=(1, 2)), clear.clamp(0, 1))
        if self.silhouette is not None:
            masks, found = self._silhouettes(inputs)
            area = (masks.mean(dim=(2, 3)) * found).sum(dim=1) / found.sum(dim=1).clamp(min=1)
            raw["silhouette"] = (self.silhouette(masks, found), found.float().mean(dim=1), area.clamp(0, 1))
        return {name: self._seen(name, *raw[name]) for name in self.widths}

    def _seen(self, name: str, vectors: Tensor, share: Tensor, clear: Tensor) -> Seen:
        present = share > 0
        return Seen(self.norms[name](vectors, present), present, torch.stack([share, clear], dim=1))

    def _joints_seen(self, inputs: AsglInputs) -> Tensor:
        """(B, S, 14)."""
        visible = (inputs.visibility >= self.options.least_visibility) & (inputs.visibility > 0)
        return visible & inputs.pose_mask[..., None]

    def _silhouettes(self, inputs: AsglInputs) -> tuple[Tensor, Tensor]:
        if inputs.silhouettes is not None and inputs.silhouette_mask is not None:
            found = inputs.silhouette_mask
            return inputs.silhouettes.masked_fill(~found[..., None, None], 0), found
        clip, size = self.options.clip, len(inputs.frames)
        masks = inputs.frames.new_zeros(size, clip.silhouettes, clip.silhouette_height, clip.silhouette_width)
        return masks, torch.zeros(masks.shape[:2], dtype=torch.bool, device=masks.device)


class Skeleton(nn.Module):
    """Shape and gait share the refinement."""

    def __init__(self, options: AsglOptions) -> None:
        super().__init__()
        self.options = options
        self.dimensions = 2 if options.pose == "2d" else 3
        numbers = channels(options.normalisation, self.dimensions)
        self.smoothing = (
            TemporalRefinement(JOINT_COUNT, numbers, self.dimensions, options.temporal_refinement)
            if options.temporal_refinement
            else None
        )
        self.refinement = Refinement(numbers, options.refinement)
        width, distance = options.refinement[-1], hops(JOINT_COUNT, BONES)
        self.branches = nn.ModuleDict()
        self.widths: dict[str, int] = {}
        if "shape" in options.cues:
            shape = ShapeBranch(
                width, options.shape_widths, options.heads, distance, attention=options.shape_graph == "gat"
            )
            self.branches["shape"], self.widths["shape"] = shape, shape.width
        if "gait" in options.cues:
            gait = GaitBranch(
                width,
                options.gait_widths,
                options.heads,
                distance,
                most_steps=options.most_steps,
                attention=options.gait_graph == "st_gat",
                content=options.gait_content,
            )
            self.branches["gait"], self.widths["gait"] = gait, gait.width

    def forward(self, inputs: AsglInputs, seen: Tensor) -> dict[str, Tensor]:
        """By name (B, width)."""
        size = (self.options.clip.height, self.options.clip.width)
        joints = normalise(inputs.joints, inputs.visibility, seen, self.options.normalisation, size, self.dimensions)
        if self.smoothing is not None:
            joints = self.smoothing(joints, seen)
        nodes: Tensor = self.refinement(joints, seen)
        return {name: branch(nodes, seen) for name, branch in self.branches.items()}
