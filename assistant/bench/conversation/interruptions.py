"""Speaking over the assistant in a room with an echo: users, listeners, noises, and the assistant itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import anyio
import msgspec
import numpy as np

from assistant.audio.pcm import BLOCK, LISTENING_RATE, Samples
from assistant.audio.resample import Resampler
from assistant.bench.clips import REQUESTS
from assistant.bench.conversation import pauses
from assistant.bench.conversation.talk import Talk, talk
from assistant.bench.conversation.trial import Recorded, Trial
from assistant.blocking import NeverStop
from assistant.config.schema import Config, Wake
from assistant.dialogue.turn.end import End
from assistant.engines.engines import Engines
from assistant.errors import AssistantError, Code
from assistant.events import Disturbed, PlaybackStarted, Woken
from assistant.language.remarks import Remark, remark
from assistant.tts.base import SpeechSynthesizer
from assistant.vad.silero import Silero
from assistant.wake.words import WakeWords

LOSSES_DB = (20.0, 10.0)
"""By how much the loudspeaker is quieter in the microphone: when the two stand apart, and in one small case."""

CONVERGED_S = 8.0
"""How long the assistant speaks until the canceller has converged; 5.5 s at the most in simulated rooms."""

SPOKEN_S = 2.5
"""How long the assistant speaks before it is spoken over, at least: later than a question is reopened."""

UNEVEN_S = 0.37
"""By so much more every time, up to five times, so that different words are spoken over."""

FRESH_S = 8.0
"""How long an answer may have been spoken when the next to be spoken over is wanted. The answers take half a minute."""

SETTLED_S = 4.0
"""How long after an utterance it is certain what became of the answer."""

FOLLOW_UP_S = 2.5
"""How long nobody speaks after an answer, while the assistant listens for more."""

HUMS = ("Mhm.", "Uh-huh.", "Okay.", "Right.", "Yeah.", "I see.")
"""Said by the assistant's own voice, but as by a shorter person, as there are no recordings of listeners."""

SHORTER = 0.8

NOISE_S = 2.0
"""How much of a recorded noise is played over the assistant."""


@dataclass
class OwnSpeech:
    """What came of the assistant's own speech."""

    spoken_s: float = 0.0
    interruptions: int = 0
    wakes: int = 0
    disturbances: int = 0


async def measure(
    engines: Engines, config: Config, recordings: Sequence[Recorded], done: Callable[[str], None]
) -> list[Trial]:
    """Speak over the assistant with every whole sentence and every remark of a listener, in one room after the other.

    Each is said in one of the rooms.
    """
    config = msgspec.structs.replace(config, wake="none")
    sentences = [each for each in _sentences(recordings) if _meaning(each) is not Remark.BACKCHANNEL]
    if not sentences:
        return []
    remarks = _remarks(engines, recordings)
    trials: list[Trial] = []
    for room, loss_db in enumerate(LOSSES_DB):
        where = f"{loss_db:.0f} dB"
        async with talk(engines, config, loss_db) as here:
            chosen = sentences[room :: len(LOSSES_DB)]
            for number, each in enumerate(chosen, 1):
                done(f"barge-in, echo {where} below: {number} of {len(chosen)}, {each.clip.name}")
                trials.append(await _barge_in(here, each, _another(sentences, each), number, where))
            made = remarks[room :: len(LOSSES_DB)]
            for number, (name, sound) in enumerate(made, 1):
                done(f"listening, echo {where} below: {number} of {len(made)}, {name}")
                trials.append(await _remark(here, name, sound, sentences[0].samples, number, where))
    return trials


async def own_speech(
    engines: Engines,
    config: Config,
    wake: Wake,
    recordings: Sequence[Recorded],
    seconds: float,
    done: Callable[[str], None],
) -> OwnSpeech:
    """Let the assistant speak for `seconds` while nobody else does, an equal part in each room, wake words on."""
    config = msgspec.structs.replace(config, wake=wake)
    own = OwnSpeech()
    questions = [each for each in _sentences(recordings) if _meaning(each) is Remark.WORDS and not each.clip.wake_word]
    if not questions:
        return own
    for loss_db in LOSSES_DB:
        listening = replace(engines, wake=WakeWords(wake.words))
        async with talk(listening, config, loss_db) as here:
            asked = 0
            while (left_s := seconds / len(LOSSES_DB) - here.room.played_s) > 0:
                done(f"own speech, echo {loss_db:.0f} dB below: {left_s:.0f} s left")
                await _listen_to_itself(here, questions[asked % len(questions)].samples, own, left_s)
                asked += 1
            own.spoken_s += here.room.played_s
    return own


async def _barge_in(here: Talk, said: Recorded, question: Samples, number: int, where: str) -> Trial:
    turn = await _speaking(here, question, number)
    onset = here.say(said.samples) + _onset(said)
    await here.until(lambda: here.finished(turn) is not None, len(said.samples) / LISTENING_RATE + SETTLED_S)
    ended = here.finished(turn)
    stopped = ended is not None and ended.end in (End.INTERRUPTED, End.REOPENED)
    silence_ms = (here.room.silent_from(onset) - onset) / LISTENING_RATE * 1000
    if stopped:
        await here.until(lambda: here.answering is not None, SETTLED_S)  # the answer to what was said
    return Trial(
        measure="barge_in",
        clip=said.clip.name,
        variant=where,
        passed=stopped,
        ms=round(silence_ms, 1) if stopped else None,
    )


async def _remark(here: Talk, name: str, sound: Samples, question: Samples, number: int, where: str) -> Trial:
    turn = await _speaking(here, question, number)
    here.say(sound)
    await here.until(lambda: here.finished(turn) is not None, len(sound) / LISTENING_RATE + SETTLED_S)
    ended = here.finished(turn)
    survived = ended is None or ended.end == End.ANSWERED
    return Trial(measure="backchannel", clip=name, variant=where, passed=survived)


async def _speaking(here: Talk, question: Samples, number: int) -> int:
    """Have the assistant speak for some seconds, with much of its answer still to come; returns the turn."""
    while True:
        if here.answering is None or here.spoken_s > FRESH_S:
            here.conversation.stop()
            await here.until(lambda: here.answering is None, SETTLED_S)
            if not await here.is_answered(question):
                continue
        turn = here.answering
        await anyio.sleep((SPOKEN_S if here.source.echo_free else CONVERGED_S) + UNEVEN_S * (number % 5))
        if turn is not None and turn == here.answering:
            return turn


async def _listen_to_itself(here: Talk, question: Samples, own: OwnSpeech, left_s: float) -> None:
    """One answer, or `left_s` of it, and the silence after it."""
    here.conversation.wake()
    if not await here.is_answered(question) or (turn := here.answering) is None:
        return
    await anyio.sleep(here.room.being_said_s)  # what the user goes on with is no fault of the assistant's own voice
    if here.finished(turn) is not None:
        return
    since = len(here.events)
    if await here.until(lambda: here.finished(turn) is not None, left_s):
        await anyio.sleep(FOLLOW_UP_S)
    ended = here.finished(turn)
    own.interruptions += ended is not None and ended.end != End.ANSWERED
    own.interruptions += len(here.seen(PlaybackStarted, since))
    own.wakes += len(here.seen(Woken, since))
    own.disturbances += sum(event.action in ("duck", "hold") for event in here.seen(Disturbed, since))


def _remarks(engines: Engines, recordings: Sequence[Recorded]) -> list[tuple[str, Samples]]:
    """What listeners say, and noises that are soon over."""
    recorded = [
        (each.clip.name, each.samples)
        for each in recordings
        if each.clip.transcript and _meaning(each) is Remark.BACKCHANNEL
    ]
    noises = [
        (each.clip.name, each.samples[: round(NOISE_S * LISTENING_RATE)])
        for each in recordings
        if each.clip.kind == "noise"
    ]
    hums = [(text, _said(engines.voice, text)) for text in HUMS] if engines.voice.language == "en" else []
    return [*hums, *recorded, *noises]


def _sentences(recordings: Sequence[Recorded]) -> list[Recorded]:
    return [each for each in recordings if each.clip.kind in REQUESTS and not pauses.has_pause(each.clip)]


def _meaning(said: Recorded) -> Remark:
    return remark(said.clip.transcript or "", said.clip.language or "en")


def _said(voice: SpeechSynthesizer, text: str) -> Samples:
    pieces: list[Samples] = []
    voice.synthesize(text, emit=pieces.append, stop=NeverStop())
    resampler = Resampler(voice.sample_rate, round(LISTENING_RATE * SHORTER))
    return np.concatenate([resampler.push(np.concatenate(pieces)), resampler.finish()])


def _another(sentences: Sequence[Recorded], than: Recorded) -> Samples:
    """Something to ask that has an answer."""
    return next((each.samples for each in sentences if each is not than), than.samples)


def _onset(said: Recorded) -> int:
    """Where speech begins in it: by its record, or where voice activity first hears it."""
    if said.clip.speech_start_s is not None:
        return round(said.clip.speech_start_s * LISTENING_RATE)
    ears = Silero()
    for start in range(0, len(said.samples) - BLOCK + 1, BLOCK):
        if ears.probability(said.samples[start : start + BLOCK]) >= 0.5:
            return start
    raise AssistantError(Code.AUDIO_NO_SPEECH, f"no speech was found in {said.clip.path}")
