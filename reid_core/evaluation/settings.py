"""The evaluation settings of the benchmarks: who asks, who is asked, and what a query may not be matched with.

A setting never drops another person's item, so a rule is asked about pairs of one person only.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from reid_core.errors import ConfigInvalid, DataSetInvalid
from reid_core.evaluation.labels import JUNK, UNKNOWN, Integers, Labels, Mask

Drop = Callable[[Labels, Labels], Mask]  # query and gallery item of N pairs of one person -> pairs to leave out


def same_camera(query: Labels, item: Labels) -> Mask:
    return np.asarray((query.cameras == item.cameras) & (query.cameras != UNKNOWN))


def same_camera_or_clothes(query: Labels, item: Labels) -> Mask:
    return np.asarray(same_camera(query, item) | (query.clothes == item.clothes))


def same_camera_or_other_clothes(query: Labels, item: Labels) -> Mask:
    return np.asarray(same_camera(query, item) | (query.clothes != item.clothes))


def nothing(query: Labels, item: Labels) -> Mask:
    del item
    return np.zeros(len(query), dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class Setting:
    name: str
    rule: str  # in words, for the report
    drop: Drop
    needs_clothes: bool = False
    query_cameras: frozenset[int] | None = None  # None = all
    gallery_cameras: frozenset[int] | None = None
    single_shots: int = 0  # galleries of one random item per person to average over; 0 = the whole gallery


STANDARD = Setting("Standard", "drops the query's person on the query's camera", same_camera)
CLOTHES_CHANGING = Setting(
    "CC", "drops the query's person on the query's camera or in the query's clothes", same_camera_or_clothes, True
)
SAME_CLOTHES = Setting(
    "SC", "drops the query's person on the query's camera or in other clothes", same_camera_or_other_clothes, True
)
NO_CAMERAS = Setting("Standard", "drops nothing: the data names no cameras", nothing)

_PRCC_CC = Setting("CC", "queries of camera C, all images of camera A", nothing, False, frozenset({2}), frozenset({0}))
_PRCC_SC = Setting("SC", "queries of camera B, all images of camera A", nothing, False, frozenset({1}), frozenset({0}))
SINGLE_SHOTS = 10  # of PRCC's own paper


def _single_shot(setting: Setting) -> Setting:
    rule = setting.rule.replace("all images", "one random image per person")
    rule = f"{rule}, mean over {SINGLE_SHOTS} draws"
    return replace(setting, name=f"{setting.name} single-shot", rule=rule, single_shots=SINGLE_SHOTS)


def _between(first: int, second: int, name: str) -> Setting:
    """VC-Clothes: two cameras alone, then the plain rule. Cameras are numbered from 0 here, from 1 in its paper."""
    cameras = frozenset({first - 1, second - 1})
    rule = f"cameras {first} and {second} alone; {STANDARD.rule}"
    return Setting(name, rule, same_camera, False, cameras, cameras)


_THREE = (CLOTHES_CHANGING, STANDARD, SAME_CLOTHES)
SETTINGS: Mapping[str, tuple[Setting, ...]] = MappingProxyType(
    {
        "vccr": _THREE,
        "ccvid": _THREE,  # its camera is the number of the walk
        "ltcc": (CLOTHES_CHANGING, STANDARD),
        "prcc": (_PRCC_CC, _PRCC_SC),
        "prcc_single_shot": (_single_shot(_PRCC_CC), _single_shot(_PRCC_SC)),
        "vc_clothes": (_between(3, 4, "CC"), STANDARD, _between(2, 3, "SC")),
        # another reading of VC-Clothes, with other numbers: the clothes rules over all four cameras
        "vc_clothes_all_cameras": tuple(replace(each, name=f"{each.name}, all cameras") for each in _THREE),
        "celeb_reid": (NO_CAMERAS,),
        "celeb_reid_light": (NO_CAMERAS,),
        "nkup": (STANDARD,),
        "market1501": (STANDARD,),
        "msmt17": (STANDARD,),
    }
)


def settings_of(data: str) -> tuple[Setting, ...]:
    """The settings that a data set is reported under; CC first, where there is one."""
    name = plain_name(data)
    found = next((settings for known, settings in SETTINGS.items() if plain_name(known) == name), None)
    if found is None:
        raise ConfigInvalid(f"no evaluation settings for {data!r}; known: {', '.join(SETTINGS)}")
    return found


def plain_name(name: str) -> str:
    """The name without what people write differently: Celeb-reID, celeb_reid."""
    return "".join(each for each in name.lower() if each.isalnum())


def takes_part(setting: Setting, queries: Labels, gallery: Labels) -> tuple[Integers, Integers]:
    """Indices of the queries and of the gallery items that a setting looks at; junk is gone from both."""
    if setting.needs_clothes:
        for labels, whose in ((queries, "queries"), (gallery, "gallery items")):
            if without := int(np.count_nonzero((labels.clothes == UNKNOWN) & (labels.persons != JUNK))):
                raise DataSetInvalid(
                    f"setting {setting.name}: {without} of {len(labels)} {whose} have no clothes label; use Standard"
                )
    return _on(setting.query_cameras, queries), _on(setting.gallery_cameras, gallery)


def _on(cameras: frozenset[int] | None, labels: Labels) -> Integers:
    keep = labels.persons != JUNK
    if cameras is not None:
        keep &= np.isin(labels.cameras, sorted(cameras))
    return np.flatnonzero(keep)


def dropped(setting: Setting, query: Labels, gallery: Labels) -> Mask:
    """What of a gallery one query (labels of length 1) may not be matched with."""
    every = query.take(np.zeros(len(gallery), dtype=np.int64))
    outside = np.ones(len(gallery), dtype=np.bool_)
    outside[_on(setting.gallery_cameras, gallery)] = False
    return np.asarray(outside | ((every.persons == gallery.persons) & setting.drop(every, gallery)))


def one_of_each(persons: Integers, rng: np.random.Generator) -> Integers:
    """Indices of one random item per person."""
    shuffled = rng.permutation(len(persons))
    _, first = np.unique(persons[shuffled], return_index=True)
    return np.sort(shuffled[first])
