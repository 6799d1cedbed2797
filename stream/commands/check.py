"""`restride check`: is this configuration right, and does every camera answer?"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from reid_core.errors import RestrideError, SourceUnavailable, Unavailable, redacted
from stream import build
from stream.commands.unmet_names import unmet_names
from stream.settings import CameraSettings, Settings, need_cameras, read_settings
from stream.store.open import open_kept


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    words: str
    exit_code: int  # 0 well, 1 away, 2 wrong
    odd: bool = False  # well, as far as can be told: a person should look at it


def check(config: Path) -> int:
    """The worst exit code of all findings."""
    settings = read_settings(config)
    need_cameras(settings, config)
    console = Console(highlight=False)
    console.print(f"{config}: cameras {len(settings.cameras)}, namespace {settings.namespace}", soft_wrap=True)
    worst = 0
    for finding in _findings(settings):
        console.print(_mark(finding), Text(f"{finding.name}: {finding.words}"), soft_wrap=True)
        worst = max(worst, finding.exit_code)
    return worst


def _mark(finding: Finding) -> Text:
    if finding.odd:
        return Text("look ", "yellow")
    return {0: Text("ok   ", "green"), 1: Text("away ", "yellow"), 2: Text("wrong", "red")}[finding.exit_code]


def _findings(settings: Settings) -> Iterator[Finding]:
    with ThreadPoolExecutor(max_workers=32) as threads:  # cameras that do not answer take their time all at once
        cameras = [threads.submit(_find, f"camera {each.name}", _camera(each)) for each in settings.cameras]
        yield _find(f"detector {settings.detector.use}", lambda: _made(build.make_detector(settings)))
        yield _find(f"tracker {settings.tracker.use}", lambda: _made(build.make_tracker(settings.tracker)))
        yield _find(f"branch {settings.branch.use}", lambda: _made(build.make_branch(settings)))
        yield _find(f"store {redacted(settings.store)}", lambda: _store(settings))
        for key, words in unmet_names(settings):
            yield Finding(key, words, 0, odd=True)
        for camera in cameras:
            yield camera.result()


def _find(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, look(), 0)
    except RestrideError as error:
        words = redacted(str(error)).removeprefix(f"{name}: ")  # sources name their camera themselves
        return Finding(name, words, 1 if isinstance(error, Unavailable) else 2)


def _made(thing: object) -> str:
    return f"{type(thing).__name__} is ready"


def _store(settings: Settings) -> str:
    store = open_kept(settings.store, settings.namespace)
    if store is None:
        return "no store there yet; the identity service will make it"
    with closing(store):
        return f"{len(store.identities())} identities"


def _camera(settings: CameraSettings) -> Callable[[], str]:
    def first_frame() -> str:
        begin = time.monotonic()
        with closing(build.make_source(settings)) as source:
            frame = next(source.frames(), None)
        if frame is None:
            raise SourceUnavailable(f"camera {settings.name}: it opened and gave no frame")
        height, width = frame.image.shape[:2]
        return f"{width}x{height}, first frame after {time.monotonic() - begin:.1f} s"

    return first_frame
