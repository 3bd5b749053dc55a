"""The summary of many clips, and the comparison with a baseline."""

from assistant.bench.speed.report import ClipResult, Ratio, ratio_of_medians, summarise_clips
from assistant.bench.spread import Spread
from assistant.events import Marks


def test_the_summary_counts_errors_and_cut_ins_and_ignores_unknown_values() -> None:
    results = [
        ClipResult(clip="a", voice_to_voice_ms=900, marks_ms=Marks(commit=480, playback=900)),
        ClipResult(clip="b", voice_to_voice_ms=1100, marks_ms=Marks(commit=500, playback=1100)),
        ClipResult(clip="c", error="audio.no_speech"),
        ClipResult(clip="d", voice_to_voice_ms=-300, marks_ms=Marks(commit=-400, playback=-300), cut_in=True),
    ]
    summary = summarise_clips(results, wer=0.1, start_s=2.5, peak_rss_mb=700)
    assert summary.voice_to_voice_ms == Spread(1000, 1100, 1100)
    assert summary.marks_ms["commit"] == Spread(490, 500, 500)
    assert summary.marks_ms["transcript"].median is None
    assert (summary.errors, summary.cut_ins) == (1, 1)


def test_the_ratio_compares_medians_over_the_clips_that_both_sides_answered() -> None:
    ours = [ClipResult(clip=str(number), voice_to_voice_ms=400.0 + number) for number in range(20)]
    theirs = [ClipResult(clip=str(number), voice_to_voice_ms=2000.0 + 5 * number) for number in range(20)]
    found = ratio_of_medians(
        [*ours, ClipResult(clip="x", voice_to_voice_ms=9000)], [*theirs, ClipResult(clip="0", cut_in=True)]
    )
    assert found == Ratio(0.2, 0.2, 0.2)


def test_the_interval_contains_the_ratio_and_widens_with_the_scatter() -> None:
    ours = [ClipResult(clip=str(number), voice_to_voice_ms=300.0 + 40 * (number * 7 % 20)) for number in range(20)]
    theirs = [ClipResult(clip=str(number), voice_to_voice_ms=2000.0) for number in range(20)]
    found = ratio_of_medians(ours, theirs)
    assert found is not None
    assert found.low < found.median < found.high
    assert found.high - found.low > 0.05


def test_without_a_common_clip_there_is_no_ratio() -> None:
    assert (
        ratio_of_medians([ClipResult(clip="a", voice_to_voice_ms=1)], [ClipResult(clip="b", voice_to_voice_ms=1)])
        is None
    )


def test_the_hit_rate_is_revisions_played_over_revisions_started() -> None:
    results = [
        ClipResult(clip="a", revisions=1),
        ClipResult(clip="b", revisions=3),
        ClipResult(clip="c", error="audio.no_speech"),
    ]
    assert summarise_clips(results, wer=None, start_s=1, peak_rss_mb=1).speculation_hit_rate == 0.5
