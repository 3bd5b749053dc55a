"""What the assistant cannot do: said so, with what it can do instead, where a language model would claim it."""

from assistant.answers.skills.base import Reply, Request, Skill


class RefusalsSkill(Skill):
    """Refuses by kind of request: each intent is one, and has its sentence."""

    name = "refusals"

    def answer(self, request: Request) -> Reply | None:
        """As `Skill.answer`."""
        return Reply(request.say(request.intent))
