"""GAT (Velickovic et al. 2017) as ASGL's shape branch uses it: each joint weighs those it shares a bone with."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from reid_core.models.graph import masked_softmax


class GraphAttention(nn.Module):
    """ĵ_i' = σ(Σ_j a_ij θ ĵ_j), j in Q_i; a_ij averaged over the heads, which share θ as equation 2 has one a layer.

    Our choices: h is additive with LeakyReLU(0.2), σ is ELU.
    """

    def __init__(self, channels: int, width: int, heads: int, near: Tensor) -> None:
        super().__init__()
        self.theta = nn.Linear(channels, width, bias=False)
        self.asks = nn.Parameter(torch.empty(heads, width))  # h's half for ĵ_i
        self.answers = nn.Parameter(torch.empty(heads, width))  # h's half for ĵ_j
        self.near: Tensor
        self.register_buffer("near", near, persistent=False)  # (J, J) bool
        for weights in (self.theta.weight, self.asks, self.answers):
            nn.init.xavier_uniform_(weights)

    def weights(self, values: Tensor, seen: Tensor) -> Tensor:
        """W = (a_ij): values θĵ (..., J, D), seen (..., J) -> (..., J, J); rows sum to one, or are zero."""
        asks = values @ self.asks.T  # (..., J, heads)
        answers = values @ self.answers.T
        scores = functional.leaky_relu(asks[..., :, None, :] + answers[..., None, :, :], 0.2)
        allowed = self.near & seen[..., :, None] & seen[..., None, :]
        return masked_softmax(scores, allowed[..., None], dim=-2).mean(dim=-1)

    def forward(self, nodes: Tensor, seen: Tensor) -> Tensor:
        """nodes (..., J, channels) -> (..., J, width); zeros where not seen."""
        values: Tensor = self.theta(nodes)
        return functional.elu(self.weights(values, seen) @ values)
