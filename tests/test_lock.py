"""requirements.lock has what pyproject.toml asks for, each with its hashes."""

import re
import tomllib
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCKED = (ROOT / "requirements.lock").read_text()


def locked() -> dict[str, list[str]]:
    """Return the versions of each package; several where platforms differ."""
    found: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", LOCKED, re.MULTILINE):
        found.setdefault(canonicalize_name(name), []).append(version)
    return found


def wanted() -> list[Requirement]:
    """Return the dependencies of the program, of every extra, and of the tests."""
    texts = [*PROJECT["dependencies"], *(text for extra in PROJECT["optional-dependencies"].values() for text in extra)]
    return [found for text in texts if (found := Requirement(text)).name != PROJECT["name"]]


def test_every_dependency_is_locked_within_its_bounds() -> None:
    versions = locked()
    missing = [
        str(each)
        for each in wanted()
        if not any(each.specifier.contains(version) for version in versions.get(canonicalize_name(each.name), []))
    ]
    assert not missing, "requirements.lock is older than pyproject.toml: CONTRIBUTING.md has the command"


def test_so_are_the_dependencies_of_those() -> None:
    versions = locked()
    asked = {name: requires for name in versions if (requires := _requires(name)) is not None}
    assert len(asked) > 50
    missing = {
        (name, each.name)
        for name, requires in asked.items()
        for each in requires
        if (each.marker is None or each.marker.evaluate({"extra": ""})) and canonicalize_name(each.name) not in versions
    }
    assert not missing


def test_each_has_hashes() -> None:
    blocks = re.split(r"\n(?=[\w.-]+==)", LOCKED)[1:]
    assert len(blocks) >= len(locked())
    assert all("--hash=sha256:" in block for block in blocks)


def _requires(name: str) -> list[Requirement] | None:
    """Return what an installed package asks for; None if it is not installed."""
    try:
        return [Requirement(text) for text in metadata.requires(name) or []]
    except metadata.PackageNotFoundError:
        return None
