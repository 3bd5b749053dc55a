"""Misses against false wakes, over the thresholds."""

from xml.etree import ElementTree

import pytest

from assistant.audio.decode import read_audio
from assistant.audio.pcm import BLOCK
from assistant.bench.clips import Clip
from assistant.bench.conversation.det import Listened, curves, draw_det, listen_to_all, point
from assistant.bench.conversation.trial import LoadedClip
from assistant.wake.base import SecondLookAt
from assistant.wake.microwakeword import packaged_words
from assistant.wake.scores import Criteria

CRITERIA = {
    word: Criteria(0.6, 0.1, SecondLookAt(0.5, 0.0)) for word in ("okay_nabu", "hey_jarvis", "alexa", "hey_mycroft")
}


def listened(word: str, score: float, look: float, *, resembles: bool = False) -> Listened:
    """A minute in which alexa scores so much, once."""
    scores = [(number * BLOCK, {"alexa": [score]}) for number in (1, 2)]
    return Listened(60.0, word, resembles, scores, {2 * BLOCK: {"alexa": look}})


def test_words_near_misses_and_false_wakes_are_counted_apart() -> None:
    found = point(
        [
            listened("alexa", 0.9, 0.9),
            listened("alexa", 0.9, 0.1),
            listened("", 0.9, 0.9, resembles=True),
            listened("", 0.9, 0.1, resembles=True),
            listened("", 0.9, 0.9),
            listened("", 0.3, 0.9),
        ],
        CRITERIA,
    )
    assert (found.misses, found.near_misses, found.false_wakes_per_hour) == (0.5, 0.5, 30.0)


def test_a_higher_threshold_misses_more_and_wakes_less() -> None:
    made = [listened(word, score / 10, score / 10) for score in range(11) for word in ("alexa", "")]
    for curve in curves(made, CRITERIA):
        misses = [each.misses for each in curve.points]
        rates = [each.false_wakes_per_hour for each in curve.points]
        assert misses == sorted(misses)
        assert misses[0] < misses[-1]
        assert rates == sorted(rates, reverse=True)


def test_the_plot_is_an_image_with_a_curve_and_a_point_each() -> None:
    found = curves([listened("alexa", 0.9, 0.9), listened("", 0.7, 0.2)], CRITERIA)
    root = ElementTree.fromstring(draw_det(found, "Words & wakes"))
    tag = "{http://www.w3.org/2000/svg}"
    assert [len(root.findall(f"{tag}{name}")) for name in ("polyline", "circle")] == [4, 4]


@pytest.mark.parametrize("name", ["wake_hey_jarvis_pmw3"])
def test_it_listens_as_the_assistant_does(clips: dict[str, Clip], name: str) -> None:
    loaded = [LoadedClip(clips[each], read_audio(clips[each].path, max_s=60)) for each in (name, "cmd_yes")]
    made = list(listen_to_all(loaded, packaged_words(), lambda what: None))
    assert [each.word for each in made[:2]] == ["hey_jarvis"] * 2
    assert point(made, CRITERIA).misses == 0.0
    assert point(made, CRITERIA).false_wakes_per_hour == 0.0
