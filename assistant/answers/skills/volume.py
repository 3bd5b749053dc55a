"""How loud the assistant is."""

from assistant.answers.base import Act
from assistant.answers.skills.base import Change, Reply, Request, Skill

STEP = 0.1
"""Louder and quieter without a number."""

FULL = 100.0
"""Per cent; a number up to ten is of ten."""


class VolumeSkill(Skill):
    """Answers requests about the volume of the room where it is asked."""

    name = "volume"

    def answer(self, request: Request) -> Reply | None:
        """As `Skill.answer`."""
        now = request.house.volumes.volume(request.room) if request.house.volumes is not None else None
        if now is None:
            return None
        if request.intent == "tell":
            return Reply(request.say("is", percent=round(now * FULL)), topic=request.names(self.name))
        wanted = self._wanted(request, now)
        if wanted is None:
            return Reply(request.say("range"))
        return self._set(request, now, min(max(wanted, 0.0), 1.0))

    def _wanted(self, request: Request, now: float) -> float | None:
        """What it is to be, 0 to 1; None for a number that no volume has."""
        amount = _amount(request)
        match request.intent:
            case "set":
                return amount if amount is not None and 0 <= amount <= 1 else None
            case "louder":
                return now + (amount if amount is not None else STEP)
            case "quieter":
                return now - (amount if amount is not None else STEP)
            case "mute":
                return 0.0
            case _:
                return max(now, 0.5)

    def _set(self, request: Request, before: float, level: float) -> Reply:
        volumes, room = request.house.volumes, request.room
        assert volumes is not None

        async def do() -> None:
            await volumes.set_volume(room, level)

        async def back() -> None:
            await volumes.set_volume(room, before)

        said = "muted" if not level else "set"
        act = Act(Change(do, back), request.say(said, percent=round(level * FULL)))
        return Reply(acts=(act,), topic=request.names(self.name))


def _amount(request: Request) -> float | None:
    """The number or word that was said, 0 to 1."""
    percent, number, word = request.value("percent"), request.value("number"), request.value("volume_word")
    if isinstance(percent, float):
        return percent / FULL
    if isinstance(number, float):
        return number / 10 if number <= 10 and request.intent == "set" else number / FULL
    return float(word) if isinstance(word, str) else None
