"""Miniatures of every data set: the layout and the grammar of its names are exact, the pictures are drawn.

A person is a colour of skin and a height of the head; an outfit is two more colours; a camera is a brightness.
"""

import zlib
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from pathlib import Path
from types import MappingProxyType

import cv2
import numpy as np

from reid_core.records import Image

HEIGHT, WIDTH = 48, 24
TRAIN_PEOPLE, TEST_PEOPLE = 4, 3
FRAMES = 10  # of a tracklet


def drawn(person: str, clothes: str = "", camera: str = "", take: int = 0) -> Image:
    """The same words give the same picture; another take only other noise."""
    rng = np.random.default_rng([_number(person), _number(clothes), _number(camera), take])
    skin, head = _colour(f"skin {person}"), 8 + _number(person) % 7
    picture = np.empty((HEIGHT, WIDTH, 3), dtype=np.float32)
    picture[:] = 90
    picture[2:head, 8:16] = skin
    picture[head:30, 5:19] = _colour(f"top {clothes}")
    picture[30:44, 6:18] = _colour(f"trousers {clothes}")
    picture *= 0.8 + _number(camera) % 5 / 10
    return np.clip(picture + rng.normal(0, 6, picture.shape), 0, 255).astype(np.uint8)


def write(path: Path, picture: Image) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    encoded, data = cv2.imencode(path.suffix, picture[..., ::-1])
    assert encoded
    path.write_bytes(data.tobytes())


def fake(name: str, folder: Path) -> Path:
    """Writes a miniature of this data set below the folder, as its archive unpacks, and gives the folder back."""
    FAKES[name](folder)
    (folder / "Thumbs.db").write_bytes(b"left by a system")
    return folder


def _number(words: str) -> int:
    return zlib.crc32(words.encode())


def _colour(words: str) -> tuple[int, int, int]:
    number = _number(words)
    return 40 + number % 200, 40 + number // 200 % 200, 40 + number // 40_000 % 200


def _people(split: str) -> range:
    return range(1, TRAIN_PEOPLE + 1) if split == "train" else range(51, 51 + TEST_PEOPLE)


def _vccr(folder: Path) -> None:
    home = folder / "VCCR"
    for split in ("train", "query", "gallery"):
        # the query walks on camera 1; the gallery on 2 and 3, in both outfits
        walks = ((1, 1), (1, 2)) if split == "query" else ((2, 1), (2, 2), (3, 1), (3, 2))
        for person, (camera, clothes) in product(_people(split), walks):
            tracklet = f"{person:04d}-c{camera}-d{clothes}"
            place = (
                home / "train" / f"{person}" if split == "train" else home / "test_qg" / split / f"{person}/{camera}"
            )
            # one tracklet of the test is too short for its protocol
            frames = 5 if (split, person, camera, clothes) == ("gallery", 51, 3, 2) else FRAMES
            for i in range(frames):
                picture = drawn(f"{person}", f"{person} {clothes}", f"{camera}", i)
                write(place / tracklet / f"{tracklet}-t1-f{i:04d}.jpg", picture)


def _ccvid(folder: Path) -> None:
    home = folder / "CCVID"
    for split in ("train", "query", "gallery"):
        lines = []
        # session 2 repeats the clothes of session 1 in one walk; session 3 begins its walks anew
        walks = ((1, 1, "u0"), (3, 1, "u2")) if split == "query" else ((1, 2, "u0"), (2, 1, "u1"), (3, 2, "u2"))
        for person, (session, walk, clothes) in product(_people(split), walks):
            label = f"{clothes}_l0_s0_c0_a0"
            inside = f"session{session}/{person:03d}_{walk:02d}"
            lines.append(f"{inside}\t{person:03d}\t{label}\n")
            for i in range(FRAMES):
                write(home / inside / f"{i + 1:05d}.jpg", drawn(f"{person}", f"{person} {label}", f"{walk}", i))
        (home / f"{split}.txt").write_text("".join(lines))


def _looks(split: str) -> Iterator[tuple[int, int, int]]:
    """Person, camera from 1, clothes from 1: two outfits on two cameras; the query asks from camera 1."""
    cameras = {"train": (1, 2), "query": (1,), "gallery": (2, 3)}[split]
    return product(_people(split), cameras, (1, 2))


def _ltcc(folder: Path) -> None:
    for split, place in (("train", "train"), ("query", "query"), ("gallery", "test")):
        for person, camera, clothes in _looks(split):
            for take in range(2):
                picture = drawn(f"{person}", f"{person} {clothes}", f"{camera}", take)
                write(folder / f"LTCC_ReID/{place}/{person:03d}_{clothes}_c{camera}_{take + 15833:06d}.png", picture)
    (folder / "LTCC_ReID/info").mkdir()


def _prcc(folder: Path) -> None:
    rgb = folder / "prcc/rgb"
    for person, (i, letter), take in product(_people("train"), enumerate("ABC"), range(3)):
        picture = drawn(f"{person}", f"{person} {letter == 'C'}", letter, take)
        place = "val" if take == 2 else "train"
        write(rgb / f"{place}/{person:03d}/{letter}_cropped_rgb{i * 3 + take:03d}.jpg", picture)
    for person, letter, take in product(_people("test"), "ABC", range(2)):
        picture = drawn(f"{person}", f"{person} {letter == 'C'}", letter, take)
        write(rgb / f"test/{letter}/{person:03d}/cropped_rgb{take:03d}.jpg", picture)


def _vc_clothes(folder: Path) -> None:
    for split in ("train", "query", "gallery"):
        for person, camera, clothes in product(_people(split), (1, 2, 3, 4), (1, 2)):
            picture = drawn(f"{person}", f"{person} {clothes}", f"{camera}", split == "query")
            frame = 1 if split == "query" else 2
            write(folder / f"VC-Clothes/{split}/{person:04d}-{camera:02d}-{clothes:02d}-{frame:02d}.jpg", picture)


def _celeb(home: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        for split in ("train", "query", "gallery"):
            for person, index in product(_people(split), range(4)):
                write(folder / f"{home}/{split}/{person}_{index}_0.jpg", drawn(f"{person}", f"{split} {index}"))

    return make


def _nkup(folder: Path) -> None:
    for split, place in (("train", "bounding_box_train"), ("query", "query"), ("gallery", "bounding_box_test")):
        day = "0914" if split == "query" else "0912"
        for person, camera, clothes in _looks(split):
            picture = drawn(f"{person}", f"{person} {day}", f"{camera}", clothes)
            write(folder / f"NKUP/{place}/{person:04d}_D{day}_C{camera:02d}S01_{clothes:05d}.jpg", picture)


def _market1501(folder: Path) -> None:
    home = folder / "Market-1501-v15.09.15"
    for split, place in (("train", "bounding_box_train"), ("query", "query"), ("gallery", "bounding_box_test")):
        for person, camera, take in _looks(split):
            write(
                home / f"{place}/{person:04d}_c{camera}s1_{take:06d}_01.jpg", drawn(f"{person}", f"{person}", "", take)
            )
    for name in ("0000_c1s1_000151_01.jpg", "-1_c1s1_000401_03.jpg", "-1_c2s1_000402_03.jpg"):
        write(home / "bounding_box_test" / name, drawn(name))  # a distractor, and two of junk
    (home / "bounding_box_test/Thumbs.db").write_bytes(b"")
    (home / "readme.txt").write_text("not read")


def _msmt17(folder: Path) -> None:
    home = folder / "MSMT17_V1"
    lists: dict[str, list[str]] = {name: [] for name in ("train", "val", "query", "gallery")}
    for split in ("train", "query", "gallery"):
        place = "train" if split == "train" else "test"
        for person, camera, take in _looks(split):
            number = person - _people(split).start  # train and test each count from 0
            inside = f"{number:04d}/{number:04d}_{len(lists[split]):03d}_{camera:02d}_0303morning_{take:04d}_0.jpg"
            write(home / place / inside, drawn(f"{person}", f"{person}", f"{camera}", take))
            lists["val" if split == "train" and take == 2 else split].append(f"{inside} {number}\n")
    for name, lines in lists.items():
        (home / f"list_{name}.txt").write_text("".join(lines))


FAKES: Mapping[str, Callable[[Path], None]] = MappingProxyType(
    {
        "vccr": _vccr,
        "ccvid": _ccvid,
        "ltcc": _ltcc,
        "prcc": _prcc,
        "vc_clothes": _vc_clothes,
        "celeb_reid": _celeb("Celeb-reID"),
        "celeb_reid_light": _celeb("Celeb-reID-light"),
        "nkup": _nkup,
        "market1501": _market1501,
        "msmt17": _msmt17,
    }
)
