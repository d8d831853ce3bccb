"""requirements.lock: what `make` and the container install is exactly this, checked by hash."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DECLARED = [Requirement(line) for line in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]]
LOCKS = ["requirements.lock", "tools/uv.lock.txt"]


def read_entries(name: str) -> dict[str, str]:
    """Map each `name==version` of a lock to its whole entry."""
    text = (ROOT / name).read_text()
    return {
        entry.split()[0]: entry for entry in re.split(r"(?m)^(?=[A-Za-z])", text) if not entry.startswith("#")
    }


def read_versions() -> dict[str, Version]:
    pins = [pin.split("==") for pin in read_entries("requirements.lock")]
    return {canonicalize_name(name): Version(version) for name, version in pins}


def test_pillow_has_the_decoders_that_are_fixed() -> None:
    assert read_versions()["pillow"] >= Version("13")


@pytest.mark.parametrize("name", LOCKS)
def test_every_entry_is_pinned_and_has_a_hash(name: str) -> None:
    entries = read_entries(name)
    assert entries
    assert [pin for pin in entries if "==" not in pin] == []
    assert [pin for pin, entry in entries.items() if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("name", LOCKS)
def test_the_lock_names_no_registry_and_no_folder_of_a_machine(name: str) -> None:
    text = (ROOT / name).read_text()
    assert (
        re.findall(
            r"https?:|file:|--(?:extra-)?index-url|--find-links|\b(?:\w+\.)+(?:org|com|io|net)\b", text
        )
        == []
    )
    assert re.findall(r"(?m)(?:^|[\s'\"=])/\w+/\S*", text) == []


@pytest.mark.parametrize("requirement", DECLARED, ids=lambda requirement: requirement.name)
def test_every_declared_dependency_is_locked_within_its_bounds(requirement: Requirement) -> None:
    version = read_versions().get(canonicalize_name(requirement.name))
    assert version is not None, f"run make lock: {requirement.name} is missing"
    assert requirement.specifier.contains(version), f"run make lock: {requirement} is locked at {version}"


def test_the_build_backend_is_locked_so_that_the_wheel_builds_without_a_network() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    for requirement in map(Requirement, build):
        assert requirement.specifier.contains(read_versions()[canonicalize_name(requirement.name)])
