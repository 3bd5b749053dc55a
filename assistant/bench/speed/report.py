"""What the speed suite reports: one result a clip, and the summary of all of them."""

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np

from assistant.bench.spread import Spread, spread
from assistant.events import Marks

BOOTSTRAP_RESAMPLES = 2000
"""More do not change the second digit of the interval."""


class ClipResult(msgspec.Struct, frozen=True, kw_only=True):
    """One clip, asked once.

    Times are in milliseconds after the true end of speech where the clip's record gives it, else after the end that
    voice activity detection found.
    """

    clip: str
    transcript: str = ""
    reply: str = ""
    wer: float | None = None
    """Word error rate of the transcript, 0 is perfect; None without a reference that is independent of Whisper."""
    marks_ms: Marks = msgspec.field(default_factory=Marks)
    voice_to_voice_ms: float | None = None
    asr_real_time_factor: float | None = None
    """Seconds of final recognition per second of audio."""
    tts_real_time_factor: float | None = None
    """Seconds of synthesis per second of speech synthesised."""
    tokens_reused: int = 0
    tokens_evaluated: int = 0
    revisions: int = 0
    """Revisions started; at most one was played."""
    wasted_cpu_s: float = 0.0
    """Processor time spent on revisions that were not played; an upper bound."""
    listening_cores: float = 0.0
    """Average number of cores busy while the user spoke."""
    late_blocks: int = 0
    cut_in: bool = False
    """Whether the turn was committed before the true end of speech."""
    error: str | None = None
    """Code of the error that ended the turn."""


class Ratio(msgspec.Struct, frozen=True):
    """Ratio of the medians of two pipelines over the same clips, with its 95% confidence interval."""

    median: float
    low: float
    high: float


class SpeedSummary(msgspec.Struct, frozen=True, kw_only=True):
    """All clips of a run."""

    voice_to_voice_ms: Spread
    marks_ms: dict[str, Spread]
    wer: float | None
    """Total errors over total reference words."""
    asr_real_time_factor: Spread
    tts_real_time_factor: Spread
    cut_ins: int
    errors: int
    speculation_hit_rate: float | None
    """Revisions played over revisions started; None when none was started."""
    wasted_cpu_s: Spread
    listening_cores: Spread
    late_blocks: int
    ratio_to_baseline: Ratio | None
    """Voice-to-voice over that of the baseline in the same run."""
    start_s: float
    """From the start of the process until every engine was loaded and warm."""
    peak_rss_mb: float


class WindowResult(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of recognition window over all clips."""

    window: str
    """trimmed or full."""
    wer: float
    """Against the references that are independent of Whisper."""
    disagreement: float
    """Word error rate against the transcripts of the full window, over all clips."""
    seconds: Spread


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """The sequential pipeline, asked the same clips with the same models in the same run."""

    name: str
    clips: list[ClipResult]
    voice_to_voice_ms: Spread
    marks_ms: dict[str, Spread]
    wer: float | None


class SpeedReport(msgspec.Struct, frozen=True, kw_only=True):
    """What `assistant bench speed --json` prints."""

    clips: list[ClipResult]
    summary: SpeedSummary
    windows: list[WindowResult]
    """Empty when there is nothing to compare: clips without records, or another recogniser than faster-whisper."""
    baseline: Baseline | None
    machine: dict[str, str | int | float]
    models: dict[str, str]
    devices: dict[str, str]


def summarise_clips(
    results: Sequence[ClipResult],
    *,
    wer: float | None,
    start_s: float,
    peak_rss_mb: float,
    baseline: Sequence[ClipResult] = (),
) -> SpeedSummary:
    """Summarise `results`, ignoring unknown values and the times of turns that cut in."""
    timed = without_cut_ins(results)
    started = sum(result.revisions for result in results)
    return SpeedSummary(
        voice_to_voice_ms=spread(result.voice_to_voice_ms for result in timed),
        marks_ms=spread_marks(timed),
        wer=wer,
        asr_real_time_factor=spread(result.asr_real_time_factor for result in results),
        tts_real_time_factor=spread(result.tts_real_time_factor for result in results),
        cut_ins=sum(result.cut_in for result in results),
        errors=sum(result.error is not None for result in results),
        speculation_hit_rate=round(sum(result.revisions > 0 for result in results) / started, 3) if started else None,
        wasted_cpu_s=spread(result.wasted_cpu_s for result in results if result.error is None),
        listening_cores=spread(result.listening_cores for result in results if result.error is None),
        late_blocks=sum(result.late_blocks for result in results),
        ratio_to_baseline=ratio_of_medians(results, baseline),
        start_s=round(start_s, 3),
        peak_rss_mb=round(peak_rss_mb, 1),
    )


def without_cut_ins(results: Iterable[ClipResult]) -> list[ClipResult]:
    """Return the turns whose times are comparable: those that did not cut in."""
    return [result for result in results if not result.cut_in]


def spread_marks(results: Sequence[ClipResult]) -> dict[str, Spread]:
    """Summarise each mark over `results`."""
    return {name: spread(getattr(result.marks_ms, name) for result in results) for name in Marks.__struct_fields__}


def ratio_of_medians(results: Sequence[ClipResult], baseline: Sequence[ClipResult]) -> Ratio | None:
    """Compare voice-to-voice over the clips that both sides answered; None when there are none.

    The interval is the percentile bootstrap over clips (Efron, 1979); each resample keeps the two times of a clip
    together.
    """
    other = {result.clip: result.voice_to_voice_ms for result in without_cut_ins(baseline)}
    pairs = np.array(
        [
            (result.voice_to_voice_ms, other[result.clip])
            for result in without_cut_ins(results)
            if result.voice_to_voice_ms is not None and other.get(result.clip) is not None
        ]
    )
    if not len(pairs):
        return None
    chosen = np.random.default_rng(0).integers(0, len(pairs), (BOOTSTRAP_RESAMPLES, len(pairs)))
    medians = np.median(pairs[chosen], axis=1)
    low, high = np.percentile(medians[:, 0] / medians[:, 1], [2.5, 97.5])
    middle = np.median(pairs, axis=0)
    return Ratio(*(round(float(value), 4) for value in (middle[0] / middle[1], low, high)))
