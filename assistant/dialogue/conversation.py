"""The conversation: a loop over blocks of audio, and one turn after another."""

from contextlib import aclosing, suppress

import anyio
from anyio.abc import TaskGroup, TaskStatus

from assistant.audio.base import AudioSource
from assistant.audio.earcons import RATE, Earcon, sound
from assistant.audio.pcm import BLOCK, BLOCK_S, LISTENING_RATE, AudioBlock, level
from assistant.dialogue.context import Context
from assistant.dialogue.listening.ears import Ears
from assistant.dialogue.listening.utterance import ScoredBlock
from assistant.dialogue.speaking.announcement import Announcement
from assistant.dialogue.speaking.draft import clauses_of
from assistant.dialogue.speaking.interruption import Interruption
from assistant.dialogue.speaking.outcome import Outcome
from assistant.dialogue.speaking.queue import AnnouncementQueue
from assistant.dialogue.speaking.stack import SpeakerStack
from assistant.dialogue.turn.ending import TurnEnd
from assistant.dialogue.turn.load import Load
from assistant.dialogue.turn.turn import Turn
from assistant.engines.detectors import Detectors
from assistant.errors import AssistantError, Code
from assistant.events import (
    AudioDropped,
    FellAsleep,
    FollowUp,
    Level,
    Listening,
    SpeechStarted,
    Woken,
)
from assistant.language.remarks import Remark
from assistant.language.tables import tables_of
from assistant.turns import segmenter
from assistant.turns.attention import Attention, IdleReason, Window
from assistant.turns.segmenter import Committed, Resumed, Segmenter, SoftEnd, samples
from assistant.wake.base import Detection

LATE_S = 2 * BLOCK_S
"""A block that voice activity gets later than this after its capture is late: two blocks, 64 ms."""

METER_BLOCKS = 3
"""Blocks between two `Level` events: ten a second, as often as a meter needs."""

MAX_WORDLESS_TURNS = 2
"""Turns in a row in which no words were recognised, after which the assistant asks for the words again."""


class Conversation:
    """Listens on `source` and answers until it is cancelled or the source fails.

    The room around it says what becomes of the microphone, and of the configuration.

    It is larger than most classes: listening, turns and what is said meet here and nowhere else, and each decision
    about one of them needs the state of the others. What can be decided without that is done by the parts.
    """

    def __init__(self, context: Context, source: AudioSource, detectors: Detectors) -> None:
        self._context = context
        self._source = source
        self._detectors = detectors
        self._follow_turns()
        self._follow_wake()
        self._load = Load(context.config.asr.partial_interval_ms / 1000)
        self._stack = SpeakerStack()
        self._interruption = Interruption(context.config, source, self._stack, context.emit)
        self._queue = AnnouncementQueue()
        self._turn: Turn | None = None
        """The one that is listened to."""
        self._now = 0
        """The audio clock: the end of the latest block."""
        self._fresh = 0
        """Where what belongs to no earlier turn begins."""
        self._wordless = 0
        """Turns in a row in which no words were recognised."""
        self._dropped = 0
        self._unsaid = ""
        """What an answer had left to say when the loudspeaker failed."""
        self._wanted: tuple[Context, Detectors] | None = None
        """What to follow once neither the user nor the assistant speaks."""
        self._performing: set[Announcement] = set()
        """Those that a caller of `perform` waits for."""
        self._has_ended = False
        self._tasks: TaskGroup

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Converse. Raises `AssistantError` when the source does; anything else that fails ends its turn with an event.

        The other methods may be called once it is started, according to `task_status`.
        """
        try:
            async with anyio.create_task_group() as self._tasks, aclosing(self._source.blocks()) as blocks:
                self._rearm()
                task_status.started()
                async for block in blocks:
                    self._report_dropped()
                    await self._hear(block)
        finally:
            self._has_ended = True
            for announcement in self._performing:
                announcement.discard()

    @property
    def state(self) -> str:
        """asleep, listening, hearing (the user speaks), answering (not audible yet) or speaking."""
        if self._stack.is_taken:
            return "speaking" if self._stack.is_playing else "answering"
        if self._turn is not None:
            return "hearing"
        return "listening" if self._attention.is_awake else "asleep"

    @property
    def waiting(self) -> int:
        """Announcements, and answers to typed questions, that wait to be said."""
        return len(self._queue)

    def configure(self, context: Context, detectors: Detectors) -> None:
        """Follow `context` and listen with `detectors` from the next turn on."""
        self._wanted = context, detectors
        self._configure()

    def listen(self) -> None:
        """Listen, as if a wake word had been said; what the assistant is saying ends."""
        self._stack.give_up(TurnEnd.INTERRUPTED)
        self._attention.woken(self._now)
        self._context.emit(Woken(word="", score=1.0, at_s=self._now / LISTENING_RATE))
        self.chime(Earcon.WAKE)

    def stop(self, *, waiting: bool = False) -> bool:
        """Say nothing more of what is being said, nor, with `waiting`, what waits to be said. Whether that was
        anything."""
        forgotten = waiting and self._queue.clear()
        is_speaking = self._stack.is_taken
        self._stack.give_up(TurnEnd.INTERRUPTED)
        return is_speaking or forgotten

    async def perform(self, announcement: Announcement, *, cut_in: bool = False) -> None:
        """Have `announcement` said, and return when it is over.

        It waits until neither the user nor the assistant speaks; `cut_in` does not, and what is being said goes on
        after it. Cancelling takes it back, and so does the end of the conversation. Raises `AssistantError`
        (`queue.full`, `room.unknown` after that end).
        """
        if self._has_ended:
            raise AssistantError(Code.ROOM_UNKNOWN, f"the room {self._context.room} has closed")
        if cut_in:
            self._stack.cut_in(announcement)
            self._tasks.start_soon(self._run_announcement, announcement)
        else:
            self._queue.add(announcement)
            self._announce_next()
        self._performing.add(announcement)
        try:
            await announcement.over.wait()
        finally:
            self._performing.remove(announcement)
            if not announcement.over.is_set():
                announcement.interrupt(TurnEnd.INTERRUPTED)
                self._queue.discard(announcement)

    def forget_speech(self, reason: str) -> None:
        """Discard what is being said to the assistant, and require a wake word from now on, because of `reason`."""
        if self._turn is not None:
            self._drop()
        self._interruption.forget(self._now)
        if self._attention.dismissed() is not None:
            self._context.emit(FellAsleep(reason=reason))
        self._announce_next()

    def chime(self, earcon: Earcon) -> None:
        """Make a short sound, if it is wanted."""
        config = self._context.config
        if config.wake != "none" and getattr(config.sound, earcon.value):
            self._tasks.start_soon(self._sound, earcon)

    def take_unsaid(self) -> str:
        """Take, once, what an answer had left to say when the loudspeaker failed."""
        unsaid, self._unsaid = self._unsaid, ""
        return unsaid

    def _configure(self) -> None:
        if self._wanted is None or self._turn is not None or self._stack.is_taken:
            return
        before, detectors = self._context.config, self._detectors
        (self._context, self._detectors), self._wanted = self._wanted, None
        config = self._context.config
        self._interruption.configure(config)
        if before.asr.partial_interval_ms != config.asr.partial_interval_ms:
            self._load = Load(config.asr.partial_interval_ms / 1000)
        if before.turns != config.turns or detectors is not self._detectors:
            self._follow_turns()
        if before.wake != config.wake:
            self._follow_wake()
            self._rearm()

    def _follow_turns(self) -> None:
        turns = self._context.config.turns
        self._segmenter = Segmenter(turns)
        self._ears = Ears(self._detectors, turns)

    def _follow_wake(self) -> None:
        wake = self._context.config.wake
        self._attention = Attention(None if wake == "none" else wake)

    def _announce_next(self) -> None:
        """Say what waits, unless the user or the assistant speaks, or the user is about to."""
        if self._stack.is_taken or self._turn is not None or self._attention.is_called:
            return
        if (announcement := self._queue.pop()) is not None:
            self._stack.take(announcement)
            self._tasks.start_soon(self._run_announcement, announcement)

    async def _run_announcement(self, announcement: Announcement) -> None:
        if announcement.awaits:
            self._attention.engaged()
        with self._context.engines.precedence.claimed():
            await announcement.run()
        self._stack.leave(announcement)
        if announcement.question is None:
            self._context.emit(announcement.announced())
        if not self._stack.is_taken:
            asks = None if announcement.question is None else announcement.outcome.asks
            self._fall_silent(True if announcement.awaits else asks)

    def _fall_silent(self, asks: bool | None) -> None:
        """Listen again: the assistant has said everything.

        `asks`: whether that was a question; None if it answered nothing.
        """
        if self._turn is not None:
            self._decide(self._turn)
        else:
            if asks is not None:
                self._open(self._attention.answered(self._now, question=asks))
            self._rearm()
        self._announce_next()

    async def _sound(self, earcon: Earcon) -> None:
        playback = self._context.sink.play(RATE, cut_in=True)  # after what is being said, if anything is
        with suppress(AssistantError):  # a loudspeaker that has gone
            await playback.write(sound(earcon))
            await playback.drain()

    async def _hear(self, block: AudioBlock) -> None:
        scored = self._ears.hear(block, needed=self._listens)
        self._now = block.end
        self._meter(scored)
        woken = await self._ears.spot(block)
        if woken is not None:
            self._wake(woken)
        elif self._listens:
            await self._listen(scored, late=anyio.current_time() - block.captured_at > LATE_S)
        elif not self._attention.is_awake:
            self._ears.note_background(scored)
        self._fall_asleep(self._attention.passed(block.end))
        self._configure()
        self._source.batched = self._ears.rests and not self._attention.is_awake

    def _meter(self, scored: ScoredBlock) -> None:
        if scored.block.start // BLOCK % METER_BLOCKS == 0:
            loudness = round(level(scored.block.samples), 1)
            self._context.emit(Level(level_db=loudness, speech=round(scored.probability, 2)))

    @property
    def _listens(self) -> bool:
        return self._attention.is_awake and (self._turn is not None or self._interruption.can_listen)

    def _wake(self, woken: Detection) -> None:
        """End what is being said: a wake word was detected, and speech after it is a new turn.

        Only speech that goes on begins one; the end of the wake word itself does not.
        """
        at_s = woken.at / LISTENING_RATE
        look = None if woken.second_look is None else round(woken.second_look, 3)
        self._context.emit(Woken(word=woken.word, score=round(woken.score, 3), at_s=at_s, second_look=look))
        self._stack.give_up(TurnEnd.INTERRUPTED)
        if self._turn is not None:
            self._turn.discard()
            self._turn = None
        self._segmenter.rearm()
        self._attention.woken(woken.at)
        self.chime(Earcon.WAKE)
        self._ears.follow_speaker(woken)
        self._fresh = woken.word_end  # what was said since belongs to a turn that begins now

    async def _listen(self, captured: ScoredBlock, *, late: bool) -> None:
        block = captured.block
        scored = self._ears.of_user(captured, own_voice=self._interruption.is_own_voice(block))
        falling = self._ears.is_falling(scored.probability)
        if self._turn is not None:
            self._turn.hear(block, late=late, falling=falling)
        if self._turn is None or self._turn.is_held:
            self._interruption.hear(scored)
        for signal in self._segmenter.feed(scored.probability, block.start, block.end):
            await self._follow(signal, block)
        if self._stack.is_taken and self._interruption.is_clear and self._turn is not None and self._turn.is_held:
            self._drop()

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
        """Begin a turn with the onset of speech; held, if it is over something that the assistant is saying."""
        context = self._context
        reopened = self._interruption.reopens(block)
        ask_again = self._wordless + 1 >= MAX_WORDLESS_TURNS
        turn = self._turn = Turn(
            context.next_turn(),
            context,
            endpointing=self._segmenter.endpointing,
            load=self._load,
            held=self._stack.is_taken,
            ask_again=tables_of(context.voice_language).phrases.again if ask_again else "",
            understood=self._understood,
        )
        pre_roll = samples(context.config.turns.pre_roll_ms)
        start = reopened.start if reopened is not None else max(self._fresh, onset - pre_roll)
        turn.emit(
            SpeechStarted(
                turn=turn.number, at_s=onset / LISTENING_RATE, reopens=reopened.number if reopened is not None else 0
            )
        )
        if not turn.is_held or self._attention.is_called:  # called, it only waits for what is being given up
            self._attention.engaged()
        await self._tasks.start(self._live, turn, self._ears.between(start, block.end))

    async def _live(self, turn: Turn, first: list[AudioBlock], *, task_status: TaskStatus[None]) -> None:
        with self._context.engines.precedence.claimed():
            await turn.run(first, task_status)
        if turn.end is not TurnEnd.DISCARDED:
            self._finished(turn)

    def _understood(self, turn: Turn) -> None:
        """Recognition has words for a turn; if it is held, they decide what becomes of it and of the answer."""
        if turn is not self._turn or not turn.is_held:
            return
        if not self._stack.is_taken:
            self._decide(turn)
            return
        self._interruption.understood(turn)
        if self._interruption.is_clear:
            self._drop()

    def _drop(self) -> None:
        """Discard the turn: what was said over the answer was not meant for the assistant."""
        if self._turn is not None:
            self._turn.discard()
            self._turn = None
        self._fresh = self._now
        self._segmenter.rearm()
        self._announce_next()

    def _hand_over(self, turn: Turn) -> None:
        """Give the voice to the answer of `turn`, whose user has finished; the ears are free for the next turn."""
        self._turn = None
        self._fresh = self._now
        self._stack.take(turn)
        self._segmenter.rearm()

    def _finished(self, turn: Turn) -> None:
        """Clean up after `turn`: its answer was played to the end, or given up."""
        self._stack.leave(turn)
        self._keep_unsaid(turn.outcome)
        if turn.end is TurnEnd.NOTHING and not turn.spoken:
            self.chime(Earcon.ERROR)
        self._wordless = (self._wordless + 1) % MAX_WORDLESS_TURNS if turn.end is TurnEnd.NOTHING else 0
        if self._stack.is_taken:
            return  # something has cut in
        if turn.end is TurnEnd.DISMISSED and self._turn is None:
            self._fall_asleep(self._attention.dismissed())
            self._fall_silent(None)
        else:
            self._fall_silent(turn.outcome.asks)

    def _keep_unsaid(self, outcome: Outcome) -> None:
        if outcome.error is not None and outcome.error.code is Code.DEVICE_FAILED:
            spoken = " ".join(outcome.spoken) or outcome.reply
            if outcome.has_claims:  # as they turned out, which may be otherwise than was synthesised
                language = self._context.voice_language
                spoken = " ".join(clause.text for clause in clauses_of(outcome.reply, language))
            self._unsaid = spoken[len(outcome.heard) :].strip()
        elif outcome.heard:
            self._unsaid = ""  # the conversation has gone on

    def _decide(self, turn: Turn) -> None:
        """Decide about a turn that was begun over an answer, which is over now, once there are words for it."""
        meaning = self._interruption.meaning(turn)
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
        self._context.emit(Listening())

    def _open(self, window: Window | None) -> None:
        if window is not None and not self._source.muted:
            self._context.emit(FollowUp(seconds=window.seconds))
            self.chime(Earcon.LISTENING)

    def _fall_asleep(self, reason: IdleReason | None) -> None:
        if reason is None:
            return
        self._segmenter.rearm()
        self._context.emit(FellAsleep(reason=reason.value))
        self.chime(Earcon.DONE)
        self._announce_next()

    def _report_dropped(self) -> None:
        if (dropped := self._source.dropped) > self._dropped:
            self._context.emit(AudioDropped(samples=dropped - self._dropped))
            self._dropped = dropped
