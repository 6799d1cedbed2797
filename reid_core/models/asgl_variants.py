"""ASGL as named: each row of the paper's ablations, the paper's own setting, and ours for small machines."""

from collections.abc import Mapping
from typing import Any, Final

from reid_core.models.asgl import Asgl
from reid_core.options import convert_options

# what differs from the defaults
VARIANTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "full": {},
    # table 3
    "appearance": {"cues": ["appearance"], "clip": {"poses": 0}},
    "shape_gait": {"cues": ["shape", "gait"], "clip": {"frames": 1}},
    "appearance_shape": {"cues": ["appearance", "shape"]},
    "appearance_gait": {"cues": ["appearance", "gait"]},
    # table 4
    "gcn": {"shape_graph": "gcn", "gait_graph": "st_gcn"},
    # table 5; from the joints in metres, without their depth
    "pose_2d": {"pose": "2d"},
    # as close to the text as it lets us; no masks by visibility, no refinement over time, no loss of single cues
    "paper": {
        "clip": {"frames": 8, "poses": 8},
        "normalisation": "paper",
        "least_visibility": 0.0,
        "temporal_refinement": 0,
        "smoothing": 0.0,
        "cue_weight": 0.0,
        "fuse_by_reliability": False,
    },
    "four_cues": {"cues": ["appearance", "shape", "gait", "silhouette"], "clip": {"silhouettes": 32}},
    "clothes_erased": {"erasure": "always"},
    # for CPU and edge
    "lite": {
        "backbone": "mobile",
        "temporal_refinement": 64,
        "refinement": [64, 128, 256],
        "shape_widths": [128, 128],
        "gait_widths": [64, 128],
        "fusion_width": 256,
    },
}


def variant(name: str, persons: int) -> Asgl.Options:
    return convert_options({"persons": persons, **VARIANTS[name]}, Asgl.Options, where=f"networks asgl, {name}")
