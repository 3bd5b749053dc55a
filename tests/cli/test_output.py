"""What commands print as JSON."""

import json
from pathlib import Path

import msgspec
import pytest

from assistant.cli.output import print_json

CLI = Path(__file__).parents[2] / "assistant" / "cli"


class Answer(msgspec.Struct):
    text: str


@pytest.mark.parametrize("indent", [0, 2])
def test_nothing_in_it_controls_the_terminal(indent: int, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "a\x1b[2J\x9b31m\u202e\n\x07é"
    print_json([Answer(hostile)], indent=indent)
    printed = capsys.readouterr().out
    assert not set("\x1b\x9b\u202e\x07") & set(printed)
    assert json.loads(printed) == [{"text": hostile}]
    assert printed.count("\n") == (5 if indent else 1)


def test_no_command_prints_it_in_another_way() -> None:
    sources = {path: path.read_text() for path in CLI.rglob("*.py") if path.name != "output.py"}
    assert len(sources) > 20
    assert [str(path) for path, text in sources.items() if "json.encode(" in text or "dumps(" in text] == []
