"""The documentation: its examples work, its links lead somewhere, and the README stays short."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.cli.reference import commands_page
from tests.client.background import ANSWER, Background, environment

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
MAX_README_LINES = 120

EXPECTED = {"say": "The washing is done.", "ask": ANSWER, "python3": ANSWER, "node": "listening"}
"""Output of each example of docs/ipc.md, by a word that only it contains."""


def examples() -> list[str]:
    """Return the lines of the first block of shell commands under "Examples"."""
    section = (ROOT / "docs" / "ipc.md").read_text(encoding="utf-8").partition("## Examples")[2]
    block = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert block is not None
    return block[1].splitlines()


@pytest.mark.parametrize("kind", sorted(EXPECTED))
def test_the_example(kind: str, tmp_path: Path) -> None:
    (command,) = (line for line in examples() if re.search(rf'^{kind}\b|"method": "{kind}"', line))
    daemon = Background(tmp_path)
    daemon.start()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    try:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            env=environment(daemon.path) | {"PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        daemon.end()
    assert done.returncode == 0, done.stderr
    assert EXPECTED[kind] in done.stdout


def test_every_example_is_tried() -> None:
    assert len(examples()) == len(EXPECTED)


def prose(page: Path) -> str:
    """Return `page` without its blocks of code and its code spans."""
    return re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)


def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings of `page`, as GitHub forms them."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)) if not re.match(r"\w+:", link)]
    for link in links:
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_relative_to(ROOT), link
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def test_every_page_is_linked_from_another() -> None:
    linked = {
        (page.parent / link.partition("#")[0]).resolve()
        for page in PAGES
        for link in re.findall(r"\]\(([^)\s]+)\)", prose(page))
        if link.partition("#")[0]
    }
    assert not {page for page in PAGES if page.parent.name == "docs"} - linked


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_of_the_program_that_is_named_exists(page: Path) -> None:
    named = re.findall(r"`((?:assistant|tests)/[\w/]+(?:\.py|/))`", page.read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []


def code(page: Path) -> list[str]:
    """Return the code spans of `page` and the lines of its blocks of code."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
    spans = re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    return [line for block in blocks for line in block.splitlines()] + spans


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=lambda page: page.name)
def test_every_command_in_an_example_exists(page: Path) -> None:
    existing = [name.split()[1:] for name in re.findall(r"^## (assistant .+)$", commands_page(), re.MULTILINE)]
    groups = {name[0] for name in existing if len(name) > 1}
    for line in code(page):
        for used in re.findall(r"(?:^|(?<=[\s/(]))assistant ((?:[a-z]+)(?: [a-z]+)?)", " ".join(line.split())):
            words = used.split()
            words = words if words[0] in groups else words[:1]
            assert words in [name[: len(words)] for name in existing], line


def test_the_readme_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= MAX_README_LINES
