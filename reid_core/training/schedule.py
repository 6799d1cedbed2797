"""The learning rate as a pure function of where training stands: nothing to keep, nothing to restore."""

import math

from reid_core.training.options import Schedule


def rate_factor(schedule: Schedule, epoch: float, epochs: int) -> float:
    """What the stage's learning rate is multiplied by; `epoch` counts from 0 and goes on within an epoch."""
    if epoch < schedule.warm_up:
        return schedule.warm_up_from + (1 - schedule.warm_up_from) * epoch / schedule.warm_up
    if schedule.kind == "cosine":
        return 0.5 * (1 + math.cos(math.pi * (epoch - schedule.warm_up) / (epochs - schedule.warm_up)))
    return schedule.factor ** sum(epoch >= each for each in schedule.milestones)
