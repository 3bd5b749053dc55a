"""A short run of the fuzzer in every check; long ones are for the desk (see `tests/fuzz/`)."""

import subprocess
import sys
from pathlib import Path

import pytest

RUNS = {
    "config": 2_000,
    "decoder": 300,
    "ipc-session": 100,
    "openai": 20_000,
    "reply": 10_000,
    "rpc": 50_000,
    "speakable": 10_000,
    "state": 200,
    "wyoming": 5_000,
    "wyoming-session": 500,
}
"""Five to ten seconds each."""


@pytest.mark.parametrize(("target", "runs"), RUNS.items())
def test_nothing_that_is_sent_breaks_the_parser(target: str, runs: int, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", target, f"-runs={runs}", f"-artifact_prefix={tmp_path}/"],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"Done {runs} runs" in done.stderr
