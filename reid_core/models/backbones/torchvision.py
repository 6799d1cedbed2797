"""torchvision's ImageNet weights by name: out of the cache, or by its official download."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from reid_core.errors import CheckpointInvalid, LinkUnavailable
from reid_core.models.cache import arriving, cache_folder
from reid_core.models.download import download
from reid_core.protocols import Report


@dataclass(frozen=True, slots=True)
class TorchvisionFile:
    """Implements protocols.ModelFile. Its publisher puts the first 8 digits of the sha256 into the file's name."""

    name: str
    file: str
    size_bytes: int
    licence: str = "BSD-3-Clause (torchvision); trained on ImageNet, whose own terms are for research"
    sha256: str | None = None

    @property
    def purpose(self) -> str:
        return f"training: {self.name} as ImageNet left it"

    @property
    def sources(self) -> tuple[str, ...]:
        return (f"https://download.pytorch.org/models/{self.file}",)

    def path(self) -> Path | None:
        path = cache_folder() / self.file
        return path if path.is_file() else None

    def fetch(self, report: Report) -> Path:
        place = cache_folder() / self.file
        try:
            with arriving(place) as part:
                most = 2 * self.size_bytes
                download(self.sources[0], part, sha256=None, most_bytes=most, report=report)
                self._check(part)
        except LinkUnavailable as error:
            raise CheckpointInvalid(
                f"{self.name} cannot be fetched ({error}); fetch {self.sources[0]} on another machine and give the "
                f"file's path, or put it here: {place}"
            ) from error
        return place

    def _check(self, part: Path) -> None:
        with part.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        expected = Path(self.file).stem.rpartition("-")[2]
        if not found.startswith(expected):
            raise CheckpointInvalid(f"{self.sources[0]}: expected sha256 {expected}..., found {found}")


RESNET18 = TorchvisionFile("resnet18", "resnet18-f37072fd.pth", 46_830_571)
RESNET50 = TorchvisionFile("resnet50", "resnet50-0676ba61.pth", 102_530_333)  # IMAGENET1K_V1, as papers used
NAMED = (RESNET18, RESNET50)


def torchvision_path(source: str | Path) -> Path:
    """Of a name the file in the cache, fetched where it lacks; else the source is a path already."""
    for each in NAMED:
        if each.name == str(source):
            return each.path() or each.fetch(lambda _what, _done, _total: None)
    return Path(source).expanduser()
