"""The conversation: ears that never close, and one turn after another."""

from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import replace

import anyio
from anyio.abc import TaskGroup, TaskStatus

from assistant.answers.history import History
from assistant.audio.base import AudioSink, AudioSource
from assistant.audio.earcons import RATE, Earcon, sound
from assistant.audio.pcm import BLOCK, BLOCK_S, LISTENING_RATE, AudioBlock, level
from assistant.config.schema import Config
from assistant.dialogue.listening.utterance import Heard, Memory
from assistant.dialogue.parts import Parts
from assistant.dialogue.speaking.cue import Priority
from assistant.dialogue.speaking.floor import Floor
from assistant.dialogue.speaking.revision import Outcome
from assistant.dialogue.speaking.unasked import Unasked
from assistant.dialogue.turn.end import End
from assistant.dialogue.turn.load import Load
from assistant.dialogue.turn.turn import Turn
from assistant.engines.engines import Engines
from assistant.errors import AssistantError, Code
from assistant.events import (
    Announced,
    AudioDropped,
    Emitter,
    FellAsleep,
    FollowUp,
    Level,
    Listening,
    Muted,
    SpeechStarted,
    TurnFinished,
    Woken,
)
from assistant.language.remarks import Remark
from assistant.language.tables import tables_of
from assistant.turns import segmenter
from assistant.turns.attention import Attention, IdleReason, Window
from assistant.turns.foreground import Background, Foreground
from assistant.turns.segmenter import Committed, Resumed, Segmenter, SoftEnd, samples
from assistant.vad.sparing import Sparing
from assistant.wake.base import Wake

LATE_S = 2 * BLOCK_S
"""A block that voice activity gets later than this after its capture is late: two blocks, 64 ms."""

FADING = 0.9
"""A speech probability that falls below this may be the end: in the block in which speech really ends it is 0.9 in the
median of the recordings in tests/speech, one block before the soft end, and 0.95 and more inside words."""

WAKE_S = 3.0
"""Audio that is remembered besides the longest utterance: a wake word and what led to it."""

METER_BLOCKS = 3
"""Blocks between two `Level` events: ten a second, as often as a meter needs."""

PATIENCE_TURNS = 2
"""Turns without a word, one after another, after which the assistant asks what was said."""


class Conversation:
    """Listens on `source` and answers on `sink` until it is cancelled or a device fails."""

    def __init__(
        self, engines: Engines, config: Config, history: History, source: AudioSource, sink: AudioSink, emit: Emitter
    ) -> None:
        self._engines = engines
        self._config = config
        self._source = source
        self._emit = emit
        self._parts = Parts(engines, config, history, sink, emit)
        self._segmenter = Segmenter(config.turns)
        self._attention = Attention(None if config.wake == "none" else config.wake)
        self._activity = Sparing(engines.activity)
        self._memory = Memory(config.turns.max_utterance_s + WAKE_S)
        self._floor = Floor(config, source, emit)
        self._background = Background()
        self._foreground = Foreground(None)
        self._load = Load(config.asr.partial_interval_ms / 1000)
        self._probability = 0.0
        self._turn: Turn | None = None
        """The one that is listened to."""
        self._turns = 0
        self._now = 0
        """The audio clock: the end of the latest block."""
        self._fresh = 0
        """Where what belongs to no earlier turn begins."""
        self._missed = 0
        """Turns without a word, one after another."""
        self._dropped = 0
        self._deaf = False
        self._unsaid = ""
        """What an answer had left to say when the loudspeaker failed."""
        self._wanted: Config | None = None
        """The configuration to follow once nobody speaks."""
        self._tasks: TaskGroup
        self._unasked = Unasked(
            self._parts,
            self._floor,
            number=self._next_number,
            may_speak=self._may_speak,
            silent=self._silent,
            start=lambda work, cue: self._tasks.start_soon(work, cue),
        )

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Converse. Raises `AssistantError` when `source` does; anything else that fails ends its turn with an event.

        Once it is started, according to `task_status`, it can be told what the other methods are for.
        """
        async with anyio.create_task_group() as self._tasks, aclosing(self._source.blocks()) as blocks:
            self._activity.reset()
            self._rearm()
            task_status.started()
            async for block in blocks:
                self._report_dropped()
                await self._hear(block)

    @property
    def state(self) -> str:
        """asleep, listening, hearing (somebody speaks), answering (not audible yet), speaking, muted or deaf (there is
        no microphone for now)."""
        if self._floor.is_taken:
            return "speaking" if self._floor.is_playing else "answering"
        if self._source.muted:
            return "muted"
        if self._deaf:
            return "deaf"
        if self._turn is not None:
            return "hearing"
        return "listening" if self._attention.is_awake else "asleep"

    @property
    def turns(self) -> int:
        """The number of the latest turn; 0 before the first."""
        return self._turns

    @property
    def waiting(self) -> int:
        """Announcements, and answers to typed questions, that wait to be said."""
        return len(self._unasked)

    @property
    def is_muted(self) -> bool:
        return self._source.muted

    @property
    def echo_free(self) -> bool | None:
        """As `AudioSource.echo_free`."""
        return self._source.echo_free

    def configure(self, config: Config) -> None:
        """Follow `config` from the next turn on, but for what needs other engines or another microphone."""
        self._wanted = config
        self._configure()

    def _configure(self) -> None:
        if self._wanted is None or self._turn is not None or self._floor.is_taken:
            return
        before, config, self._wanted = self._config, self._wanted, None
        self._config = config
        self._parts = replace(self._parts, config=config)
        self._floor.configure(config)
        self._unasked.configure(self._parts)
        if before.asr.partial_interval_ms != config.asr.partial_interval_ms:
            self._load = Load(config.asr.partial_interval_ms / 1000)
        if before.turns != config.turns:
            self._segmenter = Segmenter(config.turns)
            self._memory = Memory(config.turns.max_utterance_s + WAKE_S)
        if before.wake != config.wake:
            self._attention = Attention(None if config.wake == "none" else config.wake)
            self._rearm()

    def wake(self) -> None:
        """Listen, as if a wake word had been said; what the assistant is saying ends.

        Raises `AssistantError` (`microphone.muted`, `device.failed`).
        """
        if self._source.muted:
            raise AssistantError(Code.MICROPHONE_MUTED, "the microphone is switched off; `assistant unmute` first")
        if self._deaf:
            raise AssistantError(Code.DEVICE_FAILED, "there is no microphone for now; `assistant doctor` says why")
        self._floor.give_up(End.INTERRUPTED)
        self._attention.woken(self._now)
        self._emit(Woken(word="", score=1.0, at_s=self._now / LISTENING_RATE))
        self._chime(Earcon.WAKE)

    def stop(self, *, waiting: bool = False) -> bool:
        """Say nothing more of what is being said, nor, with `waiting`, what waits to be said. Whether that was
        anything."""
        forgotten = waiting and self._unasked.forget()
        is_speaking = self._floor.is_taken
        self._floor.give_up(End.INTERRUPTED)
        return is_speaking or forgotten

    async def say(self, text: str, *, priority: Priority = Priority.NORMAL, interrupt: bool = False) -> Announced:
        """Announce `text` and return when that is over.

        It waits until neither the user nor the assistant speaks; `interrupt` does not, and what is being said goes on
        after it. Cancelling takes it back. Raises `AssistantError` (`queue.full`, `text.empty`, `tts.failed`).
        """
        return await self._unasked.say(text, priority=priority, interrupt=interrupt)

    async def ask(self, question: str, *, aloud: bool, written: Callable[[str], None]) -> TurnFinished:
        """Answer a typed question, `aloud` once neither the user nor the assistant speaks, or in text only.

        `written` gets the answer piece by piece. Cancelling gives the answer up. Raises `AssistantError` (`queue.full`,
        `text.*`, `llm.*`, `tts.failed`, `reply.empty`); what an engine could not do an event tells of as well.
        """
        return await self._unasked.ask(question, aloud=aloud, written=written)

    def begin_muted(self) -> None:
        """Before `run`: the microphone is off, as it was when the assistant was ended."""
        self._source.mute()
        self._emit(Muted(muted=True))

    def mute(self) -> None:
        """Switch the microphone off; what is being said to the assistant is forgotten, what it is saying goes on."""
        if self._source.muted:
            return
        self._source.mute()
        self._forget_speech("muted")
        self._emit(Muted(muted=True))
        self._chime(Earcon.MUTED)

    def unmute(self) -> None:
        """Switch the microphone on again. Raises `AssistantError` (`device.*`), and then it stays off."""
        if self._source.muted:
            self._source.unmute()
            self._emit(Muted(muted=False))

    def deafened(self) -> None:
        """The microphone has failed: what is being said to the assistant is forgotten; no blocks come for a while."""
        self._deaf = True
        self._forget_speech("deaf")

    def hears_again(self) -> None:
        """The microphone is back."""
        self._deaf = False

    def take_unsaid(self) -> str:
        """What an answer had left to say when the loudspeaker failed; it is forgotten with this."""
        unsaid, self._unsaid = self._unsaid, ""
        return unsaid

    @property
    def voice_language(self) -> str:
        """Of what it says."""
        return self._parts.voice_language

    def _forget_speech(self, reason: str) -> None:
        if self._turn is not None:
            self._drop()
        if self._attention.dismissed() is not None:
            self._emit(FellAsleep(reason=reason))

    def _next_number(self) -> int:
        self._turns += 1
        return self._turns

    def _may_speak(self) -> bool:
        """Nobody speaks to the assistant, or is about to."""
        return self._turn is None and not self._attention.is_called

    def _silent(self, asks: bool | None) -> None:
        """The assistant has said everything; `asks` if that was a question, None if it was no answer to anything."""
        if self._turn is not None:
            self._decide(self._turn)
        else:
            if asks is not None:
                self._open(self._attention.answered(self._now, question=asks))
            self._rearm()
        self._unasked.say_next()

    def _chime(self, earcon: Earcon) -> None:
        if self._config.wake != "none" and getattr(self._config.sound, earcon.value):
            self._tasks.start_soon(self._sound, earcon)

    async def _sound(self, earcon: Earcon) -> None:
        playback = self._parts.sink.play(RATE, cut_in=True)  # after what is being said, if anything is
        with suppress(AssistantError):  # a loudspeaker that has gone
            await playback.write(sound(earcon))
            await playback.drain()

    async def _hear(self, block: AudioBlock) -> None:
        heard = Heard(block, self._activity.probability(block.samples, needed=self._listens))
        self._now = block.end
        self._memory.push(heard)
        self._show(heard)
        woken = self._engines.wake.heard(block) if self._engines.wake is not None else None
        if woken is not None:
            self._wake(woken)
        elif self._listens:
            await self._listen(heard, late=anyio.current_time() - block.captured_at > LATE_S)
        elif not self._attention.is_awake and heard.probability >= self._config.turns.threshold:
            self._background.feed(block.samples, block.end)
        self._fall_asleep(self._attention.passed(block.end))
        self._configure()
        self._source.unhurried = self._activity.rests and not self._attention.is_awake

    def _show(self, heard: Heard) -> None:
        if heard.block.start // BLOCK % METER_BLOCKS == 0:
            self._emit(Level(level_db=round(level(heard.block.samples), 1), speech=round(heard.probability, 2)))

    @property
    def _listens(self) -> bool:
        return self._attention.is_awake and (self._turn is not None or self._floor.can_be_taken)

    def _wake(self, woken: Wake) -> None:
        """A wake word: what is being said ends, and what comes after the word is a new turn.

        Only speech that goes on begins one; the end of the wake word itself does not.
        """
        self._emit(Woken(word=woken.word, score=round(woken.score, 3), at_s=woken.at / LISTENING_RATE))
        self._floor.give_up(End.INTERRUPTED)
        if self._turn is not None:
            self._turn.discard()
            self._turn = None
        self._segmenter.rearm()
        self._attention.woken(woken.at)
        self._chime(Earcon.WAKE)
        self._foreground = Foreground(self._background.level(woken.word_end))
        self._fresh = woken.word_end  # what was said since belongs to a turn that begins now

    async def _listen(self, heard: Heard, *, late: bool) -> None:
        block = heard.block
        if heard.probability >= self._config.turns.threshold and not self._is_user(block):
            heard = Heard(block, 0.0)
        probability = heard.probability
        if self._turn is not None:
            self._turn.hear(block, late=late, falling=probability < FADING <= self._probability)
        if self._turn is None or self._turn.is_held:
            self._floor.heard(heard)
        for signal in self._segmenter.feed(probability, block.start, block.end):
            await self._follow(signal, block)
        if self._floor.is_taken and self._floor.is_clear and self._turn is not None and self._turn.is_held:
            self._drop()
        self._probability = probability

    def _is_user(self, block: AudioBlock) -> bool:
        """Whether the speech in `block` is neither the assistant's own nor in the background."""
        return not self._floor.is_own_voice(block) and self._foreground.is_user(block.samples)

    async def _follow(self, signal: segmenter.Signal, block: AudioBlock) -> None:
        match signal, self._turn:
            case segmenter.SpeechStarted(onset=onset), None:
                await self._begin(onset, block)
            case SoftEnd(), Turn() as turn:
                turn.soft_end(signal, block)
            case Resumed(), Turn() as turn:
                turn.resume()
            case Committed(), Turn() as turn:
                turn.commit(signal, block)
                if not turn.is_held:
                    self._hand_over(turn)

    async def _begin(self, onset: int, block: AudioBlock) -> None:
        """Somebody speaks: the beginning of a turn, unless the assistant is at it; then it remains to be seen."""
        reopened = self._floor.reopens(block)
        ask_again = self._missed + 1 >= PATIENCE_TURNS
        turn = self._turn = Turn(
            self._next_number(),
            self._parts,
            patience=self._segmenter.endpointing,
            load=self._load,
            held=self._floor.is_taken,
            ask_again=tables_of(self._parts.voice_language).phrases.again if ask_again else "",
            understood=self._understood,
        )
        pre_roll = samples(self._config.turns.pre_roll_ms)
        start = reopened.start if reopened is not None else max(self._fresh, onset - pre_roll)
        turn.tell(
            SpeechStarted(
                turn=turn.number, at_s=onset / LISTENING_RATE, reopens=reopened.number if reopened is not None else 0
            )
        )
        if not turn.is_held:
            self._attention.engaged()
        await self._tasks.start(self._live, turn, [heard.block for heard in self._memory.between(start, block.end)])

    async def _live(self, turn: Turn, first: list[AudioBlock], *, task_status: TaskStatus[None]) -> None:
        with self._engines.right_of_way.claimed():
            await turn.run(first, task_status)
        if turn.end is not End.DISCARDED:
            self._finished(turn)

    def _understood(self, turn: Turn) -> None:
        """Recognition has words for a turn; if it is held, they decide what becomes of it and of the answer."""
        if turn is not self._turn or not turn.is_held:
            return
        if not self._floor.is_taken:
            self._decide(turn)
            return
        self._floor.understood(turn)
        if self._floor.is_clear:
            self._drop()

    def _drop(self) -> None:
        """What was said over the answer was not meant for the assistant."""
        if self._turn is not None:
            self._turn.discard()
            self._turn = None
        self._fresh = self._now
        self._segmenter.rearm()
        self._unasked.say_next()

    def _hand_over(self, turn: Turn) -> None:
        """The user has finished: the assistant has the floor, and the ears are free for the next turn."""
        self._turn = None
        self._fresh = self._now
        self._floor.take(turn)
        self._segmenter.rearm()

    def _finished(self, turn: Turn) -> None:
        """The last of `turn` was heard, or it was given up."""
        self._floor.leave(turn)
        self._keep_unsaid(turn.outcome)
        if turn.end is End.NOTHING and not turn.spoken:
            self._chime(Earcon.ERROR)
        self._missed = self._missed + 1 if turn.end is End.NOTHING else 0
        if self._missed >= PATIENCE_TURNS:
            self._missed = 0
        if self._floor.is_taken:
            return  # something has cut in
        if turn.end is End.DISMISSED and self._turn is None:
            self._fall_asleep(self._attention.dismissed())
            self._silent(None)
        else:
            self._silent(turn.asks)

    def _keep_unsaid(self, outcome: Outcome) -> None:
        if outcome.error is not None and outcome.error.code is Code.DEVICE_FAILED:
            spoken = " ".join(clause.text for clause in outcome.clauses) or outcome.reply
            self._unsaid = spoken[len(outcome.heard) :].strip()
        elif outcome.heard:
            self._unsaid = ""  # the conversation has gone on

    def _decide(self, turn: Turn) -> None:
        """The floor is free; what was begun while it was taken is answered once there are words for it."""
        meaning = self._floor.meaning(turn)
        if not turn.is_held or (meaning is Remark.BACKCHANNEL and not turn.is_understood):
            return
        if meaning is not Remark.WORDS:
            self._drop()
            self._open(self._attention.answered(self._now, question=False))
            self._rearm()
            return
        self._attention.engaged()
        turn.admit()
        if turn.is_committed:
            self._hand_over(turn)

    def _rearm(self) -> None:
        self._segmenter.rearm()
        self._fresh = self._now
        self._emit(Listening())

    def _open(self, window: Window | None) -> None:
        if window is not None and not self._source.muted:
            self._emit(FollowUp(seconds=window.seconds))
            self._chime(Earcon.LISTENING)

    def _fall_asleep(self, reason: IdleReason | None) -> None:
        if reason is None:
            return
        self._segmenter.rearm()
        self._emit(FellAsleep(reason=reason.value))
        self._chime(Earcon.DONE)
        self._unasked.say_next()

    def _report_dropped(self) -> None:
        if (dropped := self._source.dropped) > self._dropped:
            self._emit(AudioDropped(samples=dropped - self._dropped))
            self._dropped = dropped
