"""The plot of a soak."""

import xml.etree.ElementTree as ElementTree

import msgspec

from assistant.bench.soak.plot import COLOURS, draw_soak
from tests.bench.soak.test_analysis import exchange, good, timeline

SVG = "{http://www.w3.org/2000/svg}"


def test_memory_is_drawn_as_two_lines_and_each_answer_as_a_dot() -> None:
    report = msgspec.structs.replace(
        good(),
        samples=timeline(leak_mb=0.1).samples,
        exchanges=[exchange(200.0), exchange(400.0, voice_to_voice_ms=1000.0), exchange(300.0, missed="no wake")],
    )
    picture = ElementTree.fromstring(draw_soak(report))
    lines = [line.attrib["points"].split() for line in picture.iter(f"{SVG}polyline")]
    assert [len(line) for line in lines] == [150, 150]
    heights = [float(point.split(",")[1]) for point in lines[0]]
    assert heights == sorted(heights, reverse=True)
    answers = [dot for dot in picture.iter(f"{SVG}circle") if dot.attrib["fill"] == COLOURS["voice-to-voice"]]
    assert float(answers[0].attrib["cy"]) > float(answers[1].attrib["cy"])
    assert float(answers[0].attrib["cx"]) < float(answers[1].attrib["cx"])
    assert [dot.attrib["fill"] for dot in picture.iter(f"{SVG}circle")].count(COLOURS["missed turn"]) == 1


def test_a_run_without_readings_draws_no_dots() -> None:
    picture = ElementTree.fromstring(draw_soak(good()))
    assert list(picture.iter(f"{SVG}circle")) == []
