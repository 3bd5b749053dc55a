"""What is written in YAML means what a person means, or is refused with its line and the right spelling."""

from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from assistant.config import file as config_file
from assistant.config.schema import Asr, BargeIn, Config
from assistant.errors import AssistantError, Code


def value(text: str, key: str) -> Any:
    """What the file `text` gives `key`."""
    content: Any = msgspec.to_builtins(config_file.parse(text, "f.yaml"))
    for name in key.split("."):
        content = content[name]
    return content


def refusal(text: str) -> str:
    with pytest.raises(AssistantError) as caught:
        config_file.parse(text, "f.yaml")
    assert caught.value.code is Code.CONFIG_INVALID
    assert "\n" not in caught.value.message
    return caught.value.message


@pytest.mark.parametrize(
    ("text", "key", "meant"),
    [
        ("barge_in: {enabled: on}", "barge_in.enabled", "on"),
        ("barge_in: {enabled: yes}", "barge_in.enabled", "on"),
        ("barge_in: {enabled: true}", "barge_in.enabled", "on"),
        ("barge_in: {enabled: 'off'}", "barge_in.enabled", "off"),
        ("barge_in: {enabled: Auto}", "barge_in.enabled", "auto"),
        ("audio:\n  echo_cancellation: off   # by the microphone", "audio.echo_cancellation", "off"),
        ("audio: {echo_cancellation: No}", "audio.echo_cancellation", "off"),
        ("audio: {noise_suppression: ON}", "audio.noise_suppression", True),
        ("audio: {input: off, output: off}", "audio.output", "none"),
        ("sound: {wake: 'no'}", "sound.wake", False),
        ("sound: {wake: 1}", "sound.wake", True),
        ("wake: no", "wake", "none"),
        ("wake: off", "wake", "none"),
        ("wake: None", "wake", "none"),
        ("wake: on", "wake.words", {"okay_nabu": "auto"}),
        ("wake: {words: alexa}", "wake.words", {"alexa": "auto"}),
        ("wake: {words: [alexa, hey_jarvis]}", "wake.words", {"alexa": "auto", "hey_jarvis": "auto"}),
        ("wake:\n  words:\n    alexa:\n    hey_jarvis: 9e-1", "wake.words", {"alexa": "auto", "hey_jarvis": 0.9}),
        ("llm: {temperature: 1e-1}", "llm.temperature", 0.1),
        ("llm: {temperature: 1E0}", "llm.temperature", 1.0),
        ("llm: {temperature: .5}", "llm.temperature", 0.5),
        ("llm: {temperature: '0.5'}", "llm.temperature", 0.5),
        ("llm: {context_tokens: 4e3}", "llm.context_tokens", 4000),
        ("llm: {context_tokens: 4_096.0}", "llm.context_tokens", 4096),
        ("llm: {context_tokens: 0x1000}", "llm.context_tokens", 4096),
        ("turns: {soft_end_ms: 010}", "turns.soft_end_ms", 10),
        ("llm: {model: 7}", "llm.model", "7"),
        ("llm: {model: 1.50}", "llm.model", "1.50"),
        ("llm: {model: 2024-01-31}", "llm.model", "2024-01-31"),
        ("llm: {model: no}", "llm.model", "no"),
        ("llm: {system_prompt: yes}", "llm.system_prompt", "yes"),
        ("asr: {language: no}", "asr.language", "no"),
        ("asr:\n  language: nb   # Home Assistant's code", "asr.language", "no"),
        ("asr: {language: en_US}", "asr.language", "en"),
        ("asr: {language: Auto}", "asr.language", "auto"),
        ("log: {level: INFO}", "log.level", "info"),
        ("ipc: {read: alice}", "ipc.read", ["alice"]),
        ("ipc: {control: [1000, on]}", "ipc.control", ["1000", "on"]),
        ("wyoming: {listen: off}", "wyoming.listen", ""),
        ("wyoming: {satellites: tcp://kitchen:10700}", "wyoming.satellites", ["tcp://kitchen:10700"]),
        ("metrics: {http_port: none}", "metrics.http_port", 0),
        ("sound: {quiet_hours: 22:00-07:00}", "sound.quiet_hours", "22:00-07:00"),
        ("state: {history_hours: off}", "state.history_hours", 0),
        ("\ufeffasr: {language: de}", "asr.language", "de"),
        ("---\r\nasr:\r\n  language: de\r\n", "asr.language", "de"),
        ("~", "asr.language", "auto"),
    ],
)
def test_a_value_is_what_a_person_means(text: str, key: str, meant: object) -> None:
    assert value(text, key) == meant


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("asr:\n  language: de\n  language: en\n", "f.yaml:3: asr.language: given twice, first on line 2"),
        ("asr: {}\nllm: {}\nasr: {}", "f.yaml:3: asr: given twice, first on line 1"),
        ("wake:\n  words:\n    alexa: 0.5\n    alexa: 0.6", "f.yaml:4: wake.words.alexa: given twice, first on line 3"),
        (
            "\nasr:\n  language: xx",
            "f.yaml:3: asr.language: 'xx' is no language that is recognised; write a code such as en",
        ),
        (
            "asr: {language: jp}",
            "f.yaml:1: asr.language: 'jp' is no language that is recognised; that is a country, write ja",
        ),
        ("asr: {language: yue}", "f.yaml:1: asr.language: whisper-base knows no Cantonese; write zh, or model:"),
        ("turns:\n\n  threshold: 0,5", "f.yaml:3: turns.threshold: expected `float`, got `str`; write 0.5"),
        ("turns: {endpoint_ms: 300 ms}", "expected `int`, got `str`; write the number alone, 300"),
        ("sound: {volume: 40%}", "expected `float`, got `str`; write 0.4"),
        ("sound: {volume: .nan}", "f.yaml:1: sound.volume: expected `float`, got `str`"),
        ("sound: {volume: .inf}", "f.yaml:1: sound.volume: expected `float`, got `str`"),
        ("log: {level: warn}", "invalid enum value 'warn'; expected one of debug, info, warning, error"),
        ("barge_in: {enabled: maybe}", "invalid enum value 'maybe'; expected one of auto, on, off"),
        ("barge-in: {}", "f.yaml:1: barge-in: unknown key; expected one of audio, wake"),
        ("barge-in: {}", "perhaps barge_in is meant"),
        ("asr: {Language: de}", "perhaps language is meant"),
        ("language: de", "language is a key of asr"),
        ("asr.language: de", "write language in the section asr"),
        ("llm: {voice: x}", "voice is a key of tts"),
        ("wake: ~", "f.yaml:1: wake: write none for no wake words"),
        ("llm: {api_key_env: !secret key}", "f.yaml:1: llm.api_key_env: !secret is not understood here"),
        ("llm:\n\tmodel: x", "f.yaml:2:1: not YAML: found character '\\t' that cannot start any token; indent with"),
        ("asr:\n  model: \x00", "f.yaml:2: not YAML: "),
        ("? a\n  b\n: c", "f.yaml:1: a b: unknown key"),
        ('"a\\nb": c', "f.yaml:1: a b: unknown key"),
        ("{[a]: b}", "f.yaml:1: top level: a key is a word"),
        ("a: &a {}\n<<: *a", "f.yaml:1: a: unknown key"),
        ("turns:\n  mode: silence\n\n  soft_end_ms: 900", "f.yaml:4: turns: expected soft_end_ms (900) <= endpoint_ms"),
    ],
)
def test_a_refusal_has_the_line_and_the_right_spelling(text: str, said: str) -> None:
    assert said in refusal(text)


def test_what_the_command_line_says_is_understood_in_the_same_way() -> None:
    assert config_file.override(Config(), "asr", "language", "nb").asr.language == "no"
    with pytest.raises(AssistantError, match=r"command line: asr.language: 'xx' is no language"):
        config_file.override(Config(), "asr", "language", "xx")


WORDS = st.sampled_from(["true", "yes", "on", "True", "YES", "On"])
NAMES = st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1)


@given(WORDS)
def test_each_word_for_yes_switches_on(word: str) -> None:
    assert config_file.parse(f"barge_in: {{enabled: {word}}}", "f.yaml").barge_in == BargeIn(enabled="on")


@given(st.floats(0, 2), st.sampled_from(["{!r}", "{:e}", "{:.3E}", "'{!r}'", "{:.4f}"]))
def test_a_number_may_be_written_in_any_way(number: float, form: str) -> None:
    written = form.format(number)
    assert config_file.parse(f"llm: {{temperature: {written}}}", "f.yaml").llm.temperature == float(written.strip("'"))


@given(NAMES)
def test_a_text_stays_as_it_is_written(name: str) -> None:
    text = yaml.safe_dump({"asr": {"model": name}}, allow_unicode=True)
    assert config_file.parse(text, "f.yaml").asr == Asr(model=name)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates()
CONTENT = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(SCALARS, inner), max_leaves=8)
KEYS = st.sampled_from(Config.__struct_fields__)


def outcome(text: str) -> Config | AssistantError:
    try:
        return config_file.parse(text, "f.yaml")
    except AssistantError as error:
        return error


@given(st.text() | st.dictionaries(KEYS, CONTENT).map(yaml.safe_dump))
def test_any_text_is_a_configuration_or_is_refused_in_one_line(text: str) -> None:
    found = outcome(text)
    if isinstance(found, Config):
        assert config_file.parse(config_file.render(found), "f.yaml") == found
    else:
        assert found.code is Code.CONFIG_INVALID
        assert found.message.startswith("f.yaml:")
        assert "\n" not in found.message
