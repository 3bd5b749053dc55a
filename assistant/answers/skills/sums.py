"""Sums: exact where they can be, and said as people say numbers."""

from collections.abc import Callable

from simpleeval import SimpleEval  # type: ignore[import-untyped]

from assistant.answers.skills.base import Reply, Request, Skill, Topic
from assistant.understanding.sums import applied

MAX_POWER = 400
MAX_RESULT = 1e15
"""What is larger takes longer to say than anybody listens."""

Answers = Callable[["SumsSkill", Request], Reply | None]


class SumsSkill(Skill):
    """Answers sums, percentages, tips and shares."""

    name = "sums"

    def answer(self, request: Request) -> Reply | None:
        """As `Skill.answer`."""
        return _INTENTS[request.intent](self, request)

    def sum(self, request: Request) -> Reply:
        """A sum that is spoken as one."""
        return self._result(request, str(request.value("sum")))

    def go_on(self, request: Request) -> Reply | None:
        """Go on with the last result."""
        last = request.topic.about[0] if request.topic.about else ""
        expression = applied(last, str(request.value("operation"))) if last else None
        return self._result(request, expression) if expression is not None else None

    def tip(self, request: Request) -> Reply:
        """A tip, and the whole with it."""
        amount, percent = _number(request, "number"), _number(request, "percent", 15.0)
        tip = amount * percent / 100
        text = request.say("tip", tip=request.speech.number(tip), whole=request.speech.number(amount + tip))
        return Reply(text, topic=Topic(self.name, (repr(amount + tip),)))

    def share(self, request: Request) -> Reply:
        """Something divided among people."""
        amount, people = _number(request, "number"), _number(request, "people")
        if not people:
            return Reply(request.say("by_zero"))
        each = amount / people
        text = request.say("share", each=request.speech.number(each))
        return Reply(text, topic=Topic(self.name, (repr(each),)))

    def average(self, request: Request) -> Reply | None:
        """The average of some numbers."""
        utterance = request.heard.understanding.utterance(request.text("items"))
        numbers = request.heard.entities.spans(utterance)["number"].values()
        found = [value for value in numbers if isinstance(value, float)]
        if len(found) < 2:
            return None
        return self._result(request, repr(sum(found) / len(found)))

    def _result(self, request: Request, expression: str) -> Reply:
        try:
            result = float(_evaluator().eval(expression))
        except ZeroDivisionError:
            return Reply(request.say("by_zero"))
        except Exception:  # whatever simpleeval refuses: too large, too long
            return Reply(request.say("too_large"))
        if result != result or abs(result) > MAX_RESULT:
            return Reply(request.say("too_large"))
        text = request.say("result", result=request.speech.number(result))
        return Reply(text, topic=Topic(self.name, (repr(result),)))


_INTENTS: dict[str, Answers] = {
    "sum": SumsSkill.sum,
    "go_on": SumsSkill.go_on,
    "tip": SumsSkill.tip,
    "share": SumsSkill.share,
    "average": SumsSkill.average,
}


def _evaluator() -> SimpleEval:
    """Numbers and operators alone, with bounded powers."""
    evaluator = SimpleEval(functions={}, names={})
    evaluator.MAX_POWER = MAX_POWER
    return evaluator


def _number(request: Request, slot: str, default: float = 0.0) -> float:
    value = request.value(slot)
    return float(value) if isinstance(value, float | int) else default
