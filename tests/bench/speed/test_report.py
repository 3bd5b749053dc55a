"""Figures over many clips."""

from assistant.bench.speed.report import Ratio, Row, Spread, ratio, spread, summarise
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


def test_the_ratio_is_of_the_medians_over_the_clips_that_both_answered() -> None:
    ours = [Row(clip=str(number), voice_to_voice_ms=400.0 + number) for number in range(20)]
    theirs = [Row(clip=str(number), voice_to_voice_ms=2000.0 + 5 * number) for number in range(20)]
    found = ratio([*ours, Row(clip="x", voice_to_voice_ms=9000)], [*theirs, Row(clip="0", cut_in=True)])
    assert found == Ratio(0.2, 0.2, 0.2)


def test_the_interval_holds_the_ratio_and_widens_with_the_scatter() -> None:
    ours = [Row(clip=str(number), voice_to_voice_ms=300.0 + 40 * (number * 7 % 20)) for number in range(20)]
    theirs = [Row(clip=str(number), voice_to_voice_ms=2000.0) for number in range(20)]
    found = ratio(ours, theirs)
    assert found is not None
    assert found.low < found.median < found.high
    assert found.high - found.low > 0.05


def test_without_a_common_clip_there_is_no_ratio() -> None:
    assert ratio([Row(clip="a", voice_to_voice_ms=1)], [Row(clip="b", voice_to_voice_ms=1)]) is None


def test_the_hit_rate_is_answers_heard_over_answers_begun() -> None:
    rows = [Row(clip="a", revisions=1), Row(clip="b", revisions=3), Row(clip="c", error="audio.no_speech")]
    assert summarise(rows, wer=None, start_s=1, peak_rss_mb=1).speculation_hit_rate == 0.5
