"""Barge-in and backchannels in a room with an echo: users who take the turn, listeners' remarks, and noises."""

from collections.abc import Callable, Sequence

import anyio
import msgspec
import numpy as np

from assistant.audio.pcm import BLOCK, LISTENING_RATE, Samples
from assistant.audio.resample import Resampler
from assistant.bench.clips import REQUESTS
from assistant.bench.conversation import pauses
from assistant.bench.conversation.simulated_conversation import SimulatedConversation, simulated_conversation
from assistant.bench.conversation.trial import ConversationTrial, LoadedClip
from assistant.blocking import NeverStop
from assistant.config.schema import Config
from assistant.dialogue.turn.ending import TurnEnd
from assistant.engines.engines import Engines
from assistant.errors import AssistantError, Code
from assistant.language.remarks import Remark, remark
from assistant.tts.base import SpeechSynthesizer
from assistant.vad.silero import Silero

LOSSES_DB = (20.0, 10.0)
"""Echo levels, in dB below the loudspeaker's: a separate loudspeaker, and both devices in one small case."""

CONVERGENCE_S = 8.0
"""How long the assistant speaks before the echo canceller has converged; in simulated rooms it took 5.5 s at most."""

MIN_SPOKEN_S = 2.5
"""How long the assistant speaks before a barge-in, at least: longer than a turn can be reopened."""

STAGGER_S = 0.37
"""Added once more for each trial, up to four times, so that different words are spoken over."""

MAX_SPOKEN_S = 8.0
"""An answer that has played for longer is replaced before the next trial. Answers last half a minute."""

OUTCOME_S = 4.0
"""After an utterance, until it is certain whether the answer goes on."""

BACKCHANNELS = ("Mhm.", "Uh-huh.", "Okay.", "Right.", "Yeah.", "I see.")
"""Synthesised by the assistant's own voice, raised in pitch, because there are no recordings of listeners."""

PITCH_FACTOR = 0.8
"""Sampling rate of the synthesised backchannels over that of the voice: they are played faster, and so higher."""

NOISE_S = 2.0
"""How much of a recorded noise is played."""


async def barge_in_trials(
    engines: Engines, config: Config, clips: Sequence[LoadedClip], progress: Callable[[str], None]
) -> list[ConversationTrial]:
    """Speak over the assistant with every complete sentence and every backchannel, each at one of the echo levels."""
    config = msgspec.structs.replace(config, wake="none")
    requests = [loaded for loaded in complete_requests(clips) if remark_of(loaded) is not Remark.BACKCHANNEL]
    if not requests:
        return []
    backchannels = _backchannels(engines, clips)
    trials: list[ConversationTrial] = []
    for number, loss_db in enumerate(LOSSES_DB):
        variant = f"{loss_db:.0f} dB"
        async with simulated_conversation(engines, config, loss_db) as simulated:
            trials += await _barge_ins(simulated, requests[number :: len(LOSSES_DB)], requests, variant, progress)
            remarks = backchannels[number :: len(LOSSES_DB)]
            for count, (name, sound) in enumerate(remarks, 1):
                progress(f"backchannels, echo {variant} below: {count} of {len(remarks)}, {name}")
                trials.append(await _backchannel(simulated, name, sound, requests[0].samples, count, variant))
    return trials


async def _barge_ins(
    simulated: SimulatedConversation,
    chosen: Sequence[LoadedClip],
    requests: Sequence[LoadedClip],
    variant: str,
    progress: Callable[[str], None],
) -> list[ConversationTrial]:
    trials: list[ConversationTrial] = []
    for count, loaded in enumerate(chosen, 1):
        progress(f"barge-in, echo {variant} below: {count} of {len(chosen)}, {loaded.clip.name}")
        question = next((other.samples for other in requests if other is not loaded), loaded.samples)
        trials.append(await _barge_in(simulated, loaded, question, count, variant))
    return trials


async def _barge_in(
    simulated: SimulatedConversation, loaded: LoadedClip, question: Samples, count: int, variant: str
) -> ConversationTrial:
    turn = await _until_speaking(simulated, question, count)
    onset = simulated.say(loaded.samples) + _onset(loaded)
    timeout_s = len(loaded.samples) / LISTENING_RATE + OUTCOME_S
    await simulated.until(lambda: simulated.finished(turn) is not None, timeout_s)
    finished = simulated.finished(turn)
    stopped = finished is not None and finished.end in (TurnEnd.INTERRUPTED, TurnEnd.REOPENED)
    silence_ms = (simulated.room.silent_from(onset) - onset) / LISTENING_RATE * 1000
    if stopped:
        await simulated.until(lambda: simulated.answering is not None, OUTCOME_S)  # the answer to the barge-in
    return ConversationTrial(
        measure="barge_in",
        clip=loaded.clip.name,
        variant=variant,
        passed=stopped,
        ms=round(silence_ms, 1) if stopped else None,
    )


async def _backchannel(
    simulated: SimulatedConversation, name: str, sound: Samples, question: Samples, count: int, variant: str
) -> ConversationTrial:
    turn = await _until_speaking(simulated, question, count)
    simulated.say(sound)
    timeout_s = len(sound) / LISTENING_RATE + OUTCOME_S
    await simulated.until(lambda: simulated.finished(turn) is not None, timeout_s)
    finished = simulated.finished(turn)
    survived = finished is None or finished.end == TurnEnd.ANSWERED
    return ConversationTrial(measure="backchannel", clip=name, variant=variant, passed=survived)


async def _until_speaking(simulated: SimulatedConversation, question: Samples, count: int) -> int:
    """Return a turn whose answer has played for some seconds, most of it still to come; ask if there is none."""
    while True:
        if simulated.answering is None or simulated.playing_s > MAX_SPOKEN_S:
            simulated.assistant.stop()
            await simulated.until(lambda: simulated.answering is None, OUTCOME_S)
            if not await simulated.is_answered(question):
                continue
        turn = simulated.answering
        await anyio.sleep((MIN_SPOKEN_S if simulated.source.echo_free else CONVERGENCE_S) + STAGGER_S * (count % 5))
        if turn is not None and turn == simulated.answering:
            return turn


def _backchannels(engines: Engines, clips: Sequence[LoadedClip]) -> list[tuple[str, Samples]]:
    """Return remarks of listeners and short noises, none of which should end an answer."""
    recorded = [
        (loaded.clip.name, loaded.samples)
        for loaded in clips
        if loaded.clip.transcript and remark_of(loaded) is Remark.BACKCHANNEL
    ]
    noises = [
        (loaded.clip.name, loaded.samples[: round(NOISE_S * LISTENING_RATE)])
        for loaded in clips
        if loaded.clip.kind == "noise"
    ]
    english = engines.voice.language == "en"
    synthesised = [(text, _synthesise(engines.voice, text)) for text in BACKCHANNELS] if english else []
    return [*synthesised, *recorded, *noises]


def complete_requests(clips: Sequence[LoadedClip]) -> list[LoadedClip]:
    """Return the questions and commands without a pause inside."""
    return [loaded for loaded in clips if loaded.clip.kind in REQUESTS and not pauses.has_pause(loaded.clip)]


def remark_of(loaded: LoadedClip) -> Remark:
    """Return what `loaded` means to an assistant that is speaking, by its transcript."""
    return remark(loaded.clip.transcript or "", loaded.clip.language or "en")


def _synthesise(voice: SpeechSynthesizer, text: str) -> Samples:
    pieces: list[Samples] = []
    voice.synthesize(text, emit=pieces.append, stop=NeverStop())
    resampler = Resampler(voice.sample_rate, round(LISTENING_RATE * PITCH_FACTOR))
    return np.concatenate([resampler.push(np.concatenate(pieces)), resampler.finish()])


def _onset(loaded: LoadedClip) -> int:
    """Return the first sample of speech: from the clip's record, or where voice activity detection first finds it."""
    if loaded.clip.speech_start_s is not None:
        return round(loaded.clip.speech_start_s * LISTENING_RATE)
    activity = Silero()
    for start in range(0, len(loaded.samples) - BLOCK + 1, BLOCK):
        if activity.probability(loaded.samples[start : start + BLOCK]) >= 0.5:
            return start
    raise AssistantError(Code.AUDIO_NO_SPEECH, f"{loaded.clip.path}: no speech was found; leave this recording out")
