"""GCN (Kipf and Welling 2017), what the paper's ablation sets in attention's place: every neighbour counts alike."""

from torch import Tensor, nn
from torch.nn import functional


class GraphConvolution(nn.Module):
    """ĵ_i' = σ(mean over the seen j in Q_i of θ ĵ_j); on each frame by itself."""

    def __init__(self, channels: int, width: int, near: Tensor) -> None:
        super().__init__()
        self.theta = nn.Linear(channels, width, bias=False)
        nn.init.xavier_uniform_(self.theta.weight)
        self.near: Tensor
        self.register_buffer("near", near, persistent=False)  # (J, J) bool

    def weights(self, seen: Tensor) -> Tensor:
        """seen (..., J) -> (..., J, J)."""
        allowed = self.near & seen[..., :, None] & seen[..., None, :]
        return allowed / allowed.sum(dim=-1, keepdim=True).clamp(min=1)

    def forward(self, nodes: Tensor, seen: Tensor) -> Tensor:
        """nodes (..., J, channels) -> (..., J, width); zeros where not seen."""
        values: Tensor = self.theta(nodes)
        return functional.elu(self.weights(seen).to(values.dtype) @ values)
