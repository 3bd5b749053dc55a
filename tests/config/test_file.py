"""Reading the configuration and saying what is wrong with it."""

import os
import threading
import time
from pathlib import Path

import pytest

from assistant.config import file as config_file
from assistant.config.schema import Config, Wake
from assistant.errors import AssistantError, Code


def test_the_printed_default_is_the_default() -> None:
    assert config_file.parse(config_file.render_default(), "default") == Config()


def test_every_key_of_the_printed_default_has_a_comment_above_it() -> None:
    lines = config_file.render_default().splitlines()
    keys = [number for number, line in enumerate(lines) if line and not line.lstrip().startswith("#")]
    assert len(keys) > 25
    for number in keys:
        assert lines[number - 1].lstrip().startswith("# "), lines[number]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("asr: {modle: x}", "f.yaml:1: asr.modle: unknown key; expected one of model, language"),
        ("turns: {certainty: 0.983}", "f.yaml:1: turns.certainty: renamed to turns.end_threshold"),
        ("noise: {}", "f.yaml:1: noise: unknown key; expected one of audio, wake, turns, asr"),
        ("turns: {endpoint_ms: fast}", "f.yaml:1: turns.endpoint_ms: expected `int`, got `str`"),
        ("turns: {threshold: 2}", "f.yaml:1: turns.threshold: expected `float` <= 0.95"),
        ("turns: {soft_end_ms: 900}", "f.yaml:1: turns: expected soft_end_ms (900) <= complete_ms (200)"),
        ("turns: {complete_ms: 1300}", "f.yaml:1: turns: expected complete_ms (1300) <= incomplete_ms (1200)"),
        (
            "turns: {mode: silence, soft_end_ms: 900}",
            "f.yaml:1: turns: expected soft_end_ms (900) <= endpoint_ms (480)",
        ),
        ("llm: {device: tpu}", "f.yaml:1: llm.device: invalid enum value 'tpu'"),
        ("audio: {input: none}", "f.yaml:1: audio.input: none needs output: none (a machine without a sound card)"),
        ("audio: {input: USB, output: none}", "f.yaml:1: audio.output: none needs input: none"),
        (
            "audio: {input: ~, output: ~}",
            "f.yaml:1: audio.input: expected `str`, got nothing (leave the key out for its",
        ),
        ("wake: 5", "f.yaml:1: wake: expected none or a mapping, got `int`"),
        ("wake: sleep", "f.yaml:1: wake: "),
        ("wake: {words: {}}", "f.yaml:1: wake.words: expected a mapping of length >= 1"),
        ("sound: {quiet_hours: night}", "f.yaml:1: sound: expected hours such as '22:00-07:00', got 'night'"),
        ("asr: loud", "f.yaml:1: asr: expected a mapping, got `str`"),
        ("- 1", "f.yaml:1: top level: expected a mapping, got a list"),
        ("asr: [", "f.yaml:1:7: not YAML: "),
        ("[" * 5000, "f.yaml:1: nested more than 16 deep"),
    ],
)
def test_a_mistake_is_one_line_with_file_key_and_expectation(text: str, message: str) -> None:
    with pytest.raises(AssistantError) as caught:
        config_file.parse(text, "f.yaml")
    assert caught.value.code == Code.CONFIG_INVALID
    assert caught.value.exit_status == 2
    assert caught.value.message.startswith(message)
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("text", ["", "# nothing\n", "asr:\n  # language: de\n"])
def test_what_is_left_out_is_the_default(text: str) -> None:
    assert config_file.parse(text, "f.yaml") == Config()


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(AssistantError, match="config show --default") as caught:
        config_file.load(tmp_path / "none.yaml")
    assert caught.value.code == Code.CONFIG_MISSING


def test_without_a_file_in_the_usual_place_the_default_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ASSISTANT_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert config_file.load(None) == Config()
    (tmp_path / "assistant").mkdir()
    (tmp_path / "assistant" / "config.yaml").write_text("asr: {language: de}")
    assert config_file.load(None).asr.language == "de"


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "binary.yaml").write_bytes(b"asr: \xff\xfe")
    with pytest.raises(AssistantError, match=r"not UTF-8 \(byte 5\)"):
        config_file.load(tmp_path / "binary.yaml")


def test_a_folder_is_not_a_configuration(tmp_path: Path) -> None:
    with pytest.raises(AssistantError, match="cannot be read"):
        config_file.load(tmp_path)


def test_listening_to_everything_is_one_word() -> None:
    assert config_file.parse("wake: none", "f.yaml").wake == "none"


def test_a_machine_without_a_sound_card_names_no_device() -> None:
    assert Config().audio.has_sound
    assert config_file.parse("audio: {input: USB, output: HDMI}", "f.yaml").audio.has_sound
    assert not config_file.parse("audio: {input: none, output: none}", "f.yaml").audio.has_sound


def test_a_command_line_cannot_take_one_device_away() -> None:
    with pytest.raises(AssistantError, match=r"command line: audio.output: none needs input: none"):
        config_file.override(Config(), "audio", "output", "none")


def test_wake_words_have_a_threshold_each() -> None:
    wake = config_file.parse("wake: {words: {alexa: auto, /my/word.tflite: 0.4}}", "f.yaml").wake
    assert isinstance(wake, Wake)
    assert wake.words == {"alexa": "auto", "/my/word.tflite": 0.4}


def test_the_command_line_names_another_wake_word() -> None:
    wake = config_file.with_wake_word(Config(wake=Wake(words={"alexa": 0.7}, listen_s=3)), "hey_jarvis").wake
    assert wake == Wake(words={"hey_jarvis": "auto"}, listen_s=3)
    assert config_file.with_wake_word(Config(), "none").wake == "none"
    assert config_file.with_wake_word(Config(wake="none"), "alexa").wake == Wake(words={"alexa": "auto"})


def test_a_pipe_is_read_as_a_file_is(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("wake: none\n",))
    writer.start()
    time.sleep(0.1)
    assert config_file.load(pipe).wake == "none"
    writer.join()


def test_a_pipe_that_nobody_closes_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config_file, "READ_S", 0.05)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for open_it in (False, True):
        held = os.open(pipe, os.O_RDWR) if open_it else None
        with pytest.raises(AssistantError, match="not come to its end") as caught:
            config_file.load(pipe)
        assert caught.value.code is Code.CONFIG_MISSING
        if held is not None:
            os.close(held)


@pytest.mark.parametrize(
    "nested", ["a: " + "[" * 5000, "- " * 5000, "a:\n  " + "{a: " * 5000, "a:\n- [[1, [" + "[" * 20]
)
def test_what_is_nested_more_deeply_than_any_value_is_refused_before_it_is_read(nested: str) -> None:
    with pytest.raises(AssistantError, match=r"file:\d: nested more than 16 deep") as error:
        config_file.parse(nested, "file")
    assert error.value.code is Code.CONFIG_INVALID


def test_a_file_that_is_too_large_is_none_and_a_folder_neither(tmp_path: Path) -> None:
    large = tmp_path / "large.yaml"
    large.write_text("#" * (config_file.MAX_BYTES + 1))
    with pytest.raises(AssistantError, match="so not a configuration file"):
        config_file.load(large)
    with pytest.raises(AssistantError, match="cannot be read: Is a directory"):
        config_file.load(tmp_path)
