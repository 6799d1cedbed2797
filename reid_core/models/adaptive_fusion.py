"""AFM: cues projected to one space, weighed against one another by a convolution over them, and put side by side."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from reid_core.models.present import MaskedBatchNorm


class AdaptiveFusion(nn.Module):
    """f = BN([w_1 e_1, ..., w_n e_n]), e_i = LeakyReLU(Linear(f_i)), w = softmax(GAP(conv1d([e_1, ..., e_n]))).

    The paper says what is projected, stacked, convolved and weighed; widths, kernel 1, softmax and BN are our choice.
    A missing cue has weight zero and a block of zeros; with `by_reliability` the block of each cue also counts as much
    as the cue is reliable, so that one which fades away does so without a jump.
    """

    def __init__(self, cues: Mapping[str, int], width: int, *, by_reliability: bool) -> None:
        """cues: name -> width of its vector."""
        super().__init__()
        self.by_reliability = by_reliability
        self.names: Sequence[str] = tuple(cues)
        self.projections = nn.ModuleList(nn.Linear(each, width) for each in cues.values())
        self.mix = nn.Conv1d(len(cues), len(cues), 1)
        self.norms = nn.ModuleList(MaskedBatchNorm(width) for _ in cues)  # of each block: the BN of their row
        self.width = width * len(cues)

    def weights(self, stacked: Tensor, present: Tensor) -> Tensor:
        """w_a, w_s, w_g: stacked (B, cues, width), present (B, cues) -> (B, cues); those present sum to one."""
        mixed: Tensor = self.mix(stacked)
        scores = mixed.mean(dim=2).masked_fill(~present, torch.finfo(mixed.dtype).min)
        return scores.softmax(dim=1).masked_fill(~present, 0)

    def forward(
        self, vectors: Mapping[str, Tensor], present: Mapping[str, Tensor], reliability: Mapping[str, Tensor]
    ) -> Tensor:
        """Of each cue (B, its width), (B,) bool and (B,) 0 to 1 -> f (B, width)."""
        there = torch.stack([present[name] for name in self.names], dim=1)
        projected = [
            functional.leaky_relu(project(vectors[name])).masked_fill(~present[name][:, None], 0)
            for name, project in zip(self.names, self.projections, strict=True)
        ]
        stacked = torch.stack(projected, dim=1)
        weighed = stacked * self.weights(stacked, there)[..., None]
        blocks = [norm(weighed[:, i], there[:, i]) for i, norm in enumerate(self.norms)]
        if self.by_reliability:
            # detached: a reliability says what is, and must not be bent to what the loss would like
            blocks = [
                block * reliability[name].detach()[:, None] for name, block in zip(self.names, blocks, strict=True)
            ]
        return torch.cat(blocks, dim=1)
