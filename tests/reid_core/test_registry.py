"""Plugins by name, from distributions that really stand on sys.path."""

from pathlib import Path

import pytest

from reid_core import registry
from reid_core.errors import ConfigInvalid, PluginNotFound
from reid_core.options import PluginUse

GOOD = """
from reid_core.options import Options

class Ours:
    class Options(Options, frozen=True):
        size: int = 3

    def __init__(self, options, *more):
        self.options, self.more = options, more
"""


@pytest.fixture
def site_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def install(folder: Path, distribution: str, entry: str, module: str = "", code: str = "") -> None:
    """What pip leaves behind: a dist-info with entry points, and a module."""
    info = folder / f"{distribution}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[restride.gadgets]\n{entry}\n")
    if module:
        (folder / f"{module}.py").write_text(code)


def test_a_plugin_of_somebody_else_is_found_and_built(site_packages: Path) -> None:
    install(site_packages, "alpha", "one = alpha_plugin:Ours", "alpha_plugin", GOOD)
    made = registry.build("gadgets", PluginUse(use="one", options={"size": 5}), "door")
    assert (made.options.size, made.more) == (5, ("door",))
    assert registry.build("gadgets", PluginUse(use="one")).options.size == 3
    assert [point.name for point in registry.installed("gadgets")] == ["one"]


def test_only_the_named_plugin_is_imported(site_packages: Path) -> None:
    install(site_packages, "alpha", "one = alpha_only:Ours\ntwo = never_imported:Ours", "alpha_only", GOOD)
    (site_packages / "never_imported.py").write_text("raise SystemExit('imported')")
    assert registry.find("gadgets", "one").__name__ == "Ours"


def test_an_unknown_name_lists_what_is_installed(site_packages: Path) -> None:
    install(site_packages, "alpha", "two = a:B\none = a:B")
    with pytest.raises(PluginNotFound, match=r"^no gadgets named 'on'; installed: one, two$"):
        registry.find("gadgets", "on")


def test_a_kind_that_has_none_says_so() -> None:
    with pytest.raises(PluginNotFound, match=r"^no widgets named 'x'; installed: none$"):
        registry.find("widgets", "x")


def test_two_claims_to_a_name_are_an_error(site_packages: Path) -> None:
    install(site_packages, "alpha", "one = alpha_claims:Ours")
    install(site_packages, "beta", "one = beta_claims:Ours")
    with pytest.raises(ConfigInvalid) as caught:
        registry.find("gadgets", "one")
    assert str(caught.value) == (
        "gadgets 'one' is claimed by alpha_claims:Ours and beta_claims:Ours; uninstall one of them"
    )


def test_the_same_plugin_seen_twice_is_one(site_packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An editable install stands beside the checkout's own egg-info."""
    install(site_packages, "alpha", "one = alpha_twice:Ours", "alpha_twice", GOOD)
    other = site_packages / "other"
    other.mkdir()
    install(other, "alpha_again", "one = alpha_twice:Ours")
    monkeypatch.syspath_prepend(str(other))
    assert registry.find("gadgets", "one").__name__ == "Ours"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import a_library_that_is_not_there", "No module named 'a_library_that_is_not_there'"),
        (
            "try:\n    import a_library_that_is_not_there\nexcept ImportError as error:\n"
            "    raise ImportError(\"pip install 'restride[onnx]'\") from error",
            r"pip install 'restride\[onnx\]'",
        ),
        ("class Other: pass", "has no attribute 'Ours'"),
    ],
    ids=["library missing", "extra named", "class missing"],
)
def test_a_plugin_that_cannot_be_loaded_says_why(
    site_packages: Path, request: pytest.FixtureRequest, code: str, message: str
) -> None:
    module = f"broken_{abs(hash(request.node.name))}"
    install(site_packages, "alpha", f"one = {module}:Ours", module, code)
    with pytest.raises(PluginNotFound, match=rf"gadgets 'one' cannot be loaded: .*{message}"):
        registry.find("gadgets", "one")


def test_wrong_options_name_the_plugin(site_packages: Path) -> None:
    install(site_packages, "alpha", "one = alpha_options:Ours", "alpha_options", GOOD)
    with pytest.raises(ConfigInvalid, match=r"^gadgets one: options: siz: unknown key; did you mean 'size'\?$"):
        registry.build("gadgets", PluginUse(use="one", options={"siz": 5}))


def test_our_own_plugins_are_registered() -> None:
    names = {kind: {point.name for point in registry.installed(kind)} for kind in ("sources", "trackers", "stores")}
    assert {"video", "folder"} <= names["sources"]
    assert "bytetrack" in names["trackers"]
    assert {"sqlite", "redis"} <= names["stores"]
