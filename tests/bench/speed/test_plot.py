"""The picture of the draw_waterfalls."""

import xml.etree.ElementTree as ElementTree

from assistant.bench.speed.plot import draw_waterfalls, median_turn
from assistant.bench.speed.report import Baseline, ClipResult, SpeedReport, spread_marks, summarise_clips
from assistant.bench.spread import spread
from assistant.events import Marks

SVG = "{http://www.w3.org/2000/svg}"


def result(clip: str, playback: float) -> ClipResult:
    marks = Marks(
        soft_end=50, revision=200, transcript=200, first_token=300, first_audio=380, commit=250, playback=playback
    )
    return ClipResult(clip=clip, voice_to_voice_ms=playback, marks_ms=marks)


def report(results: list[ClipResult], others: list[ClipResult] | None = None) -> SpeedReport:
    baseline = None
    if others is not None:
        times = spread(other.voice_to_voice_ms for other in others)
        baseline = Baseline(
            name="sequential", clips=others, voice_to_voice_ms=times, marks_ms=spread_marks(others), wer=None
        )
    summary = summarise_clips(results, wer=None, start_s=1, peak_rss_mb=1, baseline=others or ())
    return SpeedReport(clips=results, summary=summary, windows=[], baseline=baseline, machine={}, models={}, devices={})


def bars(svg: str) -> list[float]:
    """Return the widths of the coloured bars."""
    return [float(bar.attrib["width"]) for bar in ElementTree.fromstring(svg).iter(f"{SVG}rect")][1:]


def test_the_median_turn_is_a_real_one_that_did_not_cut_in() -> None:
    cut_in = ClipResult(clip="z", voice_to_voice_ms=1.0, cut_in=True)
    assert median_turn([result("a", 300), result("b", 500), result("c", 400), result("d", 900), cut_in]) == result(
        "c", 400
    )
    assert median_turn([ClipResult(clip="e", error="audio.no_speech")]) is None


def test_both_pipelines_share_one_time_axis() -> None:
    widths = bars(draw_waterfalls(report([result("a", 400)], [result("a", 2000)])))
    assert len(widths) == 10
    assert widths[0] == widths[5]
    assert widths[9] > 20 * widths[4]


def test_markup_in_names_of_clips_is_escaped() -> None:
    assert "<b>" not in draw_waterfalls(report([result("<b>", 400)]))


def test_a_run_without_answers_draws_no_bars() -> None:
    assert bars(draw_waterfalls(report([ClipResult(clip="e", error="audio.no_speech")]))) == []
