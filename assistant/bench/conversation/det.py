"""The detection error trade-off of wake words: misses against false wakes an hour, as a curve over the thresholds.

The models listen once to each recording, and their scores are kept; each threshold is then tried on these.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from xml.sax.saxutils import escape

import numpy as np

from assistant.audio.pcm import BLOCK, LISTENING_RATE, Samples
from assistant.bench import svg
from assistant.bench.conversation.trial import LoadedClip
from assistant.bench.conversation.wake import near_misses, negatives, said, word_of
from assistant.wake.base import Detection
from assistant.wake.openwakeword import WINDOW
from assistant.wake.scores import Criteria, ScoreFilter
from assistant.wake.second_look import SecondLook
from assistant.wake.words import load_model

LOOK_FROM = 0.6
"""Score of a streaming model from which second looks are taken and kept: the lowest of their thresholds."""

LOOK_S = 0.6
"""Seconds after such a score for which they are."""

ALONE = {"okay_nabu": 0.8, "hey_jarvis": 0.8, "alexa": 0.6, "hey_mycroft": 0.8}
"""Thresholds with which the streaming models would do best without a second look, on the words in tests/speech."""

STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998)
"""Thresholds that are tried."""


@dataclass
class Listened:
    """What the models made of one recording."""

    seconds: float
    word: str
    """The word that is said in it; empty for none."""
    resembles: bool = False
    """Whether it holds a sentence that was made to resemble a word."""
    scores: list[tuple[int, dict[str, list[float]]]] = field(default_factory=list)
    """End of each block, and the scores that the models gave there."""
    looks: dict[int, dict[str, float]] = field(default_factory=dict)
    """End of a block to the scores of a second look at it."""

    def detections(self, criteria: Mapping[str, Criteria]) -> list[Detection]:
        """Return what is detected by `criteria`."""
        score_filter = ScoreFilter(criteria)
        found = []
        for end, scores in self.scores:
            candidates = score_filter.push(scores, end)
            if candidates and (word := score_filter.settle(candidates, self.looks.get(end, {}))) is not None:
                found.append(word)
        return found

    def is_missed(self, criteria: Mapping[str, Criteria]) -> bool:
        """Whether its word is not detected by `criteria`."""
        return all(each.word != self.word for each in self.detections(criteria))


def listen(
    samples: Samples, words: Sequence[str], second_look: SecondLook, word: str, *, resembles: bool = False
) -> Listened:
    """Let the packaged models of `words` listen to `samples`."""
    models = [load_model(each) for each in words]
    listened = Listened(len(samples) / LISTENING_RATE, word, resembles)
    look_until = 0
    for start, end in pairwise(range(0, len(samples) + 1, BLOCK)):
        scores = {model.name: model.scores(samples[start:end]) for model in models}
        listened.scores.append((end, scores))
        if any(score >= LOOK_FROM for values in scores.values() for score in values):
            look_until = end + round(LOOK_S * LISTENING_RATE)
        if end <= look_until:
            listened.looks[end] = second_look.scores(samples[max(0, end - WINDOW) : end])
    return listened


def listen_to_all(
    clips: Sequence[LoadedClip], words: Sequence[str], progress: Callable[[str], None]
) -> Iterator[Listened]:
    """Let the packaged models of `words` listen to every recording: words, near misses, and hours of everything else.

    Runs about twenty times faster than real time.
    """
    second_look = SecondLook()
    for clip, variant, samples in said(clips, words):
        progress(f"{clip.name}, {variant}")
        yield listen(samples, words, second_look, word_of(clip))
    for clip, samples in near_misses(clips):
        progress(clip.name)
        yield listen(samples, words, second_look, "", resembles=True)
    for number, samples in enumerate(negatives(clips, words), 1):
        progress(f"{len(samples) / LISTENING_RATE / 60:.0f} minutes without a wake word, condition {number}")
        yield listen(samples, words, second_look, "")


@dataclass(frozen=True)
class Point:
    """One setting of the thresholds."""

    misses: float
    """Share of the words that are missed."""
    false_wakes_per_hour: float
    near_misses: float
    """Share of the sentences that resemble a word and wake."""


@dataclass(frozen=True)
class Curve:
    """A name, and a point for each threshold."""

    name: str
    points: Sequence[Point]
    chosen: Point
    """The point of the thresholds in use."""


def curves(listened: Sequence[Listened], criteria: Mapping[str, Criteria]) -> list[Curve]:
    """Return the curve of the streaming models alone, and that with the second look of `criteria`."""

    def alone(threshold: float) -> dict[str, Criteria]:
        return {word: replace(each, threshold=threshold, second_look=None) for word, each in criteria.items()}

    def with_look(threshold: float) -> dict[str, Criteria]:
        return {word: _looked_at(each, threshold) for word, each in criteria.items()}

    first = {word: replace(each, threshold=ALONE[word], second_look=None) for word, each in criteria.items()}
    return [
        Curve("streaming model", list(_sweep(listened, alone)), point(listened, first)),
        Curve("with the second look", list(_sweep(listened, with_look)), point(listened, criteria)),
    ]


def _looked_at(criteria: Criteria, threshold: float) -> Criteria:
    look = criteria.second_look
    return criteria if look is None else replace(criteria, second_look=replace(look, score=threshold))


def _sweep(listened: Sequence[Listened], criteria: Callable[[float], dict[str, Criteria]]) -> Iterator[Point]:
    return (point(listened, criteria(threshold)) for threshold in STEPS)


def point(listened: Iterable[Listened], criteria: Mapping[str, Criteria]) -> Point:
    """Return what `criteria` make of recordings with words, with what resembles them, and with neither."""
    missed, near, false, hours = [], [], 0, 0.0
    for each in listened:
        if each.word:
            missed.append(each.is_missed(criteria))
        elif each.resembles:
            near.append(bool(each.detections(criteria)))
        else:
            false += len(each.detections(criteria))
            hours += each.seconds / 3600
    return Point(_share(missed), false / hours if hours else 0.0, _share(near))


def _share(hits: Sequence[bool]) -> float:
    return float(np.mean(hits)) if hits else 0.0


LEFT, TOP, PANEL, HEIGHT = 70, 60, 380, 300
"""Pixels: margins, and the width and height of a panel."""

COLOURS = ("#8a8a8a", "#3b78b8")

MIN_RATE = 0.1
"""False wakes an hour at the left edge; fewer are drawn there."""


def draw_det(found: Sequence[Curve], title: str) -> str:
    """Return an SVG: misses against false wakes an hour, and against the near misses that wake."""
    most = max([1.0, *(each.false_wakes_per_hour for curve in found for each in curve.points)])
    body = [
        *_legend(found),
        *_panel(found, LEFT, "false wakes an hour", lambda each: _log(each.false_wakes_per_hour, most), _rates(most)),
        *_panel(found, LEFT + PANEL + 90, "near misses that wake", lambda each: each.near_misses, _shares()),
    ]
    return svg.document(escape(title), body, TOP + HEIGHT + 60)


def _log(rate: float, most: float) -> float:
    return float(np.log(max(rate, MIN_RATE) / MIN_RATE) / np.log(most / MIN_RATE))


def _rates(most: float) -> dict[str, float]:
    return {f"{rate:g}": _log(rate, most) for rate in (0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000) if rate <= most}


def _shares() -> dict[str, float]:
    return {f"{share}%": share / 100 for share in range(0, 101, 20)}


def _legend(found: Sequence[Curve]) -> Iterator[str]:
    for number, (curve, colour) in enumerate(zip(found, COLOURS, strict=True)):
        x = LEFT + number * 220
        yield f'<rect x="{x}" y="20" width="10" height="10" fill="{colour}"/>'
        yield f'<text x="{x + 16}" y="29">{escape(curve.name)}; ● in use</text>'


def _panel(
    found: Sequence[Curve], left: int, name: str, across: Callable[[Point], float], ticks: Mapping[str, float]
) -> Iterator[str]:
    bottom = TOP + HEIGHT
    for share in range(0, 101, 20):
        y = bottom - share / 100 * HEIGHT
        yield f'<line x1="{left}" y1="{y:.1f}" x2="{left + PANEL}" y2="{y:.1f}" stroke="#ddd"/>'
        yield f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#555">{share}%</text>'
    for label, at in ticks.items():
        x = left + at * PANEL
        yield f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{bottom}" stroke="#eee"/>'
        yield f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle" fill="#555">{label}</text>'
    yield f'<text x="{left + PANEL / 2}" y="{bottom + 38}" text-anchor="middle">{escape(name)}</text>'
    yield f'<text x="{left}" y="{TOP - 10}">words missed</text>'
    for curve, colour in zip(found, COLOURS, strict=True):
        path = " ".join(
            f"{left + across(each) * PANEL:.1f},{bottom - each.misses * HEIGHT:.1f}" for each in curve.points
        )
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        x, y = left + across(curve.chosen) * PANEL, bottom - curve.chosen.misses * HEIGHT
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{colour}"/>'
