"""A few steps of training on four people in plain clothes: enough that an image system tells them apart."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from reid_core.data.batches import ImageBatch
from reid_core.data.transforms import resize_labels, scale_points, to_inputs
from reid_core.models.image_inputs import PictureShape
from reid_core.pose.heatmaps import BODY_COUNT, joint_heatmaps, to_body_maps
from tests.fakes.crop_parser import CropParser
from tests.fakes.crop_pose import CropPose
from tests.fakes.tracklets import Colour, tracklet, walker

CLOTHES: tuple[tuple[Colour, Colour], ...] = (
    ((190, 40, 40), (40, 40, 46)),
    ((40, 60, 170), (50, 140, 70)),
    ((40, 40, 46), (40, 60, 170)),
    ((50, 140, 70), (40, 40, 46)),
)


def people(shape: PictureShape, joints: int, each: int = 4) -> ImageBatch:
    """Four persons, so many pictures of each, with all that a system may ask for."""
    crops = [
        shot.crop for number, (top, legs) in enumerate(CLOTHES) for shot in walker(top, legs, number, shots=each).shots
    ]
    labels = [found for found in CropParser(CropParser.Options()).parse(crops) if found is not None]
    poses = [pose for pose in CropPose(CropPose.Options()).estimate(tracklet(crops)) if pose is not None]
    size = (shape.height, shape.width)
    points = np.stack([scale_points(pose.image, crops[0].shape[:2], size) for pose in poses])
    maps = joint_heatmaps(points, np.stack([pose.visibility for pose in poses]), *size)
    persons = torch.arange(len(CLOTHES)).repeat_interleave(each)
    return ImageBatch(
        pictures=torch.from_numpy(to_inputs(crops, *size)),
        persons=persons,
        clothes=2 * persons + torch.arange(len(persons)) % 2,  # two outfits, which look alike
        cameras=torch.zeros_like(persons),
        samples=torch.arange(len(persons)),
        parsing=torch.from_numpy(np.stack([resize_labels(each, *size) for each in labels]).astype(np.int64)),
        heatmaps=torch.from_numpy(to_body_maps(maps) if joints == BODY_COUNT else maps),
    )


def fit(system: nn.Module, steps: int = 8, rate: float = 2e-3) -> None:
    """All its stages; afterwards it is in evaluation mode."""
    for module in system.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.momentum = 0.5  # in so few steps, the statistics must hurry
    trained: Any = system
    batch = people(trained.picture, trained.heatmap_joints)
    for stage in trained.stages:
        trained.begin_stage(stage)
        system.train()
        optimizer = torch.optim.Adam([each for each in system.parameters() if each.requires_grad], rate)
        for _ in range(steps):
            losses: Mapping[str, Tensor] = trained.losses(batch)
            optimizer.zero_grad()
            losses["total"].backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    system.eval()
