"""Options of a plugin on the command line: KEY=VALUE, several times, or a small YAML file."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from reid_core.errors import ConfigInvalid
from reid_core.options import read_options


def values(given: Iterable[str], flag: str) -> dict[str, Any]:
    """Each VALUE is YAML; a later one of the same key wins. `flag` begins the message of what is wrong."""
    found: dict[str, Any] = {}
    for each in given:
        key, equals, value = each.partition("=")
        if not equals and Path(each).suffix in {".yaml", ".yml"}:
            found |= read_options(Path(each).expanduser(), dict[str, Any])
            continue
        if not equals:
            raise ConfigInvalid(f"{flag}: expected KEY=VALUE, found {each!r}")
        try:
            found[key] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise ConfigInvalid(f"{flag} {key}: not YAML: {value!r}") from error
    return found
