"""Shedding load honestly: how much work ahead a machine is up to, from how long its passes take. Pure."""

from assistant.dialogue.turn.speculation import Effort

STRAINED = 2
"""Observations in a row after which there is less work ahead; one may be a hiccup of the machine."""

CALM = 8
"""Observations in a row after which there is more again, about as many as three turns make."""


class Load:
    """Observes each recognition pass, and says what effort the next ones may take.

    A pass that takes longer than the audio between two passes cannot be kept up: it takes `FEWER_PASSES`, which are
    half as many, one that takes twice that `NO_SPECULATION`, thrice `NO_PARTIALS`. A block of audio that voice activity
    got late is a strain whatever the passes take.
    """

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._strained = 0
        self._calm = 0
        self.effort = Effort.FULL

    def observe(self, pass_s: float, late_blocks: int) -> bool:
        """Take the seconds of a pass and the blocks late since the last one; return whether the effort changes."""
        fitting = Effort(min(int(pass_s / self._interval_s), Effort.NO_PARTIALS))
        if late_blocks:
            fitting = Effort(min(max(fitting, self.effort + 1), Effort.NO_PARTIALS))
        self._strained = self._strained + 1 if fitting > self.effort else 0
        self._calm = self._calm + 1 if fitting < self.effort else 0
        if self._strained >= STRAINED:
            self._change(1)
            return True
        if self._calm >= CALM:
            self._change(-1)
            return True
        return False

    def _change(self, by: int) -> None:
        self.effort = Effort(self.effort + by)
        self._strained = self._calm = 0
