"""The assistant's reaction to its own voice: how often it stops, wakes or ducks itself when the user is silent."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import anyio
import msgspec

from assistant.audio.pcm import Samples
from assistant.bench.conversation.barge_in import LOSSES_DB, complete_requests, remark_of
from assistant.bench.conversation.simulated_conversation import SimulatedConversation, simulated_conversation
from assistant.bench.conversation.trial import LoadedClip
from assistant.config.schema import Config, Wake
from assistant.dialogue.turn.ending import TurnEnd
from assistant.engines.engines import Engines
from assistant.events import Disturbed, PlaybackStarted, Woken
from assistant.language.remarks import Remark

FOLLOW_UP_S = 2.5
"""Silence after an answer, while the assistant listens for a follow-up."""


@dataclass
class OwnSpeech:
    """Counts of false reactions to the assistant's own speech."""

    spoken_s: float = 0.0
    interruptions: int = 0
    wakes: int = 0
    disturbances: int = 0
    """Times that playback was ducked or held."""


async def own_speech(
    engines: Engines,
    config: Config,
    wake: Wake,
    clips: Sequence[LoadedClip],
    seconds: float,
    progress: Callable[[str], None],
) -> OwnSpeech:
    """Let the assistant speak for `seconds`, an equal share at each echo level, with wake words on."""
    config = msgspec.structs.replace(config, wake=wake)
    own = OwnSpeech()
    requests = complete_requests(clips)
    questions = [each for each in requests if remark_of(each) is Remark.WORDS and not each.clip.wake_word]
    if not questions:
        return own
    for loss_db in LOSSES_DB:
        async with simulated_conversation(engines, config, loss_db) as simulated:
            asked = 0
            while (left_s := seconds / len(LOSSES_DB) - simulated.room.played_s) > 0:
                progress(f"own speech, echo {loss_db:.0f} dB below: {left_s:.0f} s left")
                await _listen_to_answer(simulated, questions[asked % len(questions)].samples, own, left_s)
                asked += 1
            own.spoken_s += simulated.room.played_s
    return own


async def _listen_to_answer(simulated: SimulatedConversation, question: Samples, own: OwnSpeech, left_s: float) -> None:
    """Count the reactions during one answer, or its first `left_s` seconds, and the silence after it."""
    simulated.assistant.listen()
    if not await simulated.is_answered(question) or (turn := simulated.answering) is None:
        return
    await anyio.sleep(simulated.room.left_to_say_s)  # a reaction to the rest of the question is not counted
    if simulated.finished(turn) is not None:
        return
    since = len(simulated.events)
    if await simulated.until(lambda: simulated.finished(turn) is not None, left_s):
        await anyio.sleep(FOLLOW_UP_S)
    finished = simulated.finished(turn)
    own.interruptions += finished is not None and finished.end != TurnEnd.ANSWERED
    own.interruptions += len(simulated.seen(PlaybackStarted, since))
    own.wakes += len(simulated.seen(Woken, since))
    own.disturbances += sum(event.action in ("duck", "hold") for event in simulated.seen(Disturbed, since))
