"""What was said a moment ago, once more."""

from assistant.answers.skills.base import Reply, Request, Skill


class RepeatSkill(Skill):
    """Repeats what it said, or what it was asked."""

    name = "repeat"

    def answer(self, request: Request) -> Reply | None:
        """As `Skill.answer`. What was asked back stays asked."""
        if not request.before:
            return Reply(request.say("nothing"))
        last = request.before[-1]
        text = last.heard if request.intent == "again" else request.say("asked", said=last.said)
        return Reply(text, topic=request.topic)
