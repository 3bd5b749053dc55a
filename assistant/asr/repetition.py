"""Words said again and again: finding them in a transcript, and how often they were really said.

A recogniser that has begun to repeat itself goes on, and the same text may come from somebody who does repeat himself.
The model's attention tells them apart: aligned with the audio, every repetition that was said takes about as long as
the others, and together they fill the speech. One too many is squeezed into no time, one too few takes twice as long.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

MIN_COUNT = 3
"""Repetitions from which they are counted: twice is emphasis, which the model gets right."""

MAX_UNIT = 10
"""Words of what is repeated."""

MAX_VARIATION = 0.35
"""Standard deviation of the lengths of repetitions, by their mean, up to which a count explains the audio.

On nine recordings of words said four to ten times (two voices, whisper-base, full window) the right count has 0.08 to
0.2, one more 0.27 to 0.6, one less 0.24 to 0.8.
"""

MAX_LETTERS_PER_S = 25.0
"""Letters for each second of speech above which nobody speaks, so that the count is not tried; the recordings of
tests/speech have 21 at most."""

Aligned = Callable[[Sequence[str]], Sequence[float]]
"""Returns when each of the parts of a text begins in the audio, in seconds, and when the last one ends."""


@dataclass(frozen=True, slots=True)
class Repetition:
    """A text in which something is said `count` times in a row."""

    before: str
    first: str
    unit: str
    """The second time, with its spelling and punctuation."""
    last: str
    after: str
    count: int
    space: str
    """Between two words; empty in a script without spaces."""

    def parts(self, count: int) -> list[str]:
        """Return what comes before, each repetition, and what follows; the outer ones may be empty."""
        units = [self.first, *[self.unit] * (count - 2), self.last] if count > 1 else [self.last]
        return [self.before, *units, self.after]

    def text(self, count: int) -> str:
        """Return the text with `count` repetitions."""
        return self.space.join(part for part in self.parts(count) if part)


def find_repetition(text: str, *, spaced: bool) -> Repetition | None:
    """Find what is said `MIN_COUNT` times or more; of several such runs, the longest."""
    space = " " if spaced else ""
    words = text.split() if spaced else re.findall(r"\w\W*", text)
    bare = [re.sub(r"\W", "", word).casefold() for word in words]
    best: tuple[int, int, int, int] | None = None
    for size in range(1, min(MAX_UNIT, len(words) // MIN_COUNT) + 1):
        for start in range(len(words) - MIN_COUNT * size + 1):
            count = _count(bare, start, size)
            if count >= MIN_COUNT and (best is None or count * size > best[0]):
                best = count * size, start, size, count
    if best is None:
        return None
    length, start, size, count = best
    joined = [space.join(words[at : at + size]) for at in range(start, start + length, size)]
    return Repetition(
        before=space.join(words[:start]),
        first=joined[0],
        unit=joined[1],
        last=joined[-1],
        after=space.join(words[start + length :]),
        count=count,
        space=space,
    )


def count_said(repetition: Repetition, aligned: Aligned, speech: tuple[float, float]) -> int | None:
    """Return how often it was said; None if no count explains the audio.

    Of a text that went on until it was cut off the count says little: lower ones are tried where those near it do not
    fit, or the lowest of them fits best. `speech` is where in the audio somebody speaks, in seconds.
    """
    begins_s, ends_s = speech
    most = MAX_LETTERS_PER_S * (ends_s - begins_s)
    least = max(2, repetition.count // 2)
    variations: dict[int, float] = {}
    count = 0
    for counts in (range(least, repetition.count + 4), range(2, least)):
        if count and count > least and variations[count] <= MAX_VARIATION:
            break
        for each in counts:
            if len(re.findall(r"\w", repetition.text(each))) <= most:
                variations[each] = _variation(repetition, each, aligned, begins_s, ends_s)
        count = min(variations, key=variations.__getitem__, default=0)
    return count if count and variations[count] <= MAX_VARIATION else None


def _variation(repetition: Repetition, count: int, aligned: Aligned, begins_s: float, ends_s: float) -> float:
    parts = [repetition.before, *[repetition.unit] * count, repetition.after]  # spelt alike, they are aligned alike
    times = list(aligned(parts))
    begins = times[1 : count + 1]
    end = times[count + 1] if repetition.after else ends_s
    if not repetition.before:
        begins[0] = begins_s
    lengths = np.diff([*begins, end])
    mean = float(lengths.mean())
    return float(lengths.std()) / mean if mean > 0 else np.inf


def _count(words: Sequence[str], start: int, size: int) -> int:
    unit = words[start : start + size]
    count = 1
    while words[start + count * size : start + (count + 1) * size] == unit:
        count += 1
    return count if any(unit) else 0
