"""How long one training step of each system takes, and how much memory, as its file under configs/ has it.

`python -m benchmarks.training [--persons 2 --each 2 --steps 3 --device cpu] [SYSTEM ...]`
Inputs are random: reading pictures is not in the figures. On a CPU a step of the papers' 32 samples takes minutes, so
the batch is smaller there; the seconds per sample tell the rest. Each system runs in a process of its own, and the
peak is that process's (on a GPU, torch's own), weights and optimiser included. The first step
is not counted; of the others the median is.
"""

import json
import resource
import statistics
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import torch

from benchmarks.reporting import Report, arguments
from reid_core import registry
from reid_core.data.batches import ClipBatch, ImageBatch
from reid_core.models.asgl_inputs import AsglInputs, ClipShape
from reid_core.models.build import build_model
from reid_core.models.image_inputs import PictureShape
from reid_core.models.operations import count_parameters
from reid_core.options import read_options
from reid_core.pose.heatmaps import SHRINK
from reid_core.pose.skeleton import JOINT_COUNT
from reid_core.training.loop import Batch, System, optimizer_of, shared, updates
from reid_core.training.options import TrainOptions
from reid_core.training.world import World, device_of

CONFIGS = Path("configs")
SYSTEMS = {
    "asgl": "asgl_ccvid",
    "asgl lite": "asgl_lite_ccvid",
    "camc": "camc_ltcc",
    "mpcf": "mpcf_ltcc",
    "sci": "sci_ltcc",
    "mbnet": "mbnet_ltcc",
    "cre_bsga": "cre_bsga_vc_clothes",
}
PERSONS, CLOTHES = 77, 256  # classes: LTCC's


def main() -> None:
    parser = arguments("training", __doc__)
    parser.add_argument("systems", nargs="*", choices=[*SYSTEMS, []], help="all of them, if none is named")
    parser.add_argument("--persons", type=int, default=2, help="a step (%(default)s)")
    parser.add_argument("--each", type=int, default=2, help="samples of each person (%(default)s)")
    parser.add_argument("--steps", type=int, default=3, help="that are timed (%(default)s)")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--only", help="a JSON of one measurement; for the processes that this one starts")
    given = parser.parse_args()
    if given.only:
        print(json.dumps(measured(**json.loads(given.only))))
        return
    report = Report(
        "training",
        *("system", "stage", "samples", "input", "learned M", "s a step", "s a sample", "peak GiB"),
        libraries=("numpy", "torch"),
    )
    device = device_of(given.device)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "the CPU"
    report.note(f"{torch.get_num_threads()} threads, on {name}")
    for system in given.systems or SYSTEMS:
        for stage in range(len(read_options(_config(system), TrainOptions).stages)):
            wanted = {"system": system, "stage": stage, "persons": given.persons, "each": given.each}
            wanted |= {"steps": given.steps, "device": given.device}
            run = subprocess.run(
                [sys.executable, "-m", "benchmarks.training", "--only", json.dumps(wanted)],
                stdout=subprocess.PIPE,
                check=True,
                text=True,
            )
            report.row(*json.loads(run.stdout))
    report.finish(given.json)


def measured(system: str, stage: int, persons: int, each: int, steps: int, device: str) -> list[Any]:
    """One row."""
    options = read_options(_config(system), TrainOptions)
    work, world, use = options.stages[stage], World(device_of(device)), options.system
    accepted = registry.find("networks", use.use).Options.__struct_fields__
    classes = {"persons": PERSONS, **({"clothes": CLOTHES} if "clothes" in accepted else {})}
    net = build_model(use.use, {**classes, **use.options}).to(world.device)
    for earlier in options.stages[: stage + 1]:
        cast(System, net).begin_stage(earlier.name)
    optimizer = optimizer_of(work, net.train())
    batch, shape = _batch(net, persons, each)
    clock = []
    made = updates(
        shared(net, world),
        optimizer,
        work,
        [batch] * (steps + 1),
        epoch=0,
        begin=0,
        steps=steps + 1,
        world=world,
        chances=(0,),
        amp=options.amp and world.device.type == "cuda",
    )
    for _ in made:
        if world.device.type == "cuda":
            torch.cuda.synchronize()
        clock.append(time.perf_counter())
    seconds = statistics.median(after - before for before, after in pairwise(clock))
    samples = persons * each
    learned = count_parameters(net) / 1e6
    return [system, work.name, samples, shape, learned, seconds, seconds / samples, _peak(world.device)]


def _batch(net: torch.nn.Module, persons: int, each: int) -> tuple[Batch, str]:
    """Everything that the system asks for, of random numbers."""
    size, who = persons * each, torch.arange(persons).repeat_interleave(each)
    clothes = 2 * who + torch.arange(size) % 2
    nowhere, places = torch.full((size,), -1), torch.arange(size)
    clip, parsing = getattr(net, "clip", None), bool(getattr(net, "wants_parsing", False))
    if isinstance(clip, ClipShape):
        inputs = AsglInputs(
            torch.randn(size, clip.frames, 3, clip.height, clip.width),
            torch.ones(size, clip.frames, dtype=torch.bool),
            torch.randn(size, clip.poses, JOINT_COUNT, 3),
            torch.ones(size, clip.poses, JOINT_COUNT),
            torch.ones(size, clip.poses, dtype=torch.bool),
        )
        return ClipBatch(inputs, who, clothes, nowhere, places), f"{clip.frames}x{clip.height}x{clip.width}"
    picture = net.picture
    assert isinstance(picture, PictureShape)
    height, width = picture.height, picture.width
    joints = int(getattr(net, "heatmap_joints", 0))
    return ImageBatch(
        torch.randn(size, 3, height, width),
        who,
        clothes,
        nowhere,
        places,
        parsing=torch.randint(0, 18, (size, height, width)) if parsing else None,
        parsing_mask=torch.ones(size, dtype=torch.bool) if parsing else None,
        heatmaps=torch.rand(size, joints, height // SHRINK, width // SHRINK) if joints else None,
        heatmap_mask=torch.ones(size, dtype=torch.bool) if joints else None,
    ), f"{height}x{width}"


def _peak(device: torch.device) -> float:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**30
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def _config(system: str) -> Path:
    return CONFIGS / f"{SYSTEMS[system]}.yaml"


if __name__ == "__main__":
    main()
