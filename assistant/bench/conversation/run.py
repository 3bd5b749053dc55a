"""The benchmark of turn taking: who is woken, who is interrupted, and who waits for whom."""

from collections.abc import Callable, Sequence
from functools import partial

import anyio
import msgspec

from assistant.app.loading import load_engines
from assistant.audio.check import check_audio
from assistant.audio.decode import read_audio
from assistant.audio.pcm import LISTENING_RATE
from assistant.bench.clips import Clip
from assistant.bench.conversation import endpoints, interruptions
from assistant.bench.conversation.interruptions import OwnSpeech
from assistant.bench.conversation.trial import Recorded, Trial
from assistant.bench.conversation.wake import negatives, spot, wake_trials
from assistant.bench.speed.report import Spread, spread
from assistant.bench.speed.run import MAX_CLIP_S
from assistant.config.schema import Config, Wake
from assistant.host.hardware import describe_machine
from assistant.wake.microwakeword import packaged_words
from assistant.wake.words import WakeWords


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """None for what there were no recordings for."""

    wake_hit_rate: float | None
    wake_words: int
    """Recordings of wake words that were played."""
    wake_latency_ms: Spread
    """From the end of the word to the event."""
    false_wakes_per_hour: float | None
    negative_s: float
    """Seconds without a wake word that were played."""
    premature_commit_rate: float | None
    """Of recordings with a pause under a second: those in which the assistant took the turn in the pause. It is
    reopened when the user goes on."""
    pauses: int
    premature_commit_rate_stretched: float | None
    """The same with the pauses made longer, to half a second and nearly a whole one."""
    stretched_pauses: int
    endpoint_delay_ms: Spread
    """From the end of a whole sentence to the decision that the user has finished."""
    barge_in_to_silence_ms: Spread
    """From the onset of the user's speech to the last sample that leaves the loudspeaker."""
    barge_ins: int
    barge_ins_missed: int
    self_interruptions: int
    """Answers that ended, and turns that were answered, because the assistant heard itself."""
    self_wakes: int
    disturbances: int
    """Times that it was lowered, or silent for a moment, because it heard itself."""
    own_speech_s: float
    """Seconds that the assistant spoke while nobody else did."""
    backchannels_survived: int
    """Listeners' remarks and noises that did not end the answer."""
    backchannels: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What `assistant bench --suite conversation --json` prints."""

    trials: list[Trial]
    summary: Summary
    machine: dict[str, str | int | float]
    models: dict[str, str]
    devices: dict[str, str]


def run(config: Config, clips: Sequence[Clip], minutes: float, done: Callable[[str], None]) -> Report:
    """Measure everything; `done` hears what is next. Most of it takes real time, besides `minutes` of own speech.

    The wake words are those of the configuration and those that come with the assistant. Raises `AssistantError`:
    `audio.*`, `model.*`, `wake.*`, `echo.library_missing`.
    """
    recordings = [_read(clip) for clip in clips]
    wake = _words(config)
    done("loading the models")
    engines = load_engines(msgspec.structs.replace(config, wake="none"))
    try:
        trials, false_wakes, negative_s = _wake(recordings, wake, done)
        trials += anyio.run(partial(endpoints.measure, engines, config, recordings, done))
        trials += anyio.run(partial(interruptions.measure, engines, config, recordings, done))
        own = anyio.run(partial(interruptions.own_speech, engines, config, wake, recordings, minutes * 60, done))
        return Report(
            trials=trials,
            summary=summarise(trials, own, false_wakes, negative_s),
            machine=describe_machine(),
            models=engines.names,
            devices=engines.devices,
        )
    finally:
        engines.close()


def summarise(trials: Sequence[Trial], own: OwnSpeech, false_wakes: int, negative_s: float) -> Summary:
    wakes, inside, longer, ends, barge_ins, remarks = (
        [trial for trial in trials if trial.measure == measure]
        for measure in ("wake", "pause", "long_pause", "endpoint", "barge_in", "backchannel")
    )
    return Summary(
        wake_hit_rate=_share(sum(trial.passed for trial in wakes), len(wakes)),
        wake_words=len(wakes),
        wake_latency_ms=spread(trial.ms for trial in wakes),
        false_wakes_per_hour=_share(false_wakes, negative_s / 3600),
        negative_s=round(negative_s, 1),
        premature_commit_rate=_share(sum(not trial.passed for trial in inside), len(inside)),
        pauses=len(inside),
        premature_commit_rate_stretched=_share(sum(not trial.passed for trial in longer), len(longer)),
        stretched_pauses=len(longer),
        endpoint_delay_ms=spread(trial.ms for trial in ends),
        barge_in_to_silence_ms=spread(trial.ms for trial in barge_ins),
        barge_ins=len(barge_ins),
        barge_ins_missed=sum(not trial.passed for trial in barge_ins),
        self_interruptions=own.interruptions,
        self_wakes=own.wakes,
        disturbances=own.disturbances,
        own_speech_s=round(own.spoken_s, 1),
        backchannels_survived=sum(trial.passed for trial in remarks),
        backchannels=len(remarks),
    )


def _wake(recordings: Sequence[Recorded], wake: Wake, done: Callable[[str], None]) -> tuple[list[Trial], int, float]:
    """Trials of wake words, false wakes, and in how many seconds. Runs as fast as the machine can."""
    done("wake words")
    trials = list(wake_trials(recordings, list(wake.words), lambda: WakeWords(wake.words)))
    false_wakes, samples = 0, 0
    for stream in negatives(recordings, list(wake.words)):
        false_wakes += len(list(spot(stream, WakeWords(wake.words))))
        samples += len(stream)
        done(f"no wake words in {samples / LISTENING_RATE / 60:.0f} minutes")
    return trials, false_wakes, samples / LISTENING_RATE


def _words(config: Config) -> Wake:
    own = config.wake if isinstance(config.wake, Wake) else Wake()
    return msgspec.structs.replace(own, words=dict.fromkeys(packaged_words(), "auto") | own.words)


def _read(clip: Clip) -> Recorded:
    samples = read_audio(clip.path, max_s=MAX_CLIP_S)
    if clip.kind != "noise":
        check_audio(samples, where=str(clip.path))
    return Recorded(clip, samples)


def _share(count: int, of: float) -> float | None:
    return round(count / of, 4) if of else None
