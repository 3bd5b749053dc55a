"""Endpointing: how much silence ends a turn, less after a finished sentence than after an unfinished one. Pure."""

import math
from statistics import fmean

from assistant.config.schema import Turns

DOUBT_RANGE = 2.0
"""Evidence, in log-odds, over which the silence shrinks from `incomplete_ms` to `complete_ms`, which it reaches at the
endpoint threshold (`turns.end_threshold`; with 0.95 the range begins at 0.72).

Smart Turn 3.2 on the recordings in tests/speech, 128 to 192 ms into a silence: of 25 ends of questions and commands 20
are at 0.95 or more in three looks, ten of those at 0.985 or more. The pauses inside commands are at 0.66 to 0.96, those
of dictations at 0.98 to 0.99: what was said by then sounds finished. With that, by threshold, over nine recorded pauses
and eleven that were stretched to 0.5 and 0.9 s:

    threshold  cut recorded  cut stretched  silence after ends: mean   95%
    0.95            3              8                         270 ms   635 ms
    0.97            3              5                         299 ms   901 ms
    0.975           2              5                         314 ms   995 ms
    0.983           1              5                         365 ms  1192 ms

A turn that was cut is reopened when the user goes on, with the words joined.
"""

QUESTION_EVIDENCE = 2.0
"""Log-odds added by a question mark: recognition takes the sentence for a whole question."""

MAX_LOOKS = 3
"""Judgements of one pause, each with a little more of its silence. Their log-odds are averaged, since single ones vary
("What is grapefruit in French?": 0.47, 0.94, 0.40). There is no second look when the first reaches the threshold."""


class Endpointing:
    """Decides how much silence the current pause needs to end the turn."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._threshold = _log_odds(turns.end_threshold)
        self.new_pause()

    def new_pause(self) -> None:
        """Forget the previous pause: the user has just stopped speaking again."""
        self._looks: list[float] = []
        self._question = False
        self._wordless = False

    def judged(self, probability: float) -> None:
        """Add the probability (0 to 1), by the end-of-turn model, that the turn is finished."""
        self._looks.append(_log_odds(min(max(probability, 1e-4), 1 - 1e-4)))

    def understood(self, text: str) -> None:
        """Take the transcript up to this pause; an empty one leaves nothing to answer, so the silence stays long."""
        self._wordless = not text.strip()
        self._question = text.rstrip().endswith(("?", "？", "؟"))

    @property
    def wants_look(self) -> bool:
        """Whether another judgement could change the silence."""
        is_sure = bool(self._looks) and self._evidence >= self._threshold
        return self._turns.mode == "semantic" and len(self._looks) < MAX_LOOKS and not is_sure

    @property
    def silence_ms(self) -> float:
        """Silence that ends the turn, in milliseconds, by what is known so far."""
        turns = self._turns
        if turns.mode == "silence":
            return turns.endpoint_ms
        if not self._looks or self._wordless:
            return turns.incomplete_ms
        doubt = min(1.0, max(0.0, (self._threshold - self._evidence) / DOUBT_RANGE))
        return turns.complete_ms + (turns.incomplete_ms - turns.complete_ms) * doubt

    @property
    def _evidence(self) -> float:
        return fmean(self._looks) + (QUESTION_EVIDENCE if self._question else 0.0)


def _log_odds(probability: float) -> float:
    return math.log(probability / (1 - probability))
