"""What the benchmark may import."""

import re
from pathlib import Path

import assistant.bench
import assistant.cli.bench


def test_the_benchmark_imports_nothing_from_the_tests() -> None:
    folders = [Path(package.__path__[0]) for package in (assistant.bench, assistant.cli.bench)]
    paths = [path for folder in folders for path in folder.rglob("*.py")]
    assert len(paths) > 40
    assert [path for path in paths if re.search(r"^\s*(from|import) tests\b", path.read_text(), re.M)] == []
