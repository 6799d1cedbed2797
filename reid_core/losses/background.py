"""Background constraint of MBNet, after the abstract: attention may not look beside the person."""

from torch import Tensor
from torch.nn import functional


def background_loss(places: Tensor, body: Tensor, found: Tensor) -> Tensor:
    """places (B, 1, h, w) attention 0 to 1, body (B, 1, H, W) 1 on the person, found (B,) bool -> scalar.

    The mean square of the attention outside the silhouette, over the pictures of which one is known.
    """
    small = functional.interpolate(body, size=places.shape[2:], mode="area")
    outside = (1 - small) * found.to(places.dtype)[:, None, None, None]
    return (outside * places**2).sum() / outside.sum().clamp(min=1.0)
