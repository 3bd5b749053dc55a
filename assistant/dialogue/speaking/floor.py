"""Who has the floor while the assistant answers: it, or the user who begins to speak over it."""

from assistant.audio.base import AudioSource
from assistant.audio.pcm import LISTENING_RATE, AudioBlock
from assistant.config.schema import Config
from assistant.dialogue.listening.utterance import Heard
from assistant.dialogue.speaking.speaker import Speaking
from assistant.dialogue.turn.end import End
from assistant.dialogue.turn.turn import Turn
from assistant.events import Disturbed, Emitter
from assistant.language.remarks import Remark, are_own_words, remark, said_after
from assistant.turns.barge_in import BargeIn, PlaybackAction

JOINED_S = 5.0
"""A question is only reopened when so much may still be said before it is too long."""

OWN_DB = 9.0
"""A block that the echo canceller has lowered by more held an echo and not much else.

Recorded commands over a recorded voice, both equally loud in the microphone: once the canceller has converged nine of
ten blocks in which voice activity hears the user are lowered by less, and the first of them is the first that it hears.
"""

OVER_ECHO = 0.1
"""Probability from which a block is speech while the assistant speaks, if the canceller (that has converged) has let
it through.

Voice activity is slow to believe in speech that follows the remains of an echo: the first block with 0.5 comes 60 to
320 ms after the first that was let through. In a simulated room with the loudspeaker 20 and 10 dB lower in the
microphone the answer is silent 236 ms after the onset of the user's speech (median of 23 recordings); with 0.2, and
blocks that are lowered by 6 dB at the most, 263 ms; by voice activity alone 382 ms.
"""

LOUDER_DB = 6.0
"""While the canceller has not converged, a user is heard who is so much louder than the echo."""


class Floor:
    """Carries out on the answer what `BargeIn` decides about the speech over it."""

    def __init__(self, config: Config, source: AudioSource, emit: Emitter) -> None:
        self._config = config
        self._source = source
        self._emit = emit
        self._barge_in = BargeIn()
        self._answering: Speaking | None = None
        self._waiting: list[Speaking] = []
        """What goes on when the present one is over, the last of it first: something has cut in."""
        self._reopens = False
        self._question = ""
        """What was asked before the speech that goes on with it."""
        self._spoken = ""
        """What the assistant said last."""

    @property
    def is_taken(self) -> bool:
        """The assistant answers, or prepares to."""
        return self._answering is not None

    @property
    def is_clear(self) -> bool:
        """Nobody speaks over the answer, as far as is known."""
        return not self._barge_in.is_disturbed

    @property
    def can_be_taken(self) -> bool:
        """The user can be listened to: the assistant is silent, or can tell its own voice from the user's."""
        may_barge_in = self._config.barge_in.enabled == "on" or (
            self._config.barge_in.enabled == "auto" and self._source.echo_free is not None
        )
        return may_barge_in or not self.is_playing

    def configure(self, config: Config) -> None:
        """Follow `config` from now on."""
        self._config = config

    def take(self, speaking: Speaking) -> None:
        """The assistant has something to say; if it is saying something already, that comes first."""
        if self._answering is not None:
            speaking.hold()
            self._waiting.append(speaking)
            return
        self._answering = speaking
        self._barge_in.reset()

    def cut_in(self, speaking: Speaking) -> None:
        """The assistant says `speaking` now, and then goes on with what it is saying."""
        if self._answering is not None:
            self._answering.hold()
            self._waiting.append(self._answering)
        self._answering = speaking
        self._barge_in.reset()

    def leave(self, speaking: Speaking) -> None:
        """`speaking` is over."""
        if speaking is not self._answering:
            if speaking in self._waiting:
                self._waiting.remove(speaking)
            return
        self._question, self._spoken = speaking.words, speaking.spoken
        self._answering = self._waiting.pop() if self._waiting else None
        self._barge_in.reset()
        if self._answering is not None:
            self._answering.restore()

    def give_up(self, end: End) -> None:
        """End what is being said, if anything is, and what would go on after it."""
        for waiting in self._waiting:
            waiting.interrupt(End.INTERRUPTED)
        if self._answering is not None:
            self._answering.interrupt(end)

    def is_own_voice(self, block: AudioBlock) -> bool:
        """Whether what is in `block` is what the canceller has left of the assistant's voice."""
        if not self.is_taken:
            return False
        if self._source.echo_free is not False or block.excess_db is None:
            return block.reduction_db > OWN_DB
        return block.excess_db < LOUDER_DB

    def heard(self, heard: Heard) -> None:
        """Take a block that was heard while the assistant answers."""
        if self._answering is None:
            return
        block = heard.block
        action = self._barge_in.feed(
            heard.probability >= self._config.turns.threshold or self._is_over_echo(heard),
            block.start,
            block.end,
            playing=self.is_playing,
            converged=self._source.echo_free is not False,
        )
        self._carry_out(action, block.end)

    def _is_over_echo(self, heard: Heard) -> bool:
        """Whether voice activity has begun to hear somebody over the assistant, and the canceller confirms it."""
        is_beginning = heard.probability >= OVER_ECHO and heard.block.reduction_db <= OWN_DB
        return is_beginning and self.is_playing and self._source.echo_free is True

    def reopens(self, block: AudioBlock) -> Speaking | None:
        """The turn whose question goes on with the speech that began in `block`; None when it is a new one."""
        answering = self._answering
        since = answering.playing_since if answering is not None else None
        is_early = since is None or block.captured_at - since < self._config.turns.reopen_ms / 1000
        longest = (self._config.turns.max_utterance_s - JOINED_S) * LISTENING_RATE
        goes_on = answering is not None and answering.goes_on and block.end - answering.start < longest
        self._reopens = goes_on and is_early
        return answering if self._reopens else None

    def understood(self, turn: Turn) -> None:
        """Recognition has words for `turn`, which is spoken over the answer."""
        if self._answering is None:
            return
        self._spoken = self._answering.spoken
        words = self._new_words(turn)
        action = self._barge_in.understood(
            remark(words, turn.language),
            own=self._are_own(words),
            finished=turn.is_understood,
        )
        self._carry_out(action, turn.end_of_audio)

    def meaning(self, turn: Turn) -> Remark:
        """What the words of `turn`, which was begun over an answer, mean; the assistant's own mean nothing."""
        words = self._new_words(turn)
        return Remark.BACKCHANNEL if self._are_own(words) else remark(words, turn.language)

    def _are_own(self, words: str) -> bool:
        """Whether the assistant has heard itself, which is likelier as long as the canceller has not converged."""
        return are_own_words(words, self._spoken, leniently=self._source.echo_free is False)

    @property
    def is_playing(self) -> bool:
        """What the assistant says can be heard already."""
        return self._answering is not None and self._answering.playing_since is not None

    def _new_words(self, turn: Turn) -> str:
        """What was said after the question that `turn` goes on with."""
        if not self._reopens:
            return turn.words
        question = self._answering.words if self._answering is not None else self._question
        return said_after(question, turn.words, turn.language)

    def _carry_out(self, action: PlaybackAction | None, at: int) -> None:
        answering = self._answering
        if action is None or answering is None:
            return
        match action:
            case PlaybackAction.DUCK:
                answering.lower(10 ** (-self._config.barge_in.duck_db / 20))
            case PlaybackAction.HOLD:
                answering.hold()
            case PlaybackAction.RESTORE:
                answering.restore()
            case PlaybackAction.STOP:
                self.give_up(End.REOPENED if self._reopens else End.INTERRUPTED)
        self._emit(Disturbed(turn=answering.number, action=action.name.lower(), at_s=at / LISTENING_RATE))
