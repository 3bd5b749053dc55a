"""How much silence ends a turn: little after a sentence that is finished, more after one that is not. Pure."""

import math
from statistics import fmean

from assistant.config.schema import Turns

DOUBT = 2.0
"""Evidence, as log-odds, that lies between a turn that surely is finished (`turns.certainty`, 0.95) and one that may as
well not be (0.72 then). Between the two the silence shrinks from `incomplete_ms` to `complete_ms`.

Smart Turn 3.2 on the recordings in tests/speech, 128 to 192 ms into a silence: of 25 ends of questions and commands 20
are at 0.95 or more in three looks, ten of those at 0.985 or more. The pauses inside commands are at 0.66 to 0.96, those
of dictations at 0.98 to 0.99: what was said by then sounds finished. With that, by certainty, over nine recorded pauses
and eleven that were stretched to 0.5 and 0.9 s:

    certainty  cut recorded  cut stretched  silence after ends: mean   95%
    0.95            3              8                         270 ms   635 ms
    0.97            3              5                         299 ms   901 ms
    0.975           2              5                         314 ms   995 ms
    0.983           1              5                         365 ms  1192 ms

What is cut is reopened when the user goes on, with the words joined.
"""

QUESTION = 2.0
"""Evidence that a question mark adds: a sentence that recognition takes for a whole question."""

LOOKS = 3
"""Judgements of one silence, each with a little more of it; their log-odds are averaged, since single ones scatter
("What is grapefruit in French?": 0.47, 0.94, 0.40). There is no second look when the first is sure."""


class Patience:
    """The silence to wait for in the present pause."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._sure = _log_odds(turns.certainty)
        self.new_pause()

    def new_pause(self) -> None:
        """Somebody has stopped speaking; nothing is known about it yet."""
        self._looks: list[float] = []
        self._question = False
        self._wordless = False

    def judged(self, probability: float) -> None:
        """The model gave the turn this probability (0 to 1) to be finished."""
        self._looks.append(_log_odds(min(max(probability, 1e-4), 1 - 1e-4)))

    def understood(self, text: str) -> None:
        """The words up to this pause; without any, there is nothing to answer and no hurry."""
        self._wordless = not text.strip()
        self._question = text.rstrip().endswith(("?", "？", "؟"))

    @property
    def wants_look(self) -> bool:
        """Whether another judgement could change anything."""
        is_sure = bool(self._looks) and self._evidence >= self._sure
        return self._turns.mode == "semantic" and len(self._looks) < LOOKS and not is_sure

    @property
    def silence_ms(self) -> float:
        """Silence in milliseconds after which the turn is over, as far as is known."""
        turns = self._turns
        if turns.mode == "silence":
            return turns.endpoint_ms
        if not self._looks or self._wordless:
            return turns.incomplete_ms
        doubt = min(1.0, max(0.0, (self._sure - self._evidence) / DOUBT))
        return turns.complete_ms + (turns.incomplete_ms - turns.complete_ms) * doubt

    @property
    def _evidence(self) -> float:
        return fmean(self._looks) + (QUESTION if self._question else 0.0)


def _log_odds(probability: float) -> float:
    return math.log(probability / (1 - probability))
