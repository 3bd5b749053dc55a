"""`assistant bench` with the real models, on a few recordings."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.bench.clips import Clip
from tests.programs import Ran, recording


def bench(*arguments: str, offline: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "assistant", "bench", *arguments, *["--offline"] * offline]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment)


def of(*names: str) -> list[str]:
    """The options that choose these recordings."""
    return [argument for name in names for argument in ("--clips", recording(name))]


@pytest.mark.program(
    *("bench", "conversation", "--offline", "--minutes", "0.1", "--json"),
    *of("q_what_time_is_it_r3", "cmd_coffee_s2i13", "wake_okay_nabu_pmw1"),
)
def test_turn_taking_is_measured_in_a_room_with_an_echo(ran: Ran) -> None:
    assert ran.returncode == 0, ran.stderr
    report = json.loads(ran.stdout)
    summary = report["summary"]
    assert summary["wake_hit_rate"] == 1
    assert summary["false_wakes_per_hour"] == 0
    assert summary["pauses"] == 1
    assert summary["stretched_pauses"] == 2
    assert summary["endpoint_delay_ms"]["median"] > 0
    assert summary["barge_ins"] == 1
    assert summary["backchannels"] == 6
    assert summary["own_speech_s"] >= 6
    assert summary["self_interruptions"] == summary["self_wakes"] == 0
    measures = {trial["measure"] for trial in report["trials"]}
    assert measures == {"wake", "pause", "long_pause", "endpoint", "barge_in", "backchannel"}


@pytest.mark.program("bench", "soak", "--offline", "--minutes", "0.6", "--json", "--plot", "soak.svg")
def test_a_daemon_is_measured_while_it_is_talked_to(ran: Ran) -> None:
    assert ran.returncode == 0, ran.stderr
    report = json.loads(ran.stdout)
    assert report["ended"] is None
    assert report["turns"] == len(report["exchanges"]) >= 1
    assert report["talk_s"] >= 18
    assert len(report["samples"]) > 24
    assert sum(row["turns"] for row in report["rows"]) <= report["turns"]
    for idle in (report["idle"]["start"], report["idle"]["end"]):
        assert idle["seconds"] >= 9
        assert 0 < idle["core"] < 1
        assert idle["threads"][0]["wakeups_per_s"] > 1
    assert report["trends"]["memory_mb"]["low"] <= report["trends"]["memory_mb"]["high"]
    assert "voice-to-voice" in (ran.folder / "soak.svg").read_text()


@pytest.mark.program(
    *("bench", "--offline", "--json", "--baseline", "sequential", "--plot", "waterfall.svg"),
    *of("q_what_time_is_it_r3", "cmd_yes"),
)
def test_both_pipelines_are_measured_on_the_same_clips_and_drawn(ran: Ran) -> None:
    assert ran.returncode == 0, ran.stderr
    report = json.loads(ran.stdout)
    rows, baseline = ([row["clip"] for row in part["clips"]] for part in (report, report["baseline"]))
    assert rows == baseline == ["q_what_time_is_it_r3", "cmd_yes"]
    assert [row["error"] for row in report["clips"]] == [None, None]
    ratio = report["summary"]["ratio_to_baseline"]
    assert 0 < ratio["low"] <= ratio["median"] <= ratio["high"]
    assert report["summary"]["speculation_hit_rate"] > 0
    assert report["summary"]["wer"] == 0
    assert "sequential" in (ran.folder / "waterfall.svg").read_text()


def test_a_plot_that_cannot_be_written_is_an_error_before_anything_is_measured(tmp_path: Path) -> None:
    done = bench("--plot", str(tmp_path / "nowhere" / "waterfall.svg"))
    assert done.returncode == 1
    assert done.stderr.startswith("error: output.unwritable: ")


def test_an_unknown_baseline_is_a_mistake_in_the_command() -> None:
    assert bench("--baseline", "magic").returncode == 2


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["conversation", "--baseline", "sequential"], "--baseline"),
        (["conversation", "--plot", "a.svg"], "--plot"),
        (["load", "--minutes", "1"], "--minutes"),
        (["soak", "--clients", "1"], "--clients"),
        (["speed", "--minutes", "1"], "--minutes"),
        (["--minutes", "1"], "--minutes"),
    ],
)
def test_an_option_of_another_suite_is_a_mistake_in_the_command(arguments: list[str], option: str) -> None:
    done = bench(*arguments)
    assert done.returncode == 2
    assert f"No such option: {option}" in done.stderr


@pytest.mark.parametrize("old", [["--suite", "soak"], ["--suite=soak"], ["--json", "--suite", "soak"]])
def test_the_suite_may_be_named_by_an_option(old: list[str]) -> None:
    done = bench(*old, "--clients", "1")
    assert done.returncode == 2
    assert "No such option: --clients" in done.stderr


def test_an_unknown_suite_is_a_mistake_in_the_command() -> None:
    done = bench("speeed")
    assert done.returncode == 2
    assert "No such command" in done.stderr


def test_the_help_of_the_group_lists_the_suites() -> None:
    done = bench("--help", offline=False)
    assert done.returncode == 0
    assert all(suite in done.stdout for suite in ("speed", "conversation", "answers", "load", "soak"))


def test_a_missing_library_is_an_error_before_anything_is_measured(tmp_path: Path) -> None:
    (tmp_path / "jiwer.py").write_text("raise ImportError")
    done = bench("speed", PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("error: bench.library_missing: ")
    assert "pip install 'assistant[bench]'" in done.stderr


@pytest.mark.usefixtures("models")
def test_the_cost_of_clients_is_measured(clips: dict[str, Clip]) -> None:
    done = bench("load", "--clients", "20", "--json", "--clips", str(clips["q_what_time_is_it_r3"].path))
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["quiet"]["clients"], report["loaded"]["clients"]) == (0, 20)
    for condition in (report["quiet"], report["loaded"]):
        assert condition["errors"] == 0
        assert condition["calls"] > 10
        assert condition["status_ms"]["median"] > 0
        assert condition["voice_to_voice_ms"]["median"] > 0
    assert report["ratio"]["low"] <= report["ratio"]["median"] <= report["ratio"]["high"]
    assert report["events_dropped"] == 0
