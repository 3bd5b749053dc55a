"""Wake words in recorded speech, with the real models."""

from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from assistant.audio.decode import read_audio
from assistant.audio.pcm import BLOCK, LISTENING_RATE, AudioBlock, Samples
from assistant.bench.clips import Clip
from assistant.errors import AssistantError, Code
from assistant.wake.base import Candidate, Detection
from assistant.wake.microwakeword import packaged_words
from assistant.wake.words import WakeWords, load_model

ALL: dict[str, float | Literal["auto"]] = dict.fromkeys(packaged_words(), "auto")

SAID = {
    "wake_alexa_pmw2": "alexa",
    "wake_hey_jarvis_pmw1": "hey_jarvis",
    "wake_hey_jarvis_pmw3": "hey_jarvis",
    "wake_hey_mycroft_pmw3": "hey_mycroft",
    "wake_okay_nabu_pmw1": "okay_nabu",
    "wakecmd_hey_mycroft_wake_up": "hey_mycroft",
}
"""The recordings in which a packaged word is said once."""


def quiet(seconds: float) -> Samples:
    return np.zeros(round(seconds * LISTENING_RATE), np.float32)


def listen(words: WakeWords, audio: Samples, far: Samples | None = None) -> list[Detection]:
    wakes = []
    for start in range(0, len(audio) - BLOCK + 1, BLOCK):
        played = None if far is None else far[start : start + BLOCK]
        found = words.detect(AudioBlock(audio[start : start + BLOCK], start, 0.0, played))
        wake = found.look() if isinstance(found, Candidate) else found
        wakes += [wake] if wake is not None else []
    return wakes


def recording(clip: Clip) -> Samples:
    return np.concatenate([quiet(1), read_audio(clip.path, max_s=60), quiet(1)])


@pytest.mark.parametrize(("name", "word"), SAID.items())
def test_a_wake_word_is_heard_once_and_soon_among_all_the_others(clips: dict[str, Clip], name: str, word: str) -> None:
    clip = clips[name]
    wakes = listen(WakeWords(ALL), recording(clip))
    assert [wake.word for wake in wakes] == [word]
    assert clip.speech_end_s is not None
    assert wakes[0].at / LISTENING_RATE - 1 < clip.speech_end_s + 0.2
    assert wakes[0].word_end < wakes[0].at


def test_a_word_said_twice_is_heard_twice(clips: dict[str, Clip]) -> None:
    wakes = listen(WakeWords(ALL), recording(clips["wake_okay_nabu_pmw3"]))
    assert [wake.word for wake in wakes] == ["okay_nabu", "okay_nabu"]


def test_nothing_else_that_is_said_or_heard_is_a_wake_word(clips: dict[str, Clip]) -> None:
    others = [clip for name, clip in clips.items() if not name.startswith("wake")]
    assert len(others) > 30
    audio = np.concatenate([recording(clip) for clip in others])
    assert listen(WakeWords(ALL), audio) == []


def test_the_assistant_does_not_wake_itself(clips: dict[str, Clip]) -> None:
    own = recording(clips["wake_okay_nabu_pmw1"])
    echo = np.concatenate([quiet(0.06), own])[: len(own)] * np.float32(0.3)
    assert [wake.word for wake in listen(WakeWords(ALL), echo)] == ["okay_nabu"]
    assert listen(WakeWords(ALL), echo, far=own) == []


def test_it_can_be_woken_while_it_says_something_else(clips: dict[str, Clip]) -> None:
    user = recording(clips["wake_hey_jarvis_pmw3"])
    far = np.resize(recording(clips["dict_jfk"]), len(user))
    assert [wake.word for wake in listen(WakeWords(ALL), user, far=far)] == ["hey_jarvis"]


def test_a_high_threshold_is_not_reached(clips: dict[str, Clip]) -> None:
    assert listen(WakeWords({"okay_nabu": 0.999}), recording(clips["wake_okay_nabu_pmw1"])) == []


def test_an_open_wake_word_model_of_the_users_own_is_heard(clips: dict[str, Clip]) -> None:
    import pyopen_wakeword

    own = Path(pyopen_wakeword.__file__).parent / "models" / "hey_jarvis.tflite"
    assert [wake.word for wake in listen(WakeWords({str(own): "auto"}), recording(clips["wake_hey_jarvis_pmw3"]))] == [
        "hey_jarvis"
    ]


def test_the_first_block_is_heard_as_fast_as_any_other() -> None:
    """The library would look through 8 s of silence first."""
    import pyopen_wakeword

    model = load_model(str(Path(pyopen_wakeword.__file__).parent / "models" / "hey_jarvis.tflite"))
    assert len(model.scores(quiet(1)[:BLOCK])) <= 1


def test_a_micro_wake_word_model_of_the_users_own_is_heard(clips: dict[str, Clip], tmp_path: Path) -> None:
    import pymicro_wakeword

    models = Path(pymicro_wakeword.__file__).parent / "models"
    manifest = (models / "okay_nabu.json").read_text().replace("okay_nabu.tflite", "mine.tflite")
    (tmp_path / "mine.json").write_text(manifest)
    (tmp_path / "mine.tflite").write_bytes((models / "okay_nabu.tflite").read_bytes())
    wakes = listen(WakeWords({str(tmp_path / "mine.json"): "auto"}), recording(clips["wake_okay_nabu_pmw1"]))
    assert [wake.word for wake in wakes] == ["mine"]
    assert load_model(str(tmp_path / "mine.json")).threshold == 0.85


def test_an_unknown_word_names_those_there_are() -> None:
    with pytest.raises(AssistantError, match=r"'computer' is none of alexa, hey_jarvis, .* nor the path") as caught:
        load_model("computer")
    assert caught.value.code is Code.CONFIG_INVALID


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("gone.tflite", None, Code.MODEL_MISSING),
        ("gone.json", None, Code.MODEL_MISSING),
        ("text.tflite", b"hello, this is no model", Code.MODEL_CORRUPT),
        ("empty.tflite", b"", Code.MODEL_CORRUPT),
        ("cut.tflite", b"\xff\xff\x00\x00TFL3", Code.MODEL_CORRUPT),
        ("list.json", b"[1]", Code.MODEL_UNLOADABLE),
        ("broken.json", b"{", Code.MODEL_UNLOADABLE),
        ("other.json", b'{"model": "gone.tflite"}', Code.MODEL_MISSING),
    ],
)
def test_a_file_that_is_no_model_is_named(tmp_path: Path, name: str, content: bytes | None, code: Code) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AssistantError, match=str(tmp_path)) as caught:
        load_model(str(path))
    assert caught.value.code is code
