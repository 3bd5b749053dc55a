"""The conversation: ears that never close, and one turn after another."""

from contextlib import aclosing

import anyio
from anyio.abc import TaskGroup, TaskStatus

from assistant.audio.base import AudioSink, AudioSource
from assistant.audio.pcm import BLOCK_S, LISTENING_RATE, AudioBlock
from assistant.config import Config
from assistant.dialogue.engines import Engines
from assistant.dialogue.load import Load
from assistant.dialogue.turn import Turn
from assistant.dialogue.utterance import PreRoll
from assistant.events import AudioDropped, Emitter, Listening, SpeechStarted
from assistant.llm.history import History
from assistant.turns import segmenter
from assistant.turns.segmenter import Committed, Resumed, Segmenter, SoftEnd

LATE_S = 2 * BLOCK_S
"""A block that voice activity gets later than this after its capture is late: two blocks, 64 ms."""


FADING = 0.9
"""A speech probability that falls below this may be the end: in the block in which speech really ends it is 0.9 in the
median of the recordings in tests/speech, one block before the soft end, and 0.95 and more inside words."""


class Conversation:
    """Listens on `source` and answers on `sink` until it is cancelled or a device fails.

    While the assistant speaks it does not listen: without an echo canceller it would answer itself.
    """

    def __init__(
        self, engines: Engines, config: Config, history: History, source: AudioSource, sink: AudioSink, emit: Emitter
    ) -> None:
        self._engines = engines
        self._config = config
        self._history = history
        self._source = source
        self._sink = sink
        self._emit = emit
        self._segmenter = Segmenter(config.turns)
        self._pre_roll = PreRoll(config.turns.pre_roll_ms + config.turns.onset_ms)
        self._probability = 0.0
        self._load = Load(config.asr.partial_interval_ms / 1000)
        self._turn: Turn | None = None
        self._turns = 0
        self._dropped = 0

    async def run(self) -> None:
        """Converse. Raises `AssistantError` when a device fails; an engine that fails ends its turn with an event."""
        self._rearm()
        async with anyio.create_task_group() as turns, aclosing(self._source.blocks()) as blocks:
            async for block in blocks:
                self._report_dropped()
                await self._hear(block, turns)

    async def _hear(self, block: AudioBlock, turns: TaskGroup) -> None:
        probability = self._engines.activity.probability(block.samples)
        if self._turn is None:
            self._pre_roll.push(block)
        else:
            falling = probability < FADING <= self._probability
            self._turn.hear(block, late=self._is_late(block), falling=falling)
        self._probability = probability
        for signal in self._segmenter.feed(probability, block.start, block.end):
            await self._follow(signal, block, turns)

    async def _follow(self, signal: segmenter.Signal, block: AudioBlock, turns: TaskGroup) -> None:
        match signal, self._turn:
            case segmenter.SpeechStarted(onset=onset), None:
                await self._begin(onset, turns)
            case SoftEnd(), Turn() as turn:
                turn.soft_end(signal, block)
            case Resumed(), Turn() as turn:
                turn.resume()
            case Committed(), Turn() as turn:
                turn.commit(signal, block)

    async def _begin(self, onset: int, turns: TaskGroup) -> None:
        self._turns += 1
        self._turn = Turn(
            self._turns,
            self._engines,
            self._config,
            self._history,
            self._sink,
            self._emit,
            patience=self._segmenter.patience,
            load=self._load,
        )
        self._emit(SpeechStarted(turn=self._turns, at_s=onset / LISTENING_RATE))
        await turns.start(self._live, self._turn, self._pre_roll.take())

    async def _live(self, turn: Turn, first: list[AudioBlock], *, task_status: TaskStatus[None]) -> None:
        await turn.run(first, task_status)
        self._rearm()

    def _rearm(self) -> None:
        self._turn = None
        self._segmenter.rearm()
        self._engines.activity.reset()
        self._pre_roll.take()
        self._emit(Listening())

    @staticmethod
    def _is_late(block: AudioBlock) -> bool:
        return anyio.current_time() - block.captured_at > LATE_S

    def _report_dropped(self) -> None:
        if (dropped := self._source.dropped) > self._dropped:
            self._emit(AudioDropped(samples=dropped - self._dropped))
            self._dropped = dropped
