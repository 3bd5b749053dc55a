"""The barge-in controller: what becomes of the answer when the user speaks over it."""

from assistant.audio.base import AudioSource
from assistant.audio.pcm import LISTENING_RATE, AudioBlock
from assistant.config.schema import Config
from assistant.dialogue.listening.utterance import ScoredBlock
from assistant.dialogue.speaking.speaker import Speaker
from assistant.dialogue.speaking.stack import SpeakerStack
from assistant.dialogue.turn.ending import TurnEnd
from assistant.dialogue.turn.turn import Turn
from assistant.events import Disturbed, Emitter
from assistant.language.remarks import Remark, are_own_words, remark, said_after
from assistant.turns.barge_in import BargeIn, PlaybackAction

JOINED_S = 5.0
"""A question is only reopened when so much may still be said before it is too long."""

OWN_DB = 9.0
"""A block that the echo canceller has lowered by more held an echo and not much else.

Recorded commands over a recorded voice, both equally loud in the microphone: once the canceller has converged nine of
ten blocks in which voice activity finds the user are lowered by less, and the first of them is the first that it finds.
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
"""While the canceller has not converged, speech counts as the user's if it is so much louder than the echo."""


class Interruption:
    """Carries out on what the assistant is saying what `BargeIn` decides about the speech over it."""

    def __init__(self, config: Config, source: AudioSource, stack: SpeakerStack, emit: Emitter) -> None:
        self._config = config
        self._source = source
        self._stack = stack
        self._emit = emit
        self._barge_in = BargeIn()
        self._followed = 0
        """The change of the stack since which `BargeIn` has listened."""
        self._reopens = False
        """Whether the speech over the answer may go on with its question."""
        self._took_back = False
        """Whether the answer was given up for that."""

    @property
    def is_clear(self) -> bool:
        """There is no speech over the answer, as far as is known."""
        self._follow_stack()
        return not self._barge_in.is_disturbed

    @property
    def can_listen(self) -> bool:
        """The assistant is silent, or can distinguish its own voice from the user's."""
        may_barge_in = self._config.barge_in.enabled == "on" or (
            self._config.barge_in.enabled == "auto" and self._source.echo_free is not None
        )
        return may_barge_in or not self._stack.is_playing

    def configure(self, config: Config) -> None:
        """Follow `config` from now on."""
        self._config = config

    def is_own_voice(self, block: AudioBlock) -> bool:
        """Whether `block` holds no more than the canceller has left of the assistant's voice."""
        if not self._stack.is_taken:
            return False
        if self._source.echo_free is not False or block.excess_db is None:
            return block.reduction_db > OWN_DB
        return block.excess_db < LOUDER_DB

    def hear(self, scored: ScoredBlock) -> None:
        """Take a block that was captured while the assistant answers."""
        self._follow_stack()
        if self._stack.current is None:
            return
        block = scored.block
        action = self._barge_in.feed(
            scored.probability >= self._config.turns.threshold or self._is_over_echo(scored),
            block.start,
            block.end,
            playing=self._stack.is_playing,
            converged=self._source.echo_free is not False,
        )
        self._carry_out(action, block.end)

    def reopens(self, block: AudioBlock) -> Speaker | None:
        """Return the turn whose question the speech that began in `block` goes on with; None for a new question."""
        speaker = self._stack.current
        since = speaker.playing_since if speaker is not None else None
        is_early = since is None or block.captured_at - since < self._config.turns.reopen_ms / 1000
        longest = (self._config.turns.max_utterance_s - JOINED_S) * LISTENING_RATE
        goes_on = speaker is not None and speaker.can_reopen and block.end - speaker.start < longest
        self._reopens, self._took_back = goes_on and is_early, False
        return speaker if self._reopens else None

    def understood(self, turn: Turn) -> None:
        """Recognition has words for `turn`, which is spoken over the answer."""
        self._follow_stack()
        if self._stack.current is None:
            return
        words = self._new_words(turn)
        action = self._barge_in.understood(
            remark(words, turn.language),
            own=self._are_own(words),
            finished=turn.is_understood,
        )
        self._carry_out(action, turn.end_of_audio)

    def forget(self, at: int) -> None:
        """Let the answer go on, at sample `at`: the speech over it is not listened to any more."""
        self._follow_stack()
        self._carry_out(self._barge_in.understood(Remark.BACKCHANNEL, own=False, finished=True), at)

    def meaning(self, turn: Turn) -> Remark:
        """What the words of `turn`, which was begun over an answer, mean; the assistant's own mean nothing.

        Those of a question that was reopened for no more than a noise are to be answered again.
        """
        words = self._new_words(turn)
        found = Remark.BACKCHANNEL if self._are_own(words) else remark(words, turn.language)
        if found is Remark.BACKCHANNEL and self._took_back and turn.is_understood:
            return Remark.WORDS  # nothing was added to a question whose answer is gone
        return found

    def _follow_stack(self) -> None:
        """Start over when another speaker has become the current one."""
        if self._stack.changes != self._followed:
            self._followed = self._stack.changes
            self._barge_in.reset()

    @property
    def _latest(self) -> Speaker | None:
        return self._stack.current or self._stack.last

    def _is_over_echo(self, scored: ScoredBlock) -> bool:
        """Whether voice activity has begun to find speech over the assistant, and the canceller confirms it."""
        is_beginning = scored.probability >= OVER_ECHO and scored.block.reduction_db <= OWN_DB
        return is_beginning and self._stack.is_playing and self._source.echo_free is True

    def _are_own(self, words: str) -> bool:
        """Whether the words are the assistant's echo, which is likelier as long as the canceller has not converged."""
        spoken = self._latest.spoken if self._latest is not None else ""
        return are_own_words(words, spoken, leniently=self._source.echo_free is False)

    def _new_words(self, turn: Turn) -> str:
        """Return the words after the question that `turn` goes on with."""
        if not self._reopens or self._latest is None:
            return turn.words
        return said_after(self._latest.words, turn.words, turn.language)

    def _carry_out(self, action: PlaybackAction | None, at: int) -> None:
        speaker = self._stack.current
        if action is None or speaker is None:
            return
        match action:
            case PlaybackAction.DUCK:
                speaker.lower(10 ** (-self._config.barge_in.duck_db / 20))
            case PlaybackAction.HOLD:
                speaker.hold()
            case PlaybackAction.RESTORE:
                speaker.restore()
            case PlaybackAction.STOP:
                self._took_back = self._reopens
                self._stack.give_up(TurnEnd.REOPENED if self._reopens else TurnEnd.INTERRUPTED)
        self._emit(Disturbed(turn=speaker.number, action=action.name.lower(), at_s=at / LISTENING_RATE))
