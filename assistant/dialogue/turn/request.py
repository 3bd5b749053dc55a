"""One spoken request in sound that belongs to no room: its words, as soon as the speaker has finished."""

from collections.abc import AsyncIterable, Callable

import anyio
from anyio.abc import TaskGroup, TaskStatus

from assistant.asr.streaming import LocalAgreement
from assistant.audio.pcm import LISTENING_RATE, AudioBlock
from assistant.dialogue.context import Context
from assistant.dialogue.listening.dictation import Dictated
from assistant.dialogue.listening.ears import Ears
from assistant.dialogue.turn.load import Load
from assistant.dialogue.turn.turn import Turn
from assistant.engines.detectors import Detectors
from assistant.errors import single_error
from assistant.turns.segmenter import Committed, Resumed, Segmenter, Signal, SoftEnd, SpeechStarted, samples
from assistant.vad.base import VoiceActivity

CALL_S = 1.0
"""Seconds from the beginning within which the end of a wake word may still be heard."""


class SpokenRequest:
    """Recognised while it is spoken, and ended by the rules of `turns`: a turn that is held, and answered elsewhere.

    A sound without words does not end it, nor does what `is_call` takes for the wake word: speech is waited for until
    `listen_s` have passed. Unlike in a room, what is said after the end cannot reopen it.
    """

    def __init__(
        self,
        context: Context,
        activity: VoiceActivity,
        *,
        listen_s: float,
        on_text: Callable[[str], None],
        is_call: Callable[[str], bool],
    ) -> None:
        """`activity` is this request's own. `on_text` gets the words that do not change any more, as they grow."""
        turns = context.config.turns
        self._context = context
        self._segmenter = Segmenter(turns)
        self._ears = Ears(Detectors(activity, None), turns)
        self._load = Load(context.config.asr.partial_interval_ms / 1000)
        self._until = round(listen_s * LISTENING_RATE)
        self._on_text = on_text
        self._is_call = is_call
        self._agreement = LocalAgreement()
        self._turn: Turn | None = None
        self._onset = 0
        self._now = 0
        """The audio clock: the end of the latest block."""
        self._fresh = 0
        """Where what belongs to no earlier utterance begins."""
        self._over = anyio.Event()
        self._found: Turn | None = None
        self._tasks: TaskGroup

    async def take(self, blocks: AsyncIterable[AudioBlock]) -> Dictated:
        """Listen to `blocks`, which do not end, until the speaker has finished or nobody has spoken.

        Raises `AssistantError` (`asr.failed`).
        """
        with single_error():
            async with anyio.create_task_group() as self._tasks:
                self._tasks.start_soon(self._listen, blocks)
                await self._over.wait()
                self._tasks.cancel_scope.cancel()
        heard_s = round(self._now / LISTENING_RATE, 3)
        if self._found is None:
            return Dictated("", "", heard_s)
        if self._found.error is not None:
            raise self._found.error
        return Dictated(self._found.words, self._found.language, heard_s)

    async def _listen(self, blocks: AsyncIterable[AudioBlock]) -> None:
        async for block in blocks:
            self._now = block.end
            scored = self._ears.hear(block, needed=True)
            falling = self._ears.is_falling(scored.probability)
            if self._turn is not None:
                self._turn.hear(block, falling=falling)
            for signal in self._segmenter.feed(scored.probability, block.start, block.end):
                await self._follow(signal, block)
            if self._turn is None and self._now >= self._until:
                self._over.set()

    async def _follow(self, signal: Signal, block: AudioBlock) -> None:
        match signal, self._turn:
            case SpeechStarted(onset=onset), None:
                await self._begin(onset, block)
            case SoftEnd(), Turn() as turn:
                turn.soft_end(signal, block)
            case Resumed(), Turn() as turn:
                turn.resume()
            case Committed(), Turn() as turn:
                turn.commit(signal, block)
                self._settle(turn)

    async def _begin(self, onset: int, block: AudioBlock) -> None:
        self._onset = onset
        self._agreement = LocalAgreement()
        self._turn = Turn(
            0,
            self._context,
            endpointing=self._segmenter.endpointing,
            load=self._load,
            held=True,
            understood=self._understood,
        )
        start = max(self._fresh, onset - samples(self._context.config.turns.pre_roll_ms))
        await self._tasks.start(self._live, self._turn, self._ears.between(start, block.end))

    async def _live(self, turn: Turn, first: list[AudioBlock], *, task_status: TaskStatus[None]) -> None:
        with self._context.engines.precedence.claimed():
            await turn.run(first, task_status)

    def _understood(self, turn: Turn) -> None:
        """Recognition has words, or has failed to find any."""
        if turn is not self._turn:
            return
        if turn.words and not turn.is_committed:
            stable = self._agreement.update(turn.words, turn.language).stable
            if not self._may_be_call(stable):
                self._on_text(stable)
        self._settle(turn)

    def _settle(self, turn: Turn) -> None:
        """End with the words of `turn`, once it is over and they are certain; go on listening if there are none."""
        if not turn.is_committed or not turn.is_understood:
            return
        if turn.error is not None or (turn.words and not self._may_be_call(turn.words)):
            self._found = turn
            self._over.set()
            return
        turn.discard()
        self._turn = None
        self._fresh = self._now
        self._segmenter.rearm()

    def _may_be_call(self, words: str) -> bool:
        return self._onset < CALL_S * LISTENING_RATE and self._is_call(words)
