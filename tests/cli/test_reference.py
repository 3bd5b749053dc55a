"""docs/commands.md is generated from the command line."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from assistant.cli.app import app
from assistant.cli.reference import commands_page

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == commands_page(), "run `.ci/docs`"


@pytest.mark.parametrize("command", ["run", "transcribe", "say", "volume", "service install"])
def test_every_option_of_the_help_is_on_the_page(command: str) -> None:
    section = commands_page().partition(f"## assistant {command}\n")[2].partition("\n## ")[0]
    helped = CliRunner().invoke(app, [*command.split(), "--help"], env={"COLUMNS": "200", "TERM": "dumb"}).output
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", helped)) - {"--help"}
    assert options
    assert not {option for option in options if option not in section}


def test_an_argument_shows_its_range_and_an_option_its_choices() -> None:
    assert "| `[PERCENT]` | 0 to 100. (0 to 100) |" in commands_page()
    assert "`--priority low\\|normal\\|high`" in commands_page()
