"""One exchange of a soak: something the user wanted an answer to, and whether it was answered."""

import msgspec

from assistant.bench.soak.event_recorder import DaemonEvent
from assistant.dialogue.turn.ending import TurnEnd


class SoakExchange(msgspec.Struct, frozen=True, kw_only=True):
    """Something that wanted an answer."""

    at_s: float
    """When it was over, in seconds since the daemon was ready."""
    scene: str
    clip: str
    """Name of the recording, or the text."""
    spoken: bool = True
    """False for what was typed or announced."""
    missed: str = ""
    """Why it was not answered; empty when it was.

    no wake: the wake word was not detected. not heard: no speech was detected. no transcript: nothing was recognised.
    no answer: none in time. nothing heard: none of the answer was played. interrupted: the answer was, though the user
    was silent. went on: after "stop". Else the end of the turn, or the code of an error.
    """
    cut: bool = False
    """Whether the user interrupted the answer, as intended."""
    voice_to_voice_ms: float | None = None


def why_missed(turn: DaemonEvent, *, may_be_cut: bool) -> str:
    """Return why a finished turn was no answer; empty when it was. `may_be_cut` is true if the user interrupted it."""
    if turn["error"] is not None:
        return str(turn["error"])
    if turn["end"] == TurnEnd.NOTHING:
        return "no transcript"
    if turn["end"] != TurnEnd.ANSWERED and not (may_be_cut and turn["end"] == TurnEnd.INTERRUPTED):
        return str(turn["end"])
    return "" if turn["heard"] else "nothing heard"
