"""The Dockerfile and docker-compose.yml fit the rest of the repository; building them needs an engine."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.architecture import PACKAGES

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


@pytest.fixture
def services() -> dict[str, Any]:
    compose: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return dict(compose["services"])


def test_the_image_holds_all_packages_and_nothing_that_is_not_there() -> None:
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    ]
    assert {*PACKAGES, "configs", "pyproject.toml", "constraints.txt", "LICENSE", "README.md"} == set(copied)
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignored
    for source in copied:
        assert (ROOT / source).exists(), source
        assert f"!{source}" in ignored, f".dockerignore keeps {source} out"


def test_the_image_does_not_run_as_root() -> None:
    runtime = DOCKERFILE.partition(" AS runtime")[2]
    assert re.search(r"^USER restride$", runtime, re.MULTILINE)


def test_each_service_is_built_from_a_target_that_runs_its_command(services: dict[str, Any]) -> None:
    assert {"redis", "identity", "worker"} <= set(services)
    for name in ("identity", "worker"):
        target = services[name]["build"]["target"]
        stage = DOCKERFILE.partition(f"FROM runtime AS {target}\n")[2].partition("\nFROM ")[0]
        [mounted] = re.findall(rf'^CMD \["{name}", "(.+)"\]$', stage, re.MULTILINE)
        assert f"${{RESTRIDE_SITE:-./configs/site.yaml}}:{mounted}:ro" in services[name]["volumes"]
    assert (ROOT / "configs" / "site.yaml").is_file()


def test_what_a_site_knows_survives_a_restart(services: dict[str, Any]) -> None:
    command = services["redis"]["command"]
    options = dict(zip(command[1::2], command[2::2], strict=True))
    assert options["--appendonly"] == "yes"
    assert options["--maxmemory-policy"] == "noeviction"
    for name, folder in (("redis", "/data"), ("identity", "/var/lib/restride"), ("worker", "/var/lib/restride")):
        assert f"{name}:{folder}" in services[name]["volumes"]


def test_nothing_is_open_to_other_machines(services: dict[str, Any]) -> None:
    """The parts meet on the loopback of the machine's own network."""
    command = services["redis"]["command"]
    assert command[command.index("--bind") + 1] == "127.0.0.1"
    site = yaml.safe_load((ROOT / "configs" / "site.yaml").read_text(encoding="utf-8"))
    for address in site.get("link", {}).values():
        assert str(address).startswith("tcp://127.0.0.1:")
    for name, service in services.items():
        assert "ports" not in service, name
