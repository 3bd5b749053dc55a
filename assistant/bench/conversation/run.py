"""The conversation suite: whether wake words are detected, when a turn ends, and who may interrupt whom."""

from collections.abc import Callable, Sequence

import anyio
import msgspec

from assistant.app.loading import load_engines
from assistant.audio.check import check_audio
from assistant.audio.decode import read_audio
from assistant.audio.pcm import LISTENING_RATE
from assistant.bench.clips import MAX_CLIP_S, Clip
from assistant.bench.conversation.barge_in import barge_in_trials
from assistant.bench.conversation.det import Curve, curves, listen_to_all
from assistant.bench.conversation.endpointing import endpointing_trials
from assistant.bench.conversation.own_speech import own_speech
from assistant.bench.conversation.report import ConversationReport, summarise_trials
from assistant.bench.conversation.trial import ConversationTrial, LoadedClip
from assistant.bench.conversation.wake import near_miss_trials, negatives, spot, wake_trials
from assistant.config.schema import Config, Wake
from assistant.host.hardware import describe_machine
from assistant.wake.microwakeword import packaged_words
from assistant.wake.scores import Criteria
from assistant.wake.words import WakeWords, load_model


def measure_conversation(
    config: Config, clips: Sequence[Clip], minutes: float, progress: Callable[[str], None]
) -> ConversationReport:
    """Run every trial; most take real time, and `minutes` of the assistant's own speech come on top.

    The wake words are those of the configuration and the packaged ones. Raises `AssistantError`: `audio.*`, `model.*`,
    `wake.*`, `echo.library_missing`.
    """
    loaded = [_load(clip) for clip in clips]
    wake = _wake_words(config)
    progress("loading the models")
    engines = load_engines(msgspec.structs.replace(config, wake="none"))
    try:
        trials, false_wakes, negative_s = _measure_wake_words(loaded, wake, progress)
        trials += anyio.run(endpointing_trials, engines, config, loaded, progress)
        trials += anyio.run(barge_in_trials, engines, config, loaded, progress)
        own = anyio.run(own_speech, engines, config, wake, loaded, minutes * 60, progress)
        return ConversationReport(
            trials=trials,
            summary=summarise_trials(trials, own, false_wakes, negative_s),
            machine=describe_machine(),
            models=engines.names,
            devices=engines.devices,
        )
    finally:
        anyio.run(engines.aclose)


def measure_det(clips: Sequence[Clip], progress: Callable[[str], None]) -> list[Curve]:
    """Return misses against false wakes of the packaged words, over the thresholds.

    Raises `AssistantError`: `audio.*`, `model.*`, `wake.*`.
    """
    words = packaged_words()
    listened = list(listen_to_all([_load(clip) for clip in clips], words, progress))
    models = [load_model(word) for word in words]
    criteria = {model.name: Criteria(model.threshold, model.latency_s, model.second_look) for model in models}
    return curves(listened, criteria)


def _measure_wake_words(
    clips: Sequence[LoadedClip], wake: Wake, progress: Callable[[str], None]
) -> tuple[list[ConversationTrial], int, float]:
    """Return the trials, the false wakes, and the seconds without a wake word. Runs faster than real time."""
    progress("wake words")
    words = list(wake.words)
    trials = list(wake_trials(clips, words, lambda: WakeWords(wake.words)))
    trials += near_miss_trials(clips, lambda: WakeWords(wake.words))
    false_wakes, samples = 0, 0
    for stream in negatives(clips, words):
        false_wakes += len(list(spot(stream, WakeWords(wake.words))))
        samples += len(stream)
        progress(f"false wakes: {samples / LISTENING_RATE / 60:.0f} minutes without a wake word")
    return trials, false_wakes, samples / LISTENING_RATE


def _wake_words(config: Config) -> Wake:
    configured = config.wake if isinstance(config.wake, Wake) else Wake()
    return msgspec.structs.replace(configured, words=dict.fromkeys(packaged_words(), "auto") | configured.words)


def _load(clip: Clip) -> LoadedClip:
    samples = read_audio(clip.path, max_s=MAX_CLIP_S)
    if clip.kind != "noise":
        check_audio(samples, where=str(clip.path))
    return LoadedClip(clip, samples)
