"""What ASGL can be told: the paper's numbers where it gives any, our choices elsewhere."""

from typing import Annotated, Literal

from msgspec import Meta

from reid_core.errors import ConfigInvalid
from reid_core.losses.triplet import Distance
from reid_core.models.appearance import BackboneName, Erasure
from reid_core.models.asgl_inputs import ClipShape
from reid_core.options import Options
from reid_core.pose.normalise import Normalisation

CueName = Literal["appearance", "shape", "gait", "silhouette"]
Width = Annotated[int, Meta(ge=1, le=8192)]
Share = Annotated[float, Meta(ge=0, le=1)]
NotNegative = Annotated[float, Meta(ge=0)]


class AsglOptions(Options, frozen=True):
    persons: Annotated[int, Meta(ge=1)]  # whom it is trained to tell apart
    clip: ClipShape = ClipShape()
    cues: Annotated[tuple[CueName, ...], Meta(min_length=1)] = ("appearance", "shape", "gait")

    # appearance
    backbone: BackboneName = "resnet50"
    last_stride: Literal[1, 2] = 1
    erasure: Erasure = (
        "never"  # of clothes in frames that a parser read; train: in every second clip, in training alone
    )

    # joints
    pose: Literal["3d", "2d"] = "3d"
    normalisation: Normalisation = "metric"
    least_visibility: Share = 0.1  # a joint less visible than this is missing
    temporal_refinement: Annotated[int, Meta(ge=0)] = 128  # its width; 0: none, as in the paper
    refinement: Annotated[tuple[Width, ...], Meta(min_length=1)] = (128, 512, 2048)  # d is the last

    # shape and gait
    shape_graph: Literal["gat", "gcn"] = "gat"
    gait_graph: Literal["st_gat", "st_gcn"] = "st_gat"
    shape_widths: Annotated[tuple[Width, ...], Meta(min_length=1)] = (512, 512)  # L = 2
    gait_widths: Annotated[tuple[Width, ...], Meta(min_length=1)] = (128, 256)  # B = 2
    heads: Annotated[int, Meta(ge=1, le=64)] = 4  # S
    most_steps: Annotated[int, Meta(ge=0, le=16)] = 3  # D
    gait_content: bool = True  # attention also by what joints look like; False: by W_s alone

    # silhouette
    silhouette_channels: tuple[Width, Width, Width] = (32, 64, 128)
    silhouette_parts: Annotated[int, Meta(ge=1, le=16)] = 8  # horizontal strips
    silhouette_part_width: Width = 64

    # fusion
    fusion_width: Width = 512  # of each cue in it
    fuse_by_reliability: bool = True

    # losses
    identity_weight: NotNegative = 0.7  # lambda_1
    triplet_weight: NotNegative = 0.3  # lambda_2
    margin: NotNegative = 0.3
    distance: Distance = "cosine"
    smoothing: Share = 0.1  # of the labels
    cue_weight: NotNegative = 0.3  # the same loss on each cue by itself, which must speak alone too; paper: 0
    reliability_weight: NotNegative = 0.1

    def check(self) -> None:
        """What types cannot say. Raises ConfigInvalid."""
        if len(set(self.cues)) < len(self.cues):
            raise ConfigInvalid(f"networks asgl: cues: one is given twice: {', '.join(self.cues)}")
        if {"shape", "gait"} & set(self.cues) and not self.clip.poses:
            raise ConfigInvalid("networks asgl: clip.poses: 0, but shape and gait need poses; give 16 to 64")
        if "silhouette" in self.cues and not self.clip.silhouettes:
            raise ConfigInvalid("networks asgl: clip.silhouettes: 0, but the cue silhouette needs some; give 16 to 64")
