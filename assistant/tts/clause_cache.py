"""A cache of short clauses, so that a "Sure." or an apology is spoken without delay."""

from collections import OrderedDict
from collections.abc import Iterable

from assistant.audio.pcm import Samples
from assistant.blocking import Emit, NeverStop, StopFlag
from assistant.tts.base import SpeechSynthesizer

MAX_CHARACTERS = 40
"""Length of the longest clause that is cached, about three seconds of audio."""

MAX_CLAUSES = 64
"""Number of cached clauses, of which the least recently used is evicted: at most 17 MB at 22 kHz."""


class CachingVoice(SpeechSynthesizer):
    """Synthesises each short clause with `voice` once; the `fixed` phrases right now, and these are never evicted.

    Raises `AssistantError` (`tts.failed`).
    """

    def __init__(self, voice: SpeechSynthesizer, fixed: Iterable[str]) -> None:
        self._voice = voice
        self._fixed: dict[str, list[Samples]] = {}
        self._recent: OrderedDict[str, list[Samples]] = OrderedDict()
        for phrase in fixed:
            pieces = self._fixed.setdefault(phrase, [])
            voice.synthesize(phrase, emit=pieces.append, stop=NeverStop())

    @property
    def name(self) -> str:
        return self._voice.name

    @property
    def device(self) -> str:
        return self._voice.device

    @property
    def language(self) -> str:
        return self._voice.language

    @property
    def sample_rate(self) -> int:
        return self._voice.sample_rate

    def forget(self) -> None:
        """Empty the cache of everything but the fixed phrases."""
        self._recent.clear()

    def synthesize(self, text: str, *, emit: Emit[Samples], stop: StopFlag) -> None:
        """As `SpeechSynthesizer.synthesize`."""
        pieces = self._fixed.get(text) or self._recent.get(text)
        if pieces is None:
            pieces = self._synthesize_anew(text, emit, stop)
            if len(text) <= MAX_CHARACTERS and not stop.is_set():
                self._recent[text] = pieces
                if len(self._recent) > MAX_CLAUSES:
                    self._recent.popitem(last=False)
            return
        if text in self._recent:
            self._recent.move_to_end(text)
        for piece in pieces:
            if stop.is_set():
                return
            emit(piece)

    def _synthesize_anew(self, text: str, emit: Emit[Samples], stop: StopFlag) -> list[Samples]:
        pieces: list[Samples] = []

        def keep(piece: Samples) -> None:
            pieces.append(piece)
            emit(piece)

        self._voice.synthesize(text, emit=keep, stop=stop)
        return pieces
