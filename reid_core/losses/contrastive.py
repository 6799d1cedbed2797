"""L_i2t and L_t2i of SCI, eqs. 10 and 11: pictures and texts find each other; several may belong together."""

from torch import Tensor

from reid_core.losses.cosines import cosines


def multi_positive(asking: Tensor, answering: Tensor, classes: Tensor, scale: Tensor | float) -> Tensor:
    """asking, answering (B, D), both of `classes` (B,): the mean over all of one's class of -log softmax.

    Cosines times `scale` are the logits. Swap the two for the other direction.
    """
    likely = (scale * cosines(asking, answering)).log_softmax(dim=1)
    positive = (classes[:, None] == classes[None]).to(likely.dtype)
    return -((likely * positive).sum(dim=1) / positive.sum(dim=1)).mean()
