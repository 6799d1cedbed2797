"""What pose estimators and human parsers say of all pictures of a data set, into the folder that training reads."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar, cast

from reid_core import registry
from reid_core.data.annotations import Annotations, Kind
from reid_core.data.decode import read_picture
from reid_core.data.ledger import Ledger
from reid_core.data.samples import DataSet
from reid_core.errors import ConfigInvalid, DataSetInvalid, RecordInvalid
from reid_core.geometry import Box
from reid_core.options import PluginUse
from reid_core.protocols import HumanParser, PoseEstimator
from reid_core.records import CameraId, Epoch, Image, Shot, Tracklet, TrackletId, TrackNumber

_TOGETHER = 16  # single pictures that a parser is given at once; of tracklets it gets all frames

T = TypeVar("T")
Paths = tuple[Path, ...]  # of one tracklet in the order of time, or of one picture
Progress = Callable[[int, int], None]  # pictures behind us, of how many

_log = logging.getLogger("restride.data")


@dataclass(frozen=True, slots=True)
class Wanted:
    pose: PluginUse | None = None
    parser: PluginUse | None = None
    silhouettes: bool = False  # of who is parsed, now or before
    again: bool = False  # also what is there already
    skip_damaged: bool = False  # leave out pictures that cannot be decoded, instead of refusing them
    fps: float = 25.0  # frames a second of tracklets
    workers: int = 1  # threads, each with an estimator and a parser of its own

    @property
    def kinds(self) -> tuple[Kind, ...]:
        asked: dict[Kind, bool] = {
            "poses": self.pose is not None,
            "parsing": self.parser is not None,
            "silhouettes": self.silhouettes,
        }
        return tuple(kind for kind, wanted in asked.items() if wanted)


@dataclass(frozen=True, slots=True)
class Tally:
    """Numbers of pictures."""

    pictures: int
    damaged: int
    found: Mapping[Kind, int]  # with an answer, of now or of before
    new: Mapping[Kind, int]  # answered now


def annotate(data: DataSet, cache: Path, wanted: Wanted, progress: Progress) -> Tally:
    """What is there is left alone, so that a killed run goes on where it was."""
    if not wanted.kinds:
        raise ConfigInvalid("nothing to look for; say --pose mediapipe, --parser pose, or --silhouettes")
    annotations = Annotations(data.root, cache)
    tracklets = list(dict.fromkeys(each.paths for split in (data.train, data.query, data.gallery) for each in split))
    if wanted.silhouettes and wanted.parser is None:
        _check_parsed(annotations, tracklets)
    seers = [(_estimator(wanted.pose), _parser(wanted.parser)) for _ in range(wanted.workers)]
    if wanted.again:
        _forget(annotations, tracklets, wanted.kinds)
    ledgers = _ledgers(cache, wanted)
    annotators = [_Annotator(annotations, wanted, ledgers, *each) for each in seers]
    total, done = sum(map(len, tracklets)), 0
    said: Counter[str] = Counter()
    for some in _through(annotators, _jobs(data, tracklets)):
        said += some
        done += some["pictures"]
        progress(done, total)
    found: dict[Kind, int] = {kind: said[f"{kind} found"] for kind in wanted.kinds}
    new: dict[Kind, int] = {kind: said[f"{kind} new"] for kind in wanted.kinds}
    return Tally(total, said["damaged"], found, new)


@dataclass(frozen=True, slots=True, eq=False)
class _Annotator:
    """Of one thread."""

    annotations: Annotations
    wanted: Wanted
    ledgers: Mapping[Kind, Ledger]
    estimator: PoseEstimator | None
    parser: HumanParser | None

    def annotate(self, job: Sequence[Paths]) -> Counter[str]:
        # a tracklet is seen as a whole: with a few frames alone, an estimator would see other poses
        unposed = [paths for paths in job if self.estimator and not all(self._known("poses", each) for each in paths)]
        unparsed = [each for paths in job for each in paths if self.parser and not self._known("parsing", each)]
        wanted = dict.fromkeys([*unparsed, *(each for paths in unposed for each in paths)])
        pictures = {path: picture for path in wanted if (picture := self._read(path)) is not None}
        said = Counter({"damaged": len(wanted) - len(pictures)})
        for paths in unposed:
            said["poses new"] += self._pose({path: pictures[path] for path in paths if path in pictures})
        said["parsing new"] += self._parse({path: pictures[path] for path in unparsed if path in pictures})
        everything = [path for paths in job for path in paths]
        if self.wanted.silhouettes:
            said["silhouettes new"] += sum(map(self._silhouette, everything))
        for kind in self.wanted.kinds:
            said[f"{kind} found"] += sum(self.annotations.place(path, kind).exists() for path in everything)
        said["pictures"] += len(everything)
        return said

    def _known(self, kind: Kind, path: Path) -> bool:
        return self.ledgers[kind].has(self._name(path)) or self.annotations.place(path, kind).exists()

    def _name(self, path: Path) -> str:
        return path.relative_to(self.annotations.root).as_posix()

    def _read(self, path: Path) -> Image | None:
        try:
            return read_picture(path)
        except DataSetInvalid as error:
            if not self.wanted.skip_damaged:
                raise
            _log.warning("skipped: %s", error)
            return None

    def _pose(self, pictures: Mapping[Path, Image]) -> int:
        """How many were written."""
        if self.estimator is None or not pictures:
            return 0
        try:
            poses = self.estimator.estimate(_tracklet(tuple(pictures.values()), self.wanted.fps))
        except RecordInvalid as error:  # this tracklet is at fault; the next run looks at it again
            _log.warning("%s: %s", next(iter(pictures)), error)
            return 0
        return self._write("poses", pictures, poses, self.annotations.write_pose)

    def _parse(self, pictures: Mapping[Path, Image]) -> int:
        if self.parser is None or not pictures:
            return 0
        parsed = self.parser.parse(list(pictures.values()), list(pictures))
        return self._write("parsing", pictures, parsed, self.annotations.write_parsing)

    def _write(
        self, kind: Kind, paths: Iterable[Path], answers: Sequence[T | None], write: Callable[[Path, T], None]
    ) -> int:
        new, nothing = 0, []
        for path, answer in zip(paths, answers, strict=True):
            if self._known(kind, path):
                continue
            if answer is None:
                nothing.append(self._name(path))
            else:
                write(path, answer)
                new += 1
        self.ledgers[kind].add(nothing)
        return new

    def _silhouette(self, path: Path) -> bool:
        """Whether it was written: there was none, and somebody is parsed."""
        if self.annotations.place(path, "silhouettes").exists():
            return False
        mask = self.annotations.silhouette(path)
        if mask is not None:
            self.annotations.write_silhouette(path, mask)
        return mask is not None


def _jobs(data: DataSet, tracklets: Sequence[Paths]) -> Iterator[Sequence[Paths]]:
    together = _TOGETHER if data.kind == "image" else 1
    for start in range(0, len(tracklets), together):
        yield tracklets[start : start + together]


def _through(annotators: Sequence[_Annotator], jobs: Iterable[Sequence[Paths]]) -> Iterator[Counter[str]]:
    """In no order. Decoding, MediaPipe's process and ONNX all leave Python free meanwhile, so threads are enough."""
    free: SimpleQueue[_Annotator] = SimpleQueue()
    for each in annotators:
        free.put(each)

    def run(job: Sequence[Paths]) -> Counter[str]:
        annotator = free.get()
        try:
            return annotator.annotate(job)
        finally:
            free.put(annotator)

    pool = ThreadPoolExecutor(len(annotators))
    try:
        for done in as_completed([pool.submit(run, job) for job in jobs]):
            yield done.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _tracklet(pictures: Sequence[Image], fps: float) -> Tracklet:
    shots = tuple(
        Shot(time=i / fps, crop=crop, box=Box(0, 0, crop.shape[1], crop.shape[0]), score=1.0, quality=1.0)
        for i, crop in enumerate(pictures)
    )
    name = TrackletId(CameraId("dataset"), Epoch("0"), TrackNumber(0), 0)
    return Tracklet(name, shots, shots[0].time, shots[-1].time)


def _estimator(use: PluginUse | None) -> PoseEstimator | None:
    return None if use is None else cast(PoseEstimator, registry.build("poses", use))


def _parser(use: PluginUse | None) -> HumanParser | None:
    return None if use is None else cast(HumanParser, registry.build("parsers", use))


def _ledgers(cache: Path, wanted: Wanted) -> dict[Kind, Ledger]:
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigInvalid(f"--cache: {cache} cannot be made ({error.strerror})") from error
    uses: dict[Kind, PluginUse | None] = {"poses": wanted.pose, "parsing": wanted.parser}
    return {kind: Ledger(_ledger(cache, kind), use) for kind, use in uses.items() if use}


def _ledger(cache: Path, kind: Kind) -> Path:
    return cache / f"{kind}.txt"


def _forget(annotations: Annotations, tracklets: Sequence[Paths], kinds: Sequence[Kind]) -> None:
    """All at once and before the first is made again: a killed run must not leave old ones among the new."""
    try:
        for kind in kinds:
            _ledger(annotations.cache, kind).unlink(missing_ok=True)
            for paths in tracklets:
                for path in paths:
                    annotations.place(path, kind).unlink(missing_ok=True)
    except OSError as error:
        raise ConfigInvalid(f"--again: {error.filename} cannot be deleted ({error.strerror})") from error


def _check_parsed(annotations: Annotations, tracklets: Sequence[Paths]) -> None:
    if not any(annotations.place(path, "parsing").exists() for paths in tracklets for path in paths):
        raise ConfigInvalid(
            f"--silhouettes: nobody is parsed in {annotations.cache}; say who parses, as --parser pose or --parser onnx"
        )
