"""How much silence ends a turn: little after a sentence that is finished, more after one that is not. Pure."""

import math
from statistics import fmean

from assistant.config import Turns

SURE = math.log(0.95 / 0.05)
UNSURE = SURE - 2.0
"""Evidence, as log-odds, from which a turn surely is finished (a probability of 0.95), and below which it may as well
not be (0.72). Between the two the silence shrinks from `incomplete_ms` to `complete_ms`.

Smart Turn 3.2 on the recordings in tests/speech, 128 to 192 ms into a silence: of 23 ends of English questions and
commands 20 are at 0.94 or more in each of three looks; the pauses inside them are at 0.66 to 0.94 ("Hey Mycroft" …
0.54 s … "wake up": 0.76 to 0.88). What a dictation says before a pause may sound finished (0.99), and be.
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
        self.new_pause()

    def new_pause(self) -> None:
        """Somebody has stopped speaking; nothing is known about it yet."""
        self._looks: list[float] = []
        self._question = False

    def judged(self, probability: float) -> None:
        """The model gave the turn this probability (0 to 1) to be finished."""
        probability = min(max(probability, 1e-4), 1 - 1e-4)
        self._looks.append(math.log(probability / (1 - probability)))

    def understood(self, text: str) -> None:
        """The words up to this pause."""
        self._question = text.rstrip().endswith(("?", "？", "؟"))

    @property
    def wants_look(self) -> bool:
        """Whether another judgement could change anything."""
        is_sure = bool(self._looks) and self._evidence >= SURE
        return self._turns.mode == "semantic" and len(self._looks) < LOOKS and not is_sure

    @property
    def silence_ms(self) -> float:
        """Silence in milliseconds after which the turn is over, as far as is known."""
        turns = self._turns
        if turns.mode == "silence":
            return turns.endpoint_ms
        if not self._looks:
            return turns.incomplete_ms
        doubt = min(1.0, max(0.0, (SURE - self._evidence) / (SURE - UNSURE)))
        return turns.complete_ms + (turns.incomplete_ms - turns.complete_ms) * doubt

    @property
    def _evidence(self) -> float:
        return fmean(self._looks) + (QUESTION if self._question else 0.0)
