"""A voice that remembers the short things it said, so that a "Sure." or an apology comes at once."""

from collections import OrderedDict
from collections.abc import Iterable

from assistant.audio.pcm import Samples
from assistant.blocking import Emit, NeverStop, StopFlag
from assistant.tts.base import SpeechSynthesizer

LONGEST = 40
"""Characters of the longest clause that is remembered, three seconds of sound."""

ENTRIES = 64
"""Clauses that are remembered, the least lately used forgotten first: at most 17 MB at 22 kHz."""


class RememberedVoice(SpeechSynthesizer):
    """`voice`, which is asked once for each short clause; the `fixed` ones are asked for now and never forgotten.

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
        """Forget everything but the fixed phrases."""
        self._recent.clear()

    def synthesize(self, text: str, *, emit: Emit[Samples], stop: StopFlag) -> None:
        pieces = self._fixed.get(text) or self._recent.get(text)
        if pieces is None:
            pieces = self._ask(text, emit, stop)
            if len(text) <= LONGEST and not stop.is_set():
                self._recent[text] = pieces
                if len(self._recent) > ENTRIES:
                    self._recent.popitem(last=False)
            return
        if text in self._recent:
            self._recent.move_to_end(text)
        for piece in pieces:
            if stop.is_set():
                return
            emit(piece)

    def _ask(self, text: str, emit: Emit[Samples], stop: StopFlag) -> list[Samples]:
        pieces: list[Samples] = []

        def keep(piece: Samples) -> None:
            pieces.append(piece)
            emit(piece)

        self._voice.synthesize(text, emit=keep, stop=stop)
        return pieces
