"""`assistant config` at the shell."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml


def assistant(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "assistant", *arguments], capture_output=True, text=True, check=False)


def test_the_default_is_yaml_that_its_own_check_accepts(tmp_path: Path) -> None:
    shown = assistant("config", "show", "--default")
    assert shown.returncode == 0
    file = tmp_path / "config.yaml"
    file.write_text(shown.stdout)
    checked = assistant("config", "check", str(file))
    assert (checked.returncode, checked.stdout) == (0, f"{file}: ok\n")


def test_what_is_in_use_has_the_values_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("asr: {language: de}")
    shown = yaml.safe_load(assistant("config", "show", "--config", str(file)).stdout)
    assert shown["asr"]["language"] == "de"
    assert shown["tts"]["voice"] == "en_US-joe-medium"


def test_a_mistake_is_one_line_and_exit_status_2(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("asr: {lanugage: de}")
    for command in (["config", "check", str(file)], ["run", "--config", str(file)], ["demo", "--config", str(file)]):
        failed = assistant(*command)
        assert failed.returncode == 2
        assert failed.stdout == ""
        assert len(failed.stderr.splitlines()) == 1
        assert failed.stderr.startswith(f"error: config.invalid: {file}:1: asr.lanugage: unknown key; expected one of")


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("asr: {model: whisper-baes}", "model.unknown: {file}: asr.model: "),
        ("tts: {voice: ./none.onnx}", "model.missing: {file}: tts.voice: "),
        ("llm: {model: en_US-joe-medium}", "model.unknown: {file}: llm.model: "),
    ],
)
def test_an_unknown_model_is_reported_with_its_key(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text)
    failed = assistant("config", "check", str(file))
    assert failed.returncode == 2
    assert len(failed.stderr.splitlines()) == 1
    assert failed.stderr.startswith("error: " + message.format(file=file))


def test_every_command_has_a_help_text_that_loads_no_model() -> None:
    commands = ("demo", "run", "transcribe", "bench", "devices", "models", "config")
    with ThreadPoolExecutor() as side_by_side:
        for helped in side_by_side.map(lambda command: assistant(command, "--help"), commands):
            assert helped.returncode == 0, helped.stderr
            assert "Usage" in helped.stdout
