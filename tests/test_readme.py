"""The examples of the README do what it says, word by word."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.client.background import ANSWER, Background, environment

README = Path(__file__).parents[1] / "README.md"
EXPECTED = {"say": "The washing is done.", "ask": ANSWER, "python3": ANSWER, "node": "listening"}
"""What each example prints, by a word that only it has."""


def examples() -> list[str]:
    """The lines of the first block of shell commands after the heading."""
    section = README.read_text(encoding="utf-8").partition("## Other programs")[2]
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
