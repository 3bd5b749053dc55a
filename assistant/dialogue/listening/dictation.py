"""Recognition of audio that comes over a connection, piece by piece, and from no room."""

from collections.abc import AsyncIterable, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial

import anyio
import numpy as np

from assistant import blocking
from assistant.asr.base import SpeechRecognizer, Transcription
from assistant.asr.streaming import StreamingTranscriber
from assistant.asr.utterances import UtteranceCutter
from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.blocking import StopFlag, StopWhen
from assistant.engines.handle import Handle
from assistant.engines.priority import Urgency
from assistant.errors import single_error
from assistant.flow import Flow
from assistant.vad.base import VoiceActivity

OnText = Callable[[str, str], None]
"""Takes the words that do not change any more, and those that may, of everything so far."""


@dataclass(frozen=True, slots=True)
class Dictated:
    """What was recognised in a recording."""

    text: str
    language: str
    """Of the first utterance with words, which decides it for the rest; empty when there are none."""
    audio_s: float
    speech_s: float = 0.0
    """Seconds of speech. Without text, 0 means that nobody spoke, and more that no words were understood."""
    doubtful: bool = False
    """Some of the text may be wrong, as `Transcription.doubtful`."""


class Dictation:
    """Gives way to speech in a room: a pass that is stopped is done again.

    One object a recording. Audio of any length is cut at its pauses, so what has been said is kept, not the audio.
    """

    def __init__(
        self,
        handle: Handle[SpeechRecognizer],
        activity: VoiceActivity,
        language: str | None,
        interval_s: float,
    ) -> None:
        """`activity` is this dictation's own. `language` None detects it. `interval_s`: new audio in seconds that makes
        another partial transcript worthwhile."""
        self._handle = handle
        self._cutter = UtteranceCutter(activity)
        self._language = language
        self._interval = int(interval_s * LISTENING_RATE)
        self._texts: list[str] = []
        self._samples = self._spoken = 0
        self._doubtful = False
        self._begin()

    def _begin(self) -> None:
        """Between two utterances."""
        self._transcriber = StreamingTranscriber(self._handle.engine, self._language)
        self._tried = 0

    async def take(self, pieces: AsyncIterable[Samples], on_text: OnText | None = None) -> Dictated:
        """Recognise `pieces` (16 kHz) until they end. `on_text` is called as the text grows.

        Audio that comes while a pass is at work waits for the next, all of it; the end ends a pass for a partial
        transcript. Raises `AssistantError` (`asr.failed`), and what `pieces` does.
        """
        arriving: Flow[Samples] = Flow()
        with single_error():
            async with anyio.create_task_group() as tasks, aclosing(arriving.batches()) as batches:
                tasks.start_soon(_pour, pieces, arriving)
                async for batch in batches:
                    await self._take(np.concatenate(batch))
                    if on_text is not None and not arriving.ended:
                        await self._partial(on_text, arriving)
        await self._cut(self._cutter.finish)
        if on_text is not None:
            on_text(" ".join(self._texts), "")
        return Dictated(
            text=" ".join(self._texts),
            language=self._language or "",
            audio_s=round(self._samples / LISTENING_RATE, 3),
            speech_s=round(self._spoken / LISTENING_RATE, 3),
            doubtful=self._doubtful,
        )

    async def _take(self, audio: Samples) -> None:
        self._samples += len(audio)
        await self._cut(partial(self._cutter.push, audio))

    async def _cut(self, cut: Callable[[], Iterable[Samples]]) -> None:
        """Recognise the utterances that have ended."""
        for utterance in await blocking.call(lambda stop: list(cut()), name="cutting"):
            self._spoken += len(utterance)
            found = await self._recognise(partial(self._transcriber.final, utterance))
            self._doubtful |= found.doubtful
            if found.text:
                self._texts.append(found.text)
                self._language = found.language
            self._begin()

    async def _partial(self, on_text: OnText, arriving: Flow[Samples]) -> None:
        """Recognise the utterance in progress, if there is enough of it that is new."""
        audio = np.array(self._cutter.current)
        if len(audio) - self._tried < self._interval:
            return
        self._tried = len(audio)
        ended = StopWhen(lambda: arriving.ended)
        found = await self._recognise(partial(self._transcriber.draft, audio), ended)
        if not arriving.ended:
            agreed = self._transcriber.agree(found)
            on_text(" ".join([*self._texts, agreed.stable]).strip(), agreed.tentative)

    async def _recognise(
        self, work: Callable[[StopFlag], Transcription], given_up: StopFlag | None = None
    ) -> Transcription:
        return await self._handle.call(
            lambda recognizer, stop: work(stop), name="dictation", urgency=Urgency.BACKGROUND, stop=given_up
        )


async def _pour(pieces: AsyncIterable[Samples], into: Flow[Samples]) -> None:
    try:
        async for piece in pieces:
            into.put(piece)
    finally:
        into.end()
