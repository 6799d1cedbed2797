"""A data set by name: from its folder to records, with everything that does not fit refused, or skipped and counted."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from reid_core.data.image_sets import IMAGE_SETS
from reid_core.data.layout import Layout, Odd, home
from reid_core.data.samples import JUNK, DataSet, Sample
from reid_core.data.video_sets import VIDEO_SETS
from reid_core.errors import ConfigInvalid, DataSetInvalid

LAYOUTS: Mapping[str, Layout] = MappingProxyType({**VIDEO_SETS, **IMAGE_SETS})
SPLITS = ("train", "query", "gallery")
JUNK_SPLIT = "junk"  # pictures of nobody, labelled -1
_NAMED = 3  # odd files in an error; the others are counted


def read(name: str, root: Path, *, skip_odd: bool = False) -> DataSet:
    """Raises DataSetInvalid for a folder that is not this data set, and for odd files unless they may be skipped."""
    layout = layout_of(name)
    folder = home(root, layout, name)
    odd: list[Odd] = []
    splits: dict[str, tuple[Sample, ...]] = {}
    try:
        for split, found in layout.read(folder).items():
            everything = tuple(found)
            odd += [each for each in everything if isinstance(each, Odd)]
            splits[split] = tuple(each for each in everything if isinstance(each, Sample))
    except OSError as error:
        raise DataSetInvalid(f"{name}: {error.filename}: cannot be read ({error.strerror})") from error
    if odd and not skip_odd:
        more = f"; and {len(odd) - _NAMED} more" if len(odd) > _NAMED else ""
        raise DataSetInvalid(
            f"{name}: {len(odd)} odd files: {'; '.join(map(str, odd[:_NAMED]))}{more}; mend or remove them, "
            "or skip them with --skip-odd"
        )
    junk = tuple(sample for split in splits.values() for sample in split if sample.person == JUNK)
    known = {split: tuple(each for each in samples if each.person != JUNK) for split, samples in splits.items()}
    for split in SPLITS:
        if not known[split]:
            raise DataSetInvalid(f"{name}: nothing in its split {split} under {folder}; was it unpacked whole?")
    unused = {split: samples for split, samples in known.items() if split not in SPLITS and samples}
    return DataSet(
        name=name,
        kind=layout.kind,
        root=folder,
        settings=layout.settings,
        **{split: known[split] for split in SPLITS},
        unused=unused | ({JUNK_SPLIT: junk} if junk else {}),
        odd=tuple(map(str, odd)),
    )


def layout_of(name: str) -> Layout:
    if name not in LAYOUTS:
        raise ConfigInvalid(f"no data set named {name!r}; known: {', '.join(sorted(LAYOUTS))}")
    return LAYOUTS[name]
