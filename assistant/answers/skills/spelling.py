"""How words are spelled, and how many letters and words there are."""

from assistant.answers.skills.base import Reply, Request, Skill, Topic


class SpellingSkill(Skill):
    """Answers questions about letters and words."""

    name = "spelling"

    def answer(self, request: Request) -> Reply | None:
        """As `Skill.answer`."""
        text = request.text("text").strip(" .?!,\"'")
        topic = Topic(self.name, (text,))
        match request.intent:
            case "spell":
                spelled = ", ".join(letter.upper() for letter in text if letter.isalnum())
                return Reply(request.say("spelled", text=text, letters=spelled), topic=topic) if spelled else None
            case "letters":
                count = sum(letter.isalpha() for letter in text)
                return Reply(request.say("letters", text=text, count=count), topic=topic)
            case _:
                count = len(text.split())
                return Reply(request.say("words", count=count), topic=topic)
