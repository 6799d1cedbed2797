"""The data sets of pictures: LTCC, PRCC, VC-Clothes, Celeb-reID and its light form, NKUP, Market-1501, MSMT17.

Names are matched on the file's own name, never on its path: a folder such as `my_c1_data` must not be read as a label.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from reid_core.data.layout import Found, Layout, Odd, folders, lines, pictures
from reid_core.data.samples import UNKNOWN, Sample
from reid_core.errors import DataSetInvalid


@dataclass(frozen=True, slots=True)
class NamedPictures:
    """Flat folders of pictures whose names hold the labels, as the groups `person`, `camera` and `clothes`."""

    splits: Mapping[str, str]  # split -> folder
    grammar: re.Pattern[str]
    example: str
    first_camera: int = 1  # what the names call the first camera; ours is 0
    own_outfits: bool = False  # every picture shows other clothes

    def __call__(self, home: Path) -> Mapping[str, Found]:
        return {split: self._pictures(home / folder) for split, folder in self.splits.items()}

    def _pictures(self, folder: Path) -> Iterator[Sample | Odd]:
        for path in pictures(folder):
            if isinstance(path, Odd):
                yield path
            elif not (found := self.grammar.match(path.name)):
                yield Odd(path, f"expected a name such as {self.example}")
            else:
                labels = found.groupdict()
                person = int(labels["person"])
                camera = int(labels["camera"]) - self.first_camera if "camera" in labels else UNKNOWN
                clothes = f"{person}_{labels['clothes']}" if "clothes" in labels else ""
                if self.own_outfits:
                    clothes = f"{folder.name}_{path.stem}"
                yield Sample((path,), person, camera, clothes)


LTCC = NamedPictures(
    {"train": "train", "query": "query", "gallery": "test"},
    re.compile(r"(?P<person>\d+)_(?P<clothes>\d+)_c(?P<camera>\d+)_"),
    "094_1_c9_015833.png",
)
VC_CLOTHES = NamedPictures(
    {"train": "train", "query": "query", "gallery": "gallery"},
    re.compile(r"(?P<person>\d+)-(?P<camera>\d+)-(?P<clothes>\d+)-\d+"),
    "0001-02-01-03.jpg",
)
CELEB_REID = NamedPictures(
    {"train": "train", "query": "query", "gallery": "gallery"},
    re.compile(r"(?P<person>\d+)_\d+_\d+"),
    "1_12_0.jpg",
    own_outfits=True,
)
NKUP = NamedPictures(
    {"train": "bounding_box_train", "query": "query", "gallery": "bounding_box_test"},
    # no official clothes: the day of the recording stands for them
    re.compile(r"(?P<person>-?\d+)_D(?P<clothes>\d{4})_C(?P<camera>\d+)S\d+_\d+\.jpg", re.IGNORECASE),
    "0005_D0912_C03S01_00151.jpg",
    first_camera=0,
)
MARKET1501 = NamedPictures(
    {"train": "bounding_box_train", "query": "query", "gallery": "bounding_box_test"},
    re.compile(r"(?P<person>-?\d+)_c(?P<camera>\d)s\d"),
    "0002_c1s1_000451_03.jpg",
)

_PRCC_CAMERAS = MappingProxyType({"A": 0, "B": 1, "C": 2})


def read_prcc(home: Path) -> Mapping[str, Found]:
    """Cameras B (same clothes) and C (other clothes) ask camera A: the settings choose by camera."""
    rgb = home / "rgb"
    return {
        "train": _prcc_people(rgb / "train", None),
        "val": _prcc_people(rgb / "val", None),  # of the same persons as train; training does not use it
        "query": (*_prcc_people(rgb / "test" / "B", "B"), *_prcc_people(rgb / "test" / "C", "C")),
        "gallery": _prcc_people(rgb / "test" / "A", "A"),
    }


def _prcc_people(folder: Path, letter: str | None) -> Iterator[Sample | Odd]:
    """letter: the camera of the whole folder; None where it is the first letter of each name."""
    for place in folders(folder):
        if isinstance(place, Odd):
            yield place
            continue
        if not place.name.isdecimal():
            yield Odd(place, "expected a folder named by the person's number")
            continue
        person = int(place.name)
        for path in pictures(place):
            if isinstance(path, Odd):
                yield path
                continue
            camera = letter or path.name[0]
            if camera in _PRCC_CAMERAS:
                clothes = f"{person}C" if camera == "C" else f"{person}"  # A and B were recorded in the same clothes
                yield Sample((path,), person, _PRCC_CAMERAS[camera], clothes)
            else:
                yield Odd(path, "expected a name that begins with its camera, such as A_cropped_rgb001.jpg")


_MSMT17_FOLDERS = (("train", "test"), ("mask_train_v2", "mask_test_v2"))
_MSMT17_NAME = re.compile(r"[^_]+_[^_]+_(?P<camera>\d+)_")


def read_msmt17(home: Path) -> Mapping[str, Found]:
    for train, test in _MSMT17_FOLDERS:
        if (home / train).is_dir() and (home / test).is_dir():
            return {
                "train": (
                    *_msmt17_list(home / "list_train.txt", home / train),
                    *_msmt17_list(home / "list_val.txt", home / train),
                ),
                "query": _msmt17_list(home / "list_query.txt", home / test),
                "gallery": _msmt17_list(home / "list_gallery.txt", home / test),
            }
    known = " or ".join(f"{train} and {test}" for train, test in _MSMT17_FOLDERS)
    raise DataSetInvalid(f"msmt17: {home} has no folders {known}; unpack the pictures beside the lists")


def _msmt17_list(listed: Path, folder: Path) -> Iterator[Sample | Odd]:
    """Lines of `path person`. Test persons are numbered anew from 0: they are nobody of the training."""
    for line in lines(listed):
        inside, _, person = line.rpartition(" ")
        path = folder / inside.strip()
        found = _MSMT17_NAME.match(path.name)
        if not inside or not person.isdecimal():
            yield Odd(listed, f"expected lines such as '0000/0000_000_01_0303morning_0008_0.jpg 0', found {line!r}")
        elif not found:
            yield Odd(path, "expected a name such as 0000_000_01_0303morning_0008_0.jpg")
        elif not path.is_file():
            yield Odd(path, f"listed in {listed.name}, but not there")
        else:
            yield Sample((path,), int(person), int(found["camera"]) - 1)


IMAGE_SETS: Mapping[str, Layout] = MappingProxyType(
    {
        "ltcc": Layout("image", ("LTCC_ReID",), ("train", "query", "test"), LTCC, ("ltcc",)),
        "prcc": Layout(
            "image",
            ("prcc", "PRCC"),
            ("rgb/train", "rgb/val", "rgb/test/A", "rgb/test/B", "rgb/test/C"),
            read_prcc,
            ("prcc", "prcc_single_shot"),
        ),
        "vc_clothes": Layout(
            "image",
            ("VC-Clothes",),
            ("train", "query", "gallery"),
            VC_CLOTHES,
            ("vc_clothes", "vc_clothes_all_cameras"),
        ),
        "celeb_reid": Layout("image", ("Celeb-reID",), ("train", "query", "gallery"), CELEB_REID, ("celeb_reid",)),
        "celeb_reid_light": Layout(
            "image", ("Celeb-reID-light",), ("train", "query", "gallery"), CELEB_REID, ("celeb_reid_light",)
        ),
        "nkup": Layout("image", ("NKUP",), ("bounding_box_train", "query", "bounding_box_test"), NKUP, ("nkup",)),
        "market1501": Layout(
            "image",
            ("Market-1501-v15.09.15",),
            ("bounding_box_train", "query", "bounding_box_test"),
            MARKET1501,
            ("market1501",),
        ),
        "msmt17": Layout(
            "image",
            ("MSMT17", "MSMT17_V1", "MSMT17_V2"),
            ("list_train.txt", "list_val.txt", "list_query.txt", "list_gallery.txt"),
            read_msmt17,
            ("msmt17",),
        ),
    }
)
