"""docs/configuration.md is generated from the structs of the configuration."""

from pathlib import Path

import msgspec

from assistant.config.reference import configuration_page
from assistant.config.schema import Config

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == configuration_page(), "run `.ci/docs`"


def test_every_key_has_a_row_under_its_section() -> None:
    sections = {part.partition("\n")[0]: part for part in configuration_page().split("\n## ")[1:]}
    for name, section in msgspec.to_builtins(Config()).items():
        for key in section:
            assert f"\n| `{key}` | " in sections[name]


def test_a_row_has_default_allowed_values_and_meaning() -> None:
    page = configuration_page()
    assert "| `volume` | `1.0` | 0 to 1 | Loudness of everything it plays, 0 to 1. |" in page
    assert "| `mode` | `semantic` | `semantic`, `silence` | " in page
    assert "mapping from text to number between 0 and 1 or `auto`" in page
