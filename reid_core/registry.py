"""Find a plugin by kind and name among the installed packages' entry points, and build it.

The kinds are plural: sources detectors trackers poses branches runtimes. Only the named plugin is imported.
"""

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from reid_core.errors import ConfigInvalid, PluginNotFound
from reid_core.options import PluginUse, convert_options


def installed(kind: str) -> tuple[EntryPoint, ...]:
    return tuple(sorted(entry_points(group=f"restride.{kind}"), key=lambda point: (point.name, point.value)))


def find(kind: str, name: str) -> Any:
    matches = {point.value: point for point in installed(kind) if point.name == name}
    if not matches:
        names = ", ".join(dict.fromkeys(point.name for point in installed(kind)))
        raise PluginNotFound(f"no {kind} named {name!r}; installed: {names or 'none'}")
    if len(matches) > 1:
        raise ConfigInvalid(f"{kind} {name!r} is claimed by {' and '.join(matches)}; uninstall one of them")
    [point] = matches.values()
    try:
        return point.load()
    except (ImportError, AttributeError) as error:  # the second: the module has nothing of that name
        raise PluginNotFound(f"{kind} {name!r} cannot be loaded: {error}") from error


def build(kind: str, wanted: PluginUse, *more: Any) -> Any:
    """The plugin, made from its options; `more` is what its kind is given besides."""
    plugin = find(kind, wanted.use)
    return plugin(convert_options(wanted.options, plugin.Options, where=f"{kind} {wanted.use}: options"), *more)
