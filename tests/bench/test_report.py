"""Figures over many clips."""

from assistant.bench.report import Row, Spread, spread, summarise
from assistant.events import Marks


def test_the_spread_of_nothing_is_unknown() -> None:
    assert spread([None, None]) == Spread(None, None, None)


def test_the_95th_percentile_is_the_nearest_rank() -> None:
    assert spread([float(value) for value in range(1, 101)]) == Spread(50.5, 95.0, 100.0)
    assert spread([3.0, None, 1.0]) == Spread(2.0, 3.0, 3.0)


def test_the_summary_counts_errors_and_cut_ins_and_leaves_out_what_is_unknown() -> None:
    rows = [
        Row(clip="a", voice_to_voice_ms=900, marks_ms=Marks(commit=480, playback=900)),
        Row(clip="b", voice_to_voice_ms=1100, marks_ms=Marks(commit=500, playback=1100)),
        Row(clip="c", error="audio.no_speech"),
        Row(clip="d", voice_to_voice_ms=-300, marks_ms=Marks(commit=-400, playback=-300), cut_in=True),
    ]
    summary = summarise(rows, wer=0.1, start_s=2.5, peak_rss_mb=700)
    assert summary.voice_to_voice_ms == Spread(1000, 1100, 1100)
    assert summary.marks_ms["commit"] == Spread(490, 500, 500)
    assert summary.marks_ms["transcript"].median is None
    assert (summary.errors, summary.cut_ins) == (1, 1)
