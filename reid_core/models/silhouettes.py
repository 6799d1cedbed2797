"""The silhouette cue alone: a network that looks at outlines and at nothing else."""

from reid_core.models.asgl import Asgl
from reid_core.models.asgl_inputs import ClipShape
from reid_core.models.asgl_options import AsglOptions, CueName


class Silhouettes(Asgl):
    class Options(AsglOptions, frozen=True):
        cues: tuple[CueName, ...] = ("silhouette",)
        clip: ClipShape = ClipShape(frames=1, poses=0, silhouettes=32)
