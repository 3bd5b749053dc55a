"""What the benchmark reports: a row a clip and the summary over them."""

import math
import statistics
from collections.abc import Iterable, Sequence

import msgspec

from assistant.events import Marks


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
    cut_in: bool = False
    """The turn was committed before the true end of speech."""
    error: str | None = None


class Spread(msgspec.Struct, frozen=True):
    """Median, 95th percentile (nearest rank) and maximum of what was measured; None when nothing was."""

    median: float | None
    p95: float | None
    max: float | None


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


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What `assistant bench --json` prints."""

    clips: list[Row]
    summary: Summary
    windows: list[WindowRow]
    """Empty when there is nothing to compare: no records, or another recogniser."""
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


def summarise(rows: Sequence[Row], *, wer: float | None, start_s: float, peak_rss_mb: float) -> Summary:
    """The summary over `rows`; what a row does not know does not count, nor do the times of a turn that cut in."""
    answered = [row for row in rows if not row.cut_in]
    return Summary(
        voice_to_voice_ms=spread(row.voice_to_voice_ms for row in answered),
        marks_ms={name: spread(getattr(row.marks_ms, name) for row in answered) for name in Marks.__struct_fields__},
        wer=wer,
        asr_real_time_factor=spread(row.asr_real_time_factor for row in rows),
        tts_real_time_factor=spread(row.tts_real_time_factor for row in rows),
        cut_ins=sum(row.cut_in for row in rows),
        errors=sum(row.error is not None for row in rows),
        start_s=round(start_s, 3),
        peak_rss_mb=round(peak_rss_mb, 1),
    )
