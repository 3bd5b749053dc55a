"""What the conversation suite reports: every trial, and the summary of all of them."""

from collections.abc import Sequence

import msgspec

from assistant.bench.conversation.own_speech import OwnSpeech
from assistant.bench.conversation.trial import ConversationTrial
from assistant.bench.spread import Spread, spread


class ConversationSummary(msgspec.Struct, frozen=True, kw_only=True):
    """All trials of a run. A rate is None when there were no recordings for it."""

    wake_hit_rate: float | None
    wake_words: int
    """Trials with a wake word."""
    wake_latency_ms: Spread
    """From the end of the word to the event."""
    near_misses_woken: int
    """Sentences made to resemble a wake word that woke."""
    near_misses: int
    false_wakes_per_hour: float | None
    negative_s: float
    """Seconds played without a wake word."""
    premature_commit_rate: float | None
    """Share of the recordings with a pause in which the assistant committed in the pause. Such a turn is reopened when
    the user goes on."""
    pauses: int
    premature_commit_rate_stretched: float | None
    """The same with the pauses stretched to 0.5 and 0.9 s."""
    stretched_pauses: int
    endpoint_delay_ms: Spread
    """From the end of a complete sentence to the commit."""
    barge_in_to_silence_ms: Spread
    """From the onset of the user's speech to the last sample that leaves the loudspeaker."""
    barge_ins: int
    barge_ins_missed: int
    self_interruptions: int
    """Answers that ended, and turns that were answered, because the assistant reacted to its own voice."""
    self_wakes: int
    disturbances: int
    """Times that playback was ducked or held because the assistant reacted to its own voice."""
    own_speech_s: float
    """Seconds that the assistant spoke while the user was silent."""
    backchannels_survived: int
    """Listeners' remarks and noises that did not end the answer."""
    backchannels: int


class ConversationReport(msgspec.Struct, frozen=True, kw_only=True):
    """What `assistant bench conversation --json` prints."""

    trials: list[ConversationTrial]
    summary: ConversationSummary
    machine: dict[str, str | int | float]
    models: dict[str, str]
    devices: dict[str, str]


def summarise_trials(
    trials: Sequence[ConversationTrial], own: OwnSpeech, false_wakes: int, negative_s: float
) -> ConversationSummary:
    """Summarise `trials`, the assistant's own speech, and `false_wakes` in `negative_s` seconds without a wake word."""
    wakes, near_misses, pauses, stretched, endpoints, barge_ins, backchannels = (
        [trial for trial in trials if trial.measure == measure]
        for measure in ("wake", "near_miss", "pause", "long_pause", "endpoint", "barge_in", "backchannel")
    )
    return ConversationSummary(
        wake_hit_rate=_rate(sum(trial.passed for trial in wakes), len(wakes)),
        wake_words=len(wakes),
        wake_latency_ms=spread(trial.ms for trial in wakes),
        near_misses_woken=sum(not trial.passed for trial in near_misses),
        near_misses=len(near_misses),
        false_wakes_per_hour=_rate(false_wakes, negative_s / 3600),
        negative_s=round(negative_s, 1),
        premature_commit_rate=_rate(sum(not trial.passed for trial in pauses), len(pauses)),
        pauses=len(pauses),
        premature_commit_rate_stretched=_rate(sum(not trial.passed for trial in stretched), len(stretched)),
        stretched_pauses=len(stretched),
        endpoint_delay_ms=spread(trial.ms for trial in endpoints),
        barge_in_to_silence_ms=spread(trial.ms for trial in barge_ins),
        barge_ins=len(barge_ins),
        barge_ins_missed=sum(not trial.passed for trial in barge_ins),
        self_interruptions=own.interruptions,
        self_wakes=own.wakes,
        disturbances=own.disturbances,
        own_speech_s=round(own.spoken_s, 1),
        backchannels_survived=sum(trial.passed for trial in backchannels),
        backchannels=len(backchannels),
    )


def _rate(count: int, of: float) -> float | None:
    return round(count / of, 4) if of else None
