"""Makes the corpus (`make FOLDER`) and trains the second look on it (`train FOLDER`).

Needs npm, apt-get and espeak-ng, and `pip install py-nanotts`; takes about an hour on two cores. FOLDER gets a folder
for each part, which `assistant bench conversation --clips` plays.
"""

import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.audio.wav import write_wav
from assistant.cli.models import pull_missing
from assistant.models.directory import locate
from assistant.wake.second_look import WEIGHTS
from tests.wake_corpus import recordings, voices
from tests.wake_corpus.sentences import AFTER, NEAR_MISSES, VOICES, WORDS
from tests.wake_corpus.training import train

TAKES = {"wakeword": 4, "near_miss": 5}
"""How often each voice of `train` says a word, and how many of the sentences that resemble it."""

SPOKEN = {"okay_nabu": "Okay, Nahboo.", "hey_jarvis": "Hey Jarvis.", "alexa": "Alexa.", "hey_mycroft": "Hey Mycroft."}
"""Spellings that the quick voices say rightly."""

Row = tuple[dict[str, Any], Samples]
"""A record and its samples."""


def make(folder: Path) -> None:
    """Make all parts in `folder`; what is downloaded stays in its folder `downloads`."""
    downloads = folder / "downloads"
    voices.fetch(downloads)
    recordings.fetch(downloads / "recordings")
    kokoro = voices.Kokoro(downloads)
    for part in NEAR_MISSES:
        rows = _training(kokoro) if part == "train" else _trials(kokoro, part)
        _write(folder / part, [*rows, *_recorded(downloads / "recordings", part)])


def _trials(kokoro: voices.Kokoro, part: str) -> Iterator[Row]:
    """Every voice of `part` says every word, alone and before something, and every sentence that resembles one."""
    for voice in VOICES[part]:
        for word in WORDS:
            sounds = voices.sounds_of_word(word, voice)
            yield _record(f"{voice}_{word}", "wakeword", word), kokoro.say(f"{sounds}.", voice)
            for number, after in enumerate(AFTER[part]):
                spoken = kokoro.say(f"{sounds}, {voices.sounds_of(after, voice)}", voice)
                yield _record(f"{voice}_{word}_{number}", "command", word, after), spoken
            for number, sentence in enumerate(NEAR_MISSES[part][word]):
                record = _record(f"{voice}_near_{word}_{number}", "near_miss", "", sentence)
                yield record, kokoro.read(sentence, voice)


def _training(kokoro: voices.Kokoro) -> Iterator[Row]:
    rng = random.Random(7)
    taken = {voice for names in VOICES.values() for voice in names}
    for voice in kokoro.voices:
        if voice in taken:
            continue
        for word in WORDS:
            for number in range(TAKES["wakeword"]):
                sounds = voices.sounds_of_word(word, voice, number) + rng.choice(".!,")
                yield (
                    _record(f"{voice}_{word}_{number}", "wakeword", word),
                    kokoro.say(sounds, voice, rng.uniform(0.85, 1.3)),
                )
            for number, sentence in enumerate(rng.sample(NEAR_MISSES["train"][word], TAKES["near_miss"])):
                record = _record(f"{voice}_near_{word}_{number}", "near_miss", "", sentence)
                yield record, kokoro.read(sentence, voice, rng.uniform(0.9, 1.2))
    pull_missing(["en_US-joe-medium"], offline=False)
    for voice, say in voices.quick_voices(locate("en_US-joe-medium", "tts")).items():
        for word in WORDS:
            for number in range(TAKES["wakeword"]):
                yield _record(f"{voice}_{word}_{number}", "wakeword", word), say(SPOKEN[word], rng.uniform(0.8, 1.25))
            for number, sentence in enumerate(NEAR_MISSES["train"][word]):
                record = _record(f"{voice}_near_{word}_{number}", "near_miss", "", sentence)
                yield record, say(sentence, rng.uniform(0.8, 1.25))


def _recorded(folder: Path, part: str) -> Iterator[Row]:
    for name, language, samples in recordings.talk(folder, part):
        yield {"file": f"{name}.wav", "kind": "talk", "language": language}, samples
    if part == "train":
        for name, samples in recordings.music(folder):
            yield {"file": f"{name}.wav", "kind": "noise"}, samples


def _record(name: str, kind: str, word: str, text: str = "") -> dict[str, Any]:
    record = {"file": f"{name}.wav", "kind": kind, "language": "en", "transcript": text}
    return {**record, "wake_word": word.replace("_", " ")} if word else record


def _write(folder: Path, rows: list[Row]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    records = []
    for record, samples in rows:
        write_wav(folder / record["file"], samples, LISTENING_RATE)
        loud = np.flatnonzero(np.abs(samples) > 0.02 * np.abs(samples).max())
        edges = {"speech_start_s": loud[0], "speech_end_s": loud[-1]} if len(loud) else {}
        records.append({**record, **{name: round(float(at) / LISTENING_RATE, 3) for name, at in edges.items()}})
    (folder / "clips.yaml").write_text(yaml.safe_dump(records, allow_unicode=True, sort_keys=False))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["make", folder]:
            make(Path(folder))
        case ["train", folder]:
            train(Path(folder) / "train", WEIGHTS)
        case _:
            sys.exit("usage: python -m tests.wake_corpus make|train FOLDER")
