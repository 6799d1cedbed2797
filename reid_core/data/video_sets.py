"""The data sets of tracklets: VCCR and CCVID."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from reid_core.data.layout import Found, Layout, Odd, folders, lines, pictures
from reid_core.data.samples import Sample

SHORTEST_TEST = 8  # frames: VCCR's protocol leaves shorter tracklets out of its test, but not out of training
SHORT = "too short"

# person - letter and camera - letter and clothes - anything - letter and frame
_VCCR_NAME = re.compile(r"[^-]+-\D(?P<camera>\d+)-\D(?P<clothes>\d+)(?:-[^-]+)*-\D\d+\.\w{3}$")
_CCVID_PATH = re.compile(r"session(?P<session>\d)/(?P<person>\d+)_(?P<walk>\d+)$")
_SESSION_3_WALKS = 12  # the third session's walks are counted on from here


def read_vccr(home: Path) -> Mapping[str, Found]:
    query = list(_vccr_people(home / "test_qg" / "query", with_cameras=True))
    gallery = list(_vccr_people(home / "test_qg" / "gallery", with_cameras=True))
    return {
        "train": _vccr_people(home / "train", with_cameras=False),
        "query": [each for each in query if not _is_short(each)],
        "gallery": [each for each in gallery if not _is_short(each)],
        SHORT: [each for each in (*query, *gallery) if _is_short(each)],
    }


def _is_short(found: Sample | Odd) -> bool:
    return isinstance(found, Sample) and len(found.paths) < SHORTEST_TEST


def _vccr_people(folder: Path, with_cameras: bool) -> Iterator[Sample | Odd]:
    """{person}/{tracklet}/*, in the test {person}/{camera}/{tracklet}/*."""
    for place in folders(folder):
        if isinstance(place, Odd):
            yield place
        elif not place.name.isdecimal():
            yield Odd(place, "expected a folder named by the person's number")
        else:
            for above in folders(place) if with_cameras else (place,):
                if isinstance(above, Odd):
                    yield above
                    continue
                for tracklet in folders(above):
                    if isinstance(tracklet, Odd):
                        yield tracklet
                    else:
                        yield from _vccr_tracklet(tracklet, int(place.name))


def _vccr_tracklet(folder: Path, person: int) -> Iterator[Sample | Odd]:
    paths: list[Path] = []
    labels: set[tuple[int, str]] = set()
    for path in pictures(folder):
        if isinstance(path, Odd):
            yield path
        elif not (found := _VCCR_NAME.match(path.name)):
            yield Odd(path, "expected a name such as 0012-c3-d2-f0007.jpg")
        else:
            paths.append(path)
            labels.add((int(found["camera"]), found["clothes"]))
    if len(labels) > 1:
        yield Odd(folder, f"its frames name {len(labels)} pairs of camera and clothes; expected one of each")
    elif not paths:
        yield Odd(folder, "a tracklet without frames")
    else:
        ((camera, clothes),) = labels
        # numbered anew for each person, so the person belongs to the name of the clothes
        yield Sample(tuple(paths), person, camera, f"{person}_{int(clothes)}")


def read_ccvid(home: Path) -> Mapping[str, Found]:
    return {split: _ccvid_list(home, home / f"{split}.txt") for split in ("train", "query", "gallery")}


def _ccvid_list(home: Path, listed: Path) -> Iterator[Sample | Odd]:
    """Lines of `path person clothes`. Clothes are numbered within the person, over query and gallery alike."""
    for line in lines(listed):
        fields = line.split()
        found = _CCVID_PATH.match(fields[0])
        if len(fields) != 3 or not found or not fields[1].isdecimal() or int(fields[1]) != int(found["person"]):
            yield Odd(listed, f"expected lines such as 'session1/001_01 001 u0_l0_s0_c0_a0', found {line!r}")
            continue
        folder, person = home / fields[0], int(fields[1])
        if not folder.is_dir():
            yield Odd(folder, f"listed in {listed.name}, but not there")
            continue
        frames = list(pictures(folder))
        yield from (each for each in frames if isinstance(each, Odd))
        paths = tuple(each for each in frames if not isinstance(each, Odd))
        if paths:
            # it names no cameras: the walk is the nearest thing to one
            walk = int(found["walk"]) + (_SESSION_3_WALKS if found["session"] == "3" else 0)
            yield Sample(paths, person, walk, f"{person}_{fields[2]}")
        else:
            yield Odd(folder, "a tracklet without frames")


VIDEO_SETS: Mapping[str, Layout] = MappingProxyType(
    {
        "vccr": Layout("video", ("VCCR",), ("train", "test_qg/query", "test_qg/gallery"), read_vccr, ("vccr",)),
        "ccvid": Layout("video", ("CCVID",), ("train.txt", "query.txt", "gallery.txt"), read_ccvid, ("ccvid",)),
    }
)
