"""The picture of a soak."""

import xml.etree.ElementTree as ElementTree

import msgspec

from assistant.bench.soak.plot import COLOURS, course
from tests.bench.soak.test_report import course as readings
from tests.bench.soak.test_report import exchange, good

SVG = "{http://www.w3.org/2000/svg}"


def test_memory_is_two_lines_and_each_answer_a_dot_above_it_is_later() -> None:
    report = msgspec.structs.replace(
        good(),
        samples=readings(leak_mb=0.1).samples,
        exchanges=[exchange(200.0), exchange(400.0, voice_to_voice_ms=1000.0), exchange(300.0, missed="no wake")],
    )
    picture = ElementTree.fromstring(course(report))
    lines = [line.attrib["points"].split() for line in picture.iter(f"{SVG}polyline")]
    assert [len(line) for line in lines] == [150, 150]
    heights = [float(point.split(",")[1]) for point in lines[0]]
    assert heights == sorted(heights, reverse=True)
    answers = [dot for dot in picture.iter(f"{SVG}circle") if dot.attrib["fill"] == COLOURS["voice-to-voice"]]
    assert float(answers[0].attrib["cy"]) > float(answers[1].attrib["cy"])
    assert float(answers[0].attrib["cx"]) < float(answers[1].attrib["cx"])
    assert [dot.attrib["fill"] for dot in picture.iter(f"{SVG}circle")].count(COLOURS["missed turn"]) == 1


def test_a_run_in_which_nothing_was_measured_is_an_empty_picture() -> None:
    picture = ElementTree.fromstring(course(good()))
    assert list(picture.iter(f"{SVG}circle")) == []
