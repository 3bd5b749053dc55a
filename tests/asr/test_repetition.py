"""Words that were said again and again are counted by the audio."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.asr.faster_whisper import FasterWhisper
from assistant.asr.repetition import count_said, find_repetition
from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.audio.resample import Resampler
from assistant.blocking import NeverStop
from assistant.tts.piper import Piper


@pytest.mark.parametrize(
    ("text", "before", "unit", "after", "count"),
    [
        ("Thank you. Thank you. Thank you.", "", "Thank you.", "", 3),
        ("My code is 0, 0, 0, 0.", "My code is", "0,", "", 4),
        ("No, no, no, no, I said no.", "", "no,", "I said no.", 4),
        (
            "Turn it on, turn it off, turn it on, turn it off, turn it on, turn it off",
            "",
            "turn it on, turn it off,",
            "",
            3,
        ),
        ("Ha ha ha ha ha", "", "ha", "", 5),
    ],
)
def test_what_is_repeated_is_found(text: str, before: str, unit: str, after: str, count: int) -> None:
    found = find_repetition(text, spaced=True)
    assert found is not None
    assert (found.before, found.unit, found.after, found.count) == (before, unit, after, count)
    assert found.text(count) == text


def test_so_it_is_without_spaces() -> None:
    found = find_repetition("好的好的好的谢谢", spaced=False)
    assert found is not None
    assert (found.unit, found.count, found.text(2)) == ("好的", 3, "好的好的谢谢")


@pytest.mark.parametrize("text", ["", "...", "No, no.", "What time is it?", "that that is is that that is not is not"])
def test_twice_is_no_repetition(text: str) -> None:
    assert find_repetition(text, spaced=True) is None


@given(st.lists(st.sampled_from("ab"), max_size=12).map(" ".join))
def test_any_text_is_put_together_again(text: str) -> None:
    found = find_repetition(text, spaced=True)
    if found is not None:
        assert found.text(found.count) == text


def aligned_to(said: int, begins_s: float = 0.0, each_s: float = 0.5) -> object:
    """An alignment of a model whose audio has so many: too many are squeezed into the end."""

    def aligned(parts: Sequence[str]) -> Sequence[float]:
        count = len(parts) - 2
        begins = [begins_s + each_s * min(place, said) for place in range(count)]
        return [0.0, *begins, begins_s + each_s * said]

    return aligned


@given(st.integers(3, 12), st.data())
def test_the_count_is_the_one_that_fits_the_audio(said: int, data: st.DataObject) -> None:
    written = data.draw(st.integers(max(3, said - 3), said * 5))
    found = find_repetition("yes " * written, spaced=True)
    assert found is not None
    assert count_said(found, aligned_to(said), (0.0, said * 0.5)) == said  # type: ignore[arg-type]


def test_where_no_count_fits_there_is_none() -> None:
    found = find_repetition("yes yes yes yes", spaced=True)
    assert found is not None
    assert count_said(found, lambda parts: [0.0, 0.0, *[2.9] * (len(parts) - 2), 3.0], (0.0, 3.0)) is None


@pytest.fixture
def same_voice(voice_path: Path) -> Piper:
    """A voice that says a text alike in every run; as a rule each time is a little different."""
    onnxruntime.set_seed(1)  # of the sessions that are made from here on
    return Piper(voice_path, threads=2, speed=1.0)


def spoken(voice: Piper, text: str) -> Samples:
    """Say `text`, at the rate of the recogniser."""
    pieces: list[Samples] = []
    voice.synthesize(text, emit=pieces.append, stop=NeverStop())
    resampler = Resampler(voice.sample_rate, LISTENING_RATE)
    return np.concatenate([resampler.push(np.concatenate(pieces)), resampler.finish()])


def letters(text: str) -> str:
    """Return the letters alone: "birth day" is as good as "birthday"."""
    return re.sub(r"\W", "", text).lower()


@pytest.mark.parametrize(
    ("text", "word", "times"),
    [
        ("Thank you. " * 5, "thank you", 5),
        ("What time is it? " * 4, "what time is it", 4),
        ("Happy birthday to you. " * 4, "happy birthday to you", 4),
        ("Hello. " * 6, "hello", 6),
    ],
)
def test_who_repeats_himself_is_understood_as_often(
    whisper: FasterWhisper, same_voice: Piper, text: str, word: str, times: int
) -> None:
    found = whisper.transcribe(spoken(same_voice, text), language="en", stop=NeverStop())
    assert letters(found.text).count(letters(word)) == times
    assert not found.doubtful


def test_what_follows_a_repetition_is_not_lost_in_it(whisper: FasterWhisper, same_voice: Piper) -> None:
    audio = spoken(same_voice, "No. No. No. No. No. No. No. No. I said the blue one.")
    found = whisper.transcribe(audio, language="en", stop=NeverStop())
    assert "the blue one" in found.text.lower()
