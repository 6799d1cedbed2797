"""Training in stages: most systems have a single one, in which everything trains that is not frozen by design."""

from typing import Final

from reid_core.errors import ConfigInvalid

ONE_STAGE: Final = ("train",)


def begin_only_stage(name: str) -> None:
    """What `begin_stage` does in a system of one stage: nothing is frozen or set free."""
    if name not in ONE_STAGE:
        raise ConfigInvalid(f"stage {name!r}: this model is trained in one stage, {ONE_STAGE[0]!r}")
