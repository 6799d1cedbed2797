"""The colour branch: alike in the same clothes, whatever the camera; not a word of torch."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from plugins.branches.colour import ColourBranch
from reid_core import registry
from reid_core.errors import ConfigInvalid
from reid_core.options import PluginUse, convert_options
from reid_core.records import Image, Tracklet, Vector
from tests.fakes.tracklets import person, tracklet

RED, BLUE, YELLOW, DARK = (180, 40, 40), (40, 60, 160), (200, 170, 50), (40, 40, 46)


def seen(branch: ColourBranch, each: Tracklet) -> Vector:
    [answer] = branch.embed([each])
    assert answer is not None
    return answer.fused


def look(crop: Image, branch: ColourBranch | None = None) -> Vector:
    return seen(branch or ColourBranch(ColourBranch.Options()), tracklet([crop]))


def other_camera(crop: Image, gains: tuple[float, float, float]) -> Image:
    return np.asarray(np.clip(crop * np.array(gains), 0, 255), dtype=np.uint8)


def test_similarity_is_the_bhattacharyya_coefficient() -> None:
    a, b = look(person(RED, DARK)), look(person(BLUE, DARK))
    assert (a >= 0).all()  # roots of histograms: squares sum to one
    assert 0 < a @ b < a @ look(person(RED, DARK, seed=1)) <= 1 + 1e-6


@pytest.mark.parametrize("gains", [(0.6, 0.6, 0.6), (1.25, 1.0, 0.8), (0.7, 0.8, 0.95)])
def test_another_exposure_and_white_balance_leave_a_person_alike(gains: tuple[float, float, float]) -> None:
    for top, legs, other in ((RED, DARK, BLUE), (BLUE, DARK, YELLOW), (YELLOW, BLUE, RED)):
        here, there = person(top, legs), other_camera(person(top, legs, seed=1), gains)
        same = look(here) @ look(there)
        assert same > 0.9
        assert same > look(here) @ look(other_camera(person(other, legs, seed=2), gains)) + 0.05


def test_without_balance_it_sees_the_colours_as_they_come() -> None:
    plain = ColourBranch(ColourBranch.Options(balance=False))
    here, there = person(RED, DARK), other_camera(person(RED, DARK, seed=1), (0.6, 0.6, 0.6))
    assert look(here, plain) @ look(there, plain) < look(here) @ look(there) - 0.05


def test_where_a_colour_is_worn_matters() -> None:
    up_and_down = look(person(RED, BLUE)) @ look(person(BLUE, RED))
    one_stripe = ColourBranch(ColourBranch.Options(stripes=1))
    mixed = look(person(RED, BLUE), one_stripe) @ look(person(BLUE, RED), one_stripe)
    assert up_and_down < mixed - 0.1


def test_the_wall_behind_matters_less_than_the_clothes() -> None:
    here = person(RED, DARK, wall=(150, 150, 145))
    there = person(RED, DARK, wall=(110, 120, 130), seed=1)
    assert look(here) @ look(there) > 0.85
    assert look(here) @ look(there) > look(here) @ look(person(BLUE, DARK, wall=(150, 150, 145), seed=2))


def test_size_of_the_crop_does_not_matter() -> None:
    assert look(person(RED, DARK, height=300)) @ look(person(RED, DARK, height=40)) > 0.93


def test_better_shots_count_more() -> None:
    red, blue = person(RED, DARK), person(BLUE, DARK)
    both = tracklet([red, blue])
    first, second = both.shots
    mixed = replace(both, shots=(replace(first, quality=0.9), replace(second, quality=0.1)))
    branch = ColourBranch(ColourBranch.Options())
    assert seen(branch, mixed) @ look(red) > seen(branch, mixed) @ look(blue)


def test_only_so_many_shots_are_looked_at() -> None:
    crops = [person(BLUE, DARK, seed=i) for i in range(8)] + [person(RED, DARK, seed=9)]
    each = tracklet(crops)  # quality rises with time: the last is the best
    branch = ColourBranch(ColourBranch.Options(shots=1))
    [answer] = branch.embed([each])
    assert answer is not None
    assert answer.shots == 1
    assert answer.fused @ look(crops[-1]) == pytest.approx(1)


def test_it_is_small() -> None:
    assert look(person(RED, DARK)).shape == (228,)


def test_is_found_by_name_and_refuses_what_it_does_not_know() -> None:
    assert isinstance(registry.build("branches", PluginUse(use="colour")), ColourBranch)
    with pytest.raises(ConfigInvalid, match=r"stripes: .*16, found 40"):
        convert_options({"stripes": 40}, ColourBranch.Options, "branch")


def test_neither_image_branch_loads_torch() -> None:
    code = "import sys, plugins.branches.colour, plugins.branches.onnx_image; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
