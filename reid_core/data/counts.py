"""How many of what each data set should hold, after its paper or its publisher, beside what was found."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from reid_core.data.samples import DataSet, Sample
from reid_core.data.video_sets import SHORT

What = Literal["ids", "images", "tracklets", "cameras", "clothes", "valid CC queries"]


@dataclass(frozen=True, slots=True)
class Expected:
    splits: tuple[str, ...]  # counted together
    what: What
    count: int
    verified: bool = True  # False: a figure nobody could point to a source for; shown, but never held against anybody
    camera: int | None = None  # of this camera alone

    @property
    def where(self) -> str:
        return " + ".join(self.splits) + ("" if self.camera is None else f", camera {self.camera}")


@dataclass(frozen=True, slots=True)
class Finding:
    expected: Expected
    found: int

    @property
    def agrees(self) -> bool:
        return self.found == self.expected.count

    @property
    def mismatch(self) -> bool:
        """Only a verified figure can be missed."""
        return self.expected.verified and not self.agrees

    def __str__(self) -> str:
        return f"{self.expected.where} {self.expected.what}: expected {self.expected.count:,}, found {self.found:,}"


def check(data: DataSet, expected: Sequence[Expected] | None = None) -> list[Finding]:
    """One finding an expected figure, whether it agrees or not."""
    figures = EXPECTED.get(data.name, ()) if expected is None else expected
    return [Finding(each, _found(data, each)) for each in figures]


def mismatches(findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.mismatch]


def count(samples: Sequence[Sample], what: What) -> int:
    match what:
        case "ids":
            return len({sample.person for sample in samples})
        case "images":
            return sum(len(sample.paths) for sample in samples)
        case "tracklets":
            return len(samples)
        case "cameras":
            return len({sample.camera for sample in samples})
        case "clothes":
            return len({sample.clothes for sample in samples if sample.clothes})
        case "valid CC queries":
            raise ValueError("needs query and gallery: use valid_cc_queries")


def valid_cc_queries(data: DataSet) -> int:
    """Queries whose person is in the gallery in other clothes on another camera."""
    looks: dict[int, set[tuple[int, str]]] = {}
    for item in data.gallery:
        looks.setdefault(item.person, set()).add((item.camera, item.clothes))
    return sum(
        any(camera != query.camera and clothes != query.clothes for camera, clothes in looks.get(query.person, ()))
        for query in data.query
    )


def _found(data: DataSet, expected: Expected) -> int:
    if expected.what == "valid CC queries":
        return valid_cc_queries(data)
    samples = [sample for split in expected.splits for sample in data.split(split)]
    if expected.camera is not None:
        samples = [sample for sample in samples if sample.camera == expected.camera]
    return count(samples, expected.what)


TRAIN, QUERY, GALLERY = ("train",), ("query",), ("gallery",)
TEST = ("query", "gallery")
ALL = ("train", *TEST)


def _per_split(what: What, train: int, query: int, gallery: int, verified: bool = True) -> tuple[Expected, ...]:
    return tuple(
        Expected(splits, what, figure, verified)
        for splits, figure in ((TRAIN, train), (QUERY, query), (GALLERY, gallery))
    )


EXPECTED: Mapping[str, tuple[Expected, ...]] = MappingProxyType(
    {
        "ccvid": (
            *_per_split("ids", 75, 151, 151),
            *_per_split("images", 118_613, 116_799, 112_421),
            *_per_split("tracklets", 948, 834, 1_074),
            Expected(ALL, "ids", 226),
            Expected(ALL, "images", 347_833),
            Expected(ALL, "tracklets", 2_856),
        ),
        "vccr": (
            Expected(ALL, "ids", 392),
            Expected((*ALL, SHORT), "tracklets", 4_384),
            Expected(TRAIN, "ids", 232, verified=False),
            Expected(TEST, "ids", 160, verified=False),
            Expected(TRAIN, "tracklets", 2_873, verified=False),
            Expected((*TEST, SHORT), "tracklets", 1_511, verified=False),
        ),
        "ltcc": (
            *_per_split("ids", 77, 75, 75),
            *_per_split("images", 9_576, 493, 7_050),
            Expected(ALL, "ids", 152),
            Expected(ALL, "images", 17_119),
            Expected(ALL, "cameras", 12),
            Expected(QUERY, "valid CC queries", 392),
            Expected(TRAIN, "clothes", 256, verified=False),
            Expected(TEST, "clothes", 221, verified=False),
        ),
        "prcc": (
            Expected(("train", "val"), "ids", 150),
            Expected(("train", "val"), "images", 22_898),
            Expected(("train", "val"), "clothes", 300),
            Expected(TRAIN, "images", 17_896, verified=False),
            Expected(("val",), "images", 5_002, verified=False),
            Expected(TEST, "ids", 71),
            Expected(TEST, "images", 10_800),
            Expected(TEST, "clothes", 142),
            Expected(GALLERY, "images", 3_384, verified=False),
            Expected(QUERY, "images", 3_873, verified=False, camera=1),
            Expected(QUERY, "images", 3_543, camera=2),
            Expected(("train", "val", *TEST), "ids", 221),
            Expected(("train", "val", *TEST), "images", 33_698),
        ),
        "vc_clothes": (
            Expected(TRAIN, "ids", 256),
            Expected(TRAIN, "images", 9_449),
            Expected(TEST, "ids", 256),
            Expected(TEST, "images", 9_611),
            Expected(QUERY, "images", 1_020, verified=False),
            Expected(GALLERY, "images", 8_591, verified=False),
            Expected(ALL, "ids", 512),
            Expected(ALL, "images", 19_060),
            Expected(ALL, "cameras", 4),
        ),
        "celeb_reid": (*_per_split("ids", 632, 420, 420), *_per_split("images", 20_208, 2_972, 11_006)),
        "celeb_reid_light": (*_per_split("ids", 490, 100, 100), *_per_split("images", 9_021, 887, 934)),
        "nkup": (
            *_per_split("ids", 40, 39, 67),
            *_per_split("images", 5_336, 332, 4_070),
            Expected(ALL, "cameras", 15),
        ),
        "market1501": (
            *_per_split("ids", 751, 750, 751),  # the gallery's distractors count as one person, 0
            *_per_split("images", 12_936, 3_368, 15_913),
            Expected(("gallery", "junk"), "images", 19_732),
        ),
        "msmt17": (
            *_per_split("ids", 1_041, 3_060, 3_060),
            *_per_split("images", 32_621, 11_659, 82_161),
            Expected(ALL, "cameras", 15),
        ),
    }
)
