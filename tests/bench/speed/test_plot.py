"""The picture of the waterfalls."""

import xml.etree.ElementTree as ElementTree

from assistant.bench.speed.plot import median_turn, waterfalls
from assistant.bench.speed.report import Baseline, Report, Row, spread, spread_marks, summarise
from assistant.events import Marks

SVG = "{http://www.w3.org/2000/svg}"


def row(clip: str, playback: float) -> Row:
    marks = Marks(
        soft_end=50, revision=200, transcript=200, first_token=300, first_audio=380, commit=250, playback=playback
    )
    return Row(clip=clip, voice_to_voice_ms=playback, marks_ms=marks)


def report(rows: list[Row], others: list[Row] | None = None) -> Report:
    baseline = None
    if others is not None:
        times = spread(other.voice_to_voice_ms for other in others)
        baseline = Baseline(
            name="sequential", clips=others, voice_to_voice_ms=times, marks_ms=spread_marks(others), wer=None
        )
    summary = summarise(rows, wer=None, start_s=1, peak_rss_mb=1, baseline=others or ())
    return Report(clips=rows, summary=summary, windows=[], baseline=baseline, machine={}, models={}, devices={})


def bars(svg: str) -> list[float]:
    """Widths of the coloured bars, the background left out."""
    return [float(bar.attrib["width"]) for bar in ElementTree.fromstring(svg).iter(f"{SVG}rect")][1:]


def test_the_median_turn_is_one_that_happened_and_did_not_cut_in() -> None:
    cut_in = Row(clip="z", voice_to_voice_ms=1.0, cut_in=True)
    assert median_turn([row("a", 300), row("b", 500), row("c", 400), row("d", 900), cut_in]) == row("c", 400)
    assert median_turn([Row(clip="e", error="audio.no_speech")]) is None


def test_both_pipelines_share_one_time_axis() -> None:
    widths = bars(waterfalls(report([row("a", 400)], [row("a", 2000)])))
    assert len(widths) == 10
    assert widths[0] == widths[5]
    assert widths[9] > 20 * widths[4]


def test_names_of_clips_are_no_markup() -> None:
    assert "<b>" not in waterfalls(report([row("<b>", 400)]))


def test_a_run_without_answers_is_an_empty_picture() -> None:
    assert bars(waterfalls(report([Row(clip="e", error="audio.no_speech")]))) == []
