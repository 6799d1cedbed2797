"""The shape encoder of CAMC and MPCF: joint heatmaps -> pose features F_s, tokens on the grid of the appearance map."""

from torch import Tensor, nn

from reid_core.models.attention import EncoderLayer

STRIDE = 4  # S: heatmaps have a quarter of the picture's size, the appearance map a sixteenth


class ShapeEncoder(nn.Module):
    """(B, joints, h, w) -> (B, h/4 * w/4, width D)."""

    def __init__(self, joints: int, width: int, heads: int, patch: int) -> None:
        """patch: P. With P = S, as in both papers' token counts, the patches of eq. 1 touch and do not overlap; with
        P > S they do, and the border is padded so that the grid still is the appearance map's."""
        super().__init__()
        self.embed = nn.Sequential(
            nn.Conv2d(joints, width, patch, stride=STRIDE, padding=(patch - STRIDE) // 2), nn.ReLU(inplace=True)
        )
        self.relate = EncoderLayer(width, heads, 2 * width, plain=True)

    def forward(self, heatmaps: Tensor) -> Tensor:
        out: Tensor = self.relate(self.embed(heatmaps).flatten(2).transpose(1, 2))
        return out
