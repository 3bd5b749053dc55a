"""Wake words for clients: those that they may ask for, and listening for them."""

from collections.abc import Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Literal

import anyio.lowlevel
from wyoming.wake import Detection, NotDetected

from assistant.audio.blocks import Blocks
from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.config.schema import Config
from assistant.engines.detectors import Words
from assistant.errors import AssistantError, Code
from assistant.interfaces.wyoming.wire import Send
from assistant.wake.base import WakeWordDetector
from assistant.wake.candidate import settled
from assistant.wake.microwakeword import packaged_words

MIN_ALIKE = 0.6
"""Similarity from which what was understood is the end of a wake word: of "nabu" and "Naboo" it is 0.67, of "nabu" and
each word that a recorded question of tests/speech begins with 0.5 at most."""


def configured(config: Config) -> dict[str, str]:
    """Map the configured words: the name in the detection of each, and its entry in `wake.words`."""
    words = [] if config.wake == "none" else list(config.wake.words)
    return {Path(word).stem if word.endswith((".json", ".tflite")) else word: word for word in words}


def chosen(config: Config, names: Sequence[str]) -> Words:
    """Choose what to listen for when a client names `names`; the configured words if it names none.

    Words that come with the program and those of the configuration, with the thresholds there. A client's names never
    become paths. Raises `AssistantError` (`config.invalid`).
    """
    thresholds = {} if config.wake == "none" else config.wake.words
    known = configured(config)
    if not names and not known:
        raise AssistantError(Code.CONFIG_INVALID, "no wake words are configured; name them in `detect`")
    words: dict[str, float | Literal["auto"]] = {}
    for name in names or known:
        word = known.get(name, name)
        if name not in known and name not in packaged_words():
            raise AssistantError(
                Code.CONFIG_INVALID,
                f"{name!r} is no wake word here; there are {', '.join({*known, *packaged_words()})}",
            )
        words[word] = thresholds.get(word, "auto")
    return words


def is_call(text: str, config: Config) -> bool:
    """Whether `text` is a wake word that a client may have heard, or the end of one."""
    said = _letters(text)
    for word in {*configured(config), *packaged_words()}:
        parts = word.split("_")
        for first in range(len(parts)):
            if SequenceMatcher(None, said, _letters("".join(parts[first:])), False).ratio() >= MIN_ALIKE:
                return True
    return False


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


class Spotting:
    """Sends a client a detection for every wake word in its audio, which may be of any length."""

    def __init__(self, detector: WakeWordDetector, send: Send) -> None:
        self._detector = detector
        self._send = send
        self._blocks = Blocks()
        self._found = False

    async def take(self, samples: Samples) -> None:
        """Listen to the next samples (16 kHz). Raises `AssistantError` (`wake.failed`)."""
        for block in self._blocks.push(samples):
            await anyio.lowlevel.checkpoint()  # audio may come faster than it was spoken
            found = await settled(self._detector.detect(block))
            if found is not None:
                self._found = True
                await self._send(Detection(name=found.word, timestamp=found.at * 1000 // LISTENING_RATE).event())

    async def finish(self) -> None:
        """Report at the end of the audio that no word was detected, if so."""
        if not self._found:
            await self._send(NotDetected().event())
