"""Coins, dice, random numbers and choices."""

import random
from collections.abc import Callable

from assistant.answers.skills.base import Reply, Request, Skill, Topic
from assistant.answers.skills.things import things_in

MAX_DICE = 20
MAX_SIDES = 1000
MAX_NUMBER = 10**9

Answers = Callable[["ChanceSkill", Request], Reply | None]


class ChanceSkill(Skill):
    """Answers by lot, drawn from `lots`."""

    name = "chance"

    def __init__(self, lots: random.Random | None = None) -> None:
        self._lots = lots or random.SystemRandom()

    def answer(self, request: Request) -> Reply | None:
        """As `Skill.answer`."""
        return _INTENTS[request.intent](self, request)

    def coin(self, request: Request) -> Reply:
        """Heads or tails."""
        return self._said(request, self._lots.choice(("heads", "tails")))

    def dice(self, request: Request) -> Reply:
        """One die or several, of six sides or others."""
        count = _whole(request, "count", 1)
        sides = _whole(request, "sides", 6)
        if not 1 <= count <= MAX_DICE or not 2 <= sides <= MAX_SIDES:
            return Reply(request.say("no_dice", dice=MAX_DICE, sides=MAX_SIDES))
        rolled = [self._lots.randint(1, sides) for _ in range(count)]
        if count == 1:
            return self._said(request, "rolled", number=rolled[0])
        each = request.speech.all_of([str(number) for number in rolled])
        return self._said(request, "rolled_many", numbers=each, sum=sum(rolled))

    def number(self, request: Request) -> Reply:
        """A whole number between two."""
        first, last = _whole(request, "first", 1), _whole(request, "last", 100)
        first, last = min(first, last), max(first, last)
        if last > MAX_NUMBER or first == last:
            return Reply(request.say("no_range"))
        return self._said(request, "number", number=request.speech.number(self._lots.randint(first, last)))

    def choose(self, request: Request) -> Reply | None:
        """One of several."""
        things = things_in(request.text("items"), request.heard)
        return self._said(request, "chosen", thing=self._lots.choice(things)) if len(things) > 1 else None

    def yes_or_no(self, request: Request) -> Reply:
        """Yes or no."""
        return self._said(request, self._lots.choice(("yes_said", "no_said")))

    def _said(self, request: Request, reply: str, **values: object) -> Reply:
        return Reply(request.say(reply, **values), topic=Topic(self.name, (request.intent,)))


_INTENTS: dict[str, Answers] = {
    "coin": ChanceSkill.coin,
    "dice": ChanceSkill.dice,
    "number": ChanceSkill.number,
    "choose": ChanceSkill.choose,
    "yes_or_no": ChanceSkill.yes_or_no,
}


def _whole(request: Request, slot: str, default: int) -> int:
    value = request.value(slot)
    return int(value) if isinstance(value, float | int) and abs(value) < 1e12 else default
