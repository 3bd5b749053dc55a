"""Texts of half a minute to two minutes without a pause, made of the recordings: `python -m tests.asr.long_texts`."""

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant.asr.faster_whisper import FasterWhisper
from assistant.asr.utterances import cut_utterances
from assistant.audio.decode import read_audio
from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.bench.clips import Clip, read_clips
from assistant.bench.speed.wer import word_error_rate
from assistant.blocking import NeverStop
from assistant.models.directory import locate
from assistant.vad.silero import Silero

SPEECH = Path(__file__).parents[1] / "speech"

LENGTHS_S = (30, 40, 50, 60, 70, 80, 90, 100, 110, 120)

LOUDNESS = 0.05
"""Root mean square that every sentence gets, so that no voice is an echo of the one before."""


@dataclass(frozen=True)
class LongText:
    """A text, and somebody who says it without a breath."""

    audio: Samples
    words: str


def long_texts(clips: list[Clip]) -> list[LongText]:
    """Ten texts, the same ones every time."""
    sentences = [
        clip
        for clip in clips
        if clip.language == "en"
        and clip.transcript
        and clip.kind in ("question", "command", "dictation")
        and clip.speech_end_s is not None
    ]
    chosen = random.Random(16)
    return [_text(sentences, length_s, chosen) for length_s in LENGTHS_S]


def _text(sentences: list[Clip], length_s: float, chosen: random.Random) -> LongText:
    parts: list[Samples] = []
    words: list[str] = []
    while sum(map(len, parts)) < length_s * LISTENING_RATE:
        for clip in chosen.sample(sentences, len(sentences)):
            assert clip.speech_start_s is not None
            assert clip.speech_end_s is not None
            start, end = (round(at * LISTENING_RATE) for at in (clip.speech_start_s, clip.speech_end_s))
            spoken = read_audio(clip.path, max_s=60)[start:end]
            parts.append(spoken * (LOUDNESS / np.sqrt(np.square(spoken).mean())))
            words.append(clip.transcript or "")
            if sum(map(len, parts)) >= length_s * LISTENING_RATE:
                break
    return LongText(np.concatenate(parts), " ".join(words))


def recognised(recognizer: FasterWhisper, audio: Samples) -> str:
    """The words of `audio`, cut as a recording is."""
    pieces = cut_utterances(audio, Silero())
    found = (recognizer.transcribe(piece, language="en", stop=NeverStop()).text for piece in pieces)
    return " ".join(text for text in found if text)


def main() -> None:
    """Print the word error rate of each text, and of all."""
    recognizer = FasterWhisper(locate("whisper-base", "asr"), "cpu", threads=2)
    rates = []
    for text in long_texts(read_clips([SPEECH])):
        rate = word_error_rate(text.words, recognised(recognizer, text.audio), "en")
        assert rate is not None
        rates.append(rate)
        print(f"{len(text.audio) / LISTENING_RATE:5.0f} s, {len(text.words.split())} words: {rate:.1%}")
    print(f"mean {np.mean(rates):.1%}")


if __name__ == "__main__":
    main()
