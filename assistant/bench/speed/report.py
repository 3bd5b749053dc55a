"""What the benchmark reports: a row a clip and the summary over them."""

import math
import statistics
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np

from assistant.events import Marks

RESAMPLES = 2000
"""Of the bootstrap; more do not change the second digit of the interval."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One clip. Times in milliseconds after the true end of speech where the clip's record knows it."""

    clip: str
    transcript: str = ""
    reply: str = ""
    wer: float | None = None
    """Word error rate of the transcript, 0 is perfect; None without a reference that is independent of Whisper."""
    marks_ms: Marks = msgspec.field(default_factory=Marks)
    voice_to_voice_ms: float | None = None
    asr_real_time_factor: float | None = None
    """Seconds of final recognition for a second of speech."""
    tts_real_time_factor: float | None = None
    """Seconds of synthesis for a second of answer."""
    tokens_reused: int = 0
    tokens_evaluated: int = 0
    revisions: int = 0
    """Answers begun; at most one was heard."""
    wasted_cpu_s: float = 0.0
    """Processor time on answers that nobody heard, an upper bound."""
    listening_cores: float = 0.0
    """Cores busy while the user spoke, on average."""
    late_blocks: int = 0
    cut_in: bool = False
    """The turn was committed before the true end of speech."""
    error: str | None = None


class Spread(msgspec.Struct, frozen=True):
    """Median, 95th percentile (nearest rank) and maximum of what was measured; None when nothing was."""

    median: float | None
    p95: float | None
    max: float | None


class Ratio(msgspec.Struct, frozen=True):
    """Ratio of the medians of two pipelines over the same clips, with the 95% interval of a bootstrap over clips."""

    median: float
    low: float
    high: float


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Over all clips of a run."""

    voice_to_voice_ms: Spread
    marks_ms: dict[str, Spread]
    wer: float | None
    """Errors over words of the reference, all clips together."""
    asr_real_time_factor: Spread
    tts_real_time_factor: Spread
    cut_ins: int
    errors: int
    speculation_hit_rate: float | None
    """Answers heard over answers begun; None when there were none."""
    wasted_cpu_s: Spread
    listening_cores: Spread
    late_blocks: int
    ratio_to_baseline: Ratio | None
    """Voice-to-voice over that of the baseline of the same run."""
    start_s: float
    """From the start of the process until everything was loaded and warm."""
    peak_rss_mb: float


class WindowRow(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of window over all clips."""

    window: str
    wer: float
    """Against the references that do not come from Whisper."""
    disagreement: float
    """Word error rate against the transcripts of the full window, over all clips."""
    seconds: Spread


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """The other pipeline of the run, on the same clips and models."""

    name: str
    clips: list[Row]
    voice_to_voice_ms: Spread
    marks_ms: dict[str, Spread]
    wer: float | None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What `assistant bench --json` prints."""

    clips: list[Row]
    summary: Summary
    windows: list[WindowRow]
    """Empty when there is nothing to compare: no records, or another recogniser."""
    baseline: "Baseline | None"
    machine: dict[str, str | int | float]
    models: dict[str, str]
    devices: dict[str, str]


def spread(values: Iterable[float | None]) -> Spread:
    """The spread of the values that are there."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return Spread(None, None, None)
    p95 = known[math.ceil(0.95 * len(known)) - 1]
    return Spread(round(statistics.median(known), 3), round(p95, 3), round(known[-1], 3))


def summarise(
    rows: Sequence[Row], *, wer: float | None, start_s: float, peak_rss_mb: float, baseline: Sequence[Row] = ()
) -> Summary:
    """The summary over `rows`; what a row does not know does not count, nor do the times of a turn that cut in."""
    answered = timed(rows)
    begun = sum(row.revisions for row in rows)
    return Summary(
        voice_to_voice_ms=spread(row.voice_to_voice_ms for row in answered),
        marks_ms=spread_marks(answered),
        wer=wer,
        asr_real_time_factor=spread(row.asr_real_time_factor for row in rows),
        tts_real_time_factor=spread(row.tts_real_time_factor for row in rows),
        cut_ins=sum(row.cut_in for row in rows),
        errors=sum(row.error is not None for row in rows),
        speculation_hit_rate=round(sum(row.revisions > 0 for row in rows) / begun, 3) if begun else None,
        wasted_cpu_s=spread(row.wasted_cpu_s for row in rows if row.error is None),
        listening_cores=spread(row.listening_cores for row in rows if row.error is None),
        late_blocks=sum(row.late_blocks for row in rows),
        ratio_to_baseline=ratio(rows, baseline),
        start_s=round(start_s, 3),
        peak_rss_mb=round(peak_rss_mb, 1),
    )


def timed(rows: Iterable[Row]) -> list[Row]:
    """The turns whose times mean something: those that did not cut in."""
    return [row for row in rows if not row.cut_in]


def spread_marks(rows: Sequence[Row]) -> dict[str, Spread]:
    return {name: spread(getattr(row.marks_ms, name) for row in rows) for name in Marks.__struct_fields__}


def ratio(rows: Sequence[Row], baseline: Sequence[Row]) -> Ratio | None:
    """The ratio of the medians over the clips that both have answered; None when there are none.

    The interval is the percentile bootstrap over clips (Efron, 1979), which keeps the two times of a clip together.
    """
    other = {row.clip: row.voice_to_voice_ms for row in timed(baseline)}
    pairs = np.array(
        [
            (row.voice_to_voice_ms, other[row.clip])
            for row in timed(rows)
            if row.voice_to_voice_ms is not None and other.get(row.clip) is not None
        ]
    )
    if not len(pairs):
        return None
    chosen = np.random.default_rng(0).integers(0, len(pairs), (RESAMPLES, len(pairs)))
    medians = np.median(pairs[chosen], axis=1)
    low, high = np.percentile(medians[:, 0] / medians[:, 1], [2.5, 97.5])
    middle = np.median(pairs, axis=0)
    return Ratio(*(round(float(value), 4) for value in (middle[0] / middle[1], low, high)))
