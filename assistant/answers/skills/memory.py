"""Notes, and what somebody asked to be remembered."""

from collections.abc import Callable
from dataclasses import replace

from assistant.answers.base import Act
from assistant.answers.skills.base import Change, Reply, Request, Skill, Topic, asking
from assistant.answers.skills.entries import alike
from assistant.language.patterns import folded

NAME = "name"
"""The key of how somebody is called."""

MIN_ALIKE = 0.6
"""Of a fact and of what it is asked for by: part of its words."""

Answers = Callable[["MemorySkill", Request], Reply | None]


class MemorySkill(Skill):
    """Keeps what it is told to keep, and gives it back word for word."""

    name = "memory"

    def answer(self, request: Request) -> Reply | None:
        """As `Skill.answer`."""
        if request.house.notes is None or request.house.facts is None:
            return None
        return _INTENTS[request.intent](self, request)

    def note(self, request: Request) -> Reply:
        """Take a note."""
        text = request.text("text").strip()
        if not text:
            return asking(replace(request, match=replace(request.match, intent="note")), "what_note", "text", "text")
        notes = request.house.notes
        assert notes is not None
        act = Act(Change(lambda: notes.add(text), lambda: notes.remove((text,))), request.say("noted"))
        return Reply(acts=(act,), topic=Topic(self.name, ("note", text)))

    def notes(self, request: Request) -> Reply:
        """Read the notes."""
        notes = request.house.notes
        assert notes is not None
        if not notes.texts:
            return Reply(request.say("no_notes"))
        said = request.say("notes", count=len(notes.texts), notes=". ".join(notes.texts))
        return Reply(said, topic=Topic(self.name, ("note", notes.texts[-1])))

    def delete_notes(self, request: Request) -> Reply:
        """Forget all notes, once it is confirmed."""
        notes = request.house.notes
        assert notes is not None
        texts = notes.texts
        if not texts:
            return Reply(request.say("no_notes"))
        match request.value("sure"):
            case "yes":
                return Reply(acts=(Act(Change(lambda: notes.remove(texts)), request.say("notes_gone")),))
            case "no":
                return Reply(request.say("kept"))
        asked = asking(request, "kept", "sure", "yes", "no")
        return replace(asked, text=request.say("sure_notes", count=len(texts)))

    def remember(self, request: Request) -> Reply:
        """Remember something."""
        text = request.heard.turned(request.text("text").strip())
        facts = request.house.facts
        assert facts is not None
        act = Act(Change(lambda: facts.add("", text), lambda: facts.remove((("", text),))), request.say("remembered"))
        return Reply(acts=(act,), topic=Topic(self.name, ("fact", text)))

    def recall(self, request: Request) -> Reply:
        """Tell what was to be remembered, of something or of all."""
        facts = request.house.facts
        assert facts is not None
        kept = [text for key, text in facts.facts if key != NAME]
        about = request.heard.turned(request.name("text"))
        if about:
            kept = [text for text in kept if _is_about(about, text)]
        if not kept:
            return Reply(request.say("nothing_about" if about else "nothing", about=about))
        return Reply(request.say("recall", facts=". ".join(kept)), topic=Topic(self.name, ("fact", kept[-1])))

    def call_me(self, request: Request) -> Reply:
        """Remember somebody's name."""
        name = request.text("person").strip()
        facts = request.house.facts
        assert facts is not None
        act = Act(
            Change(lambda: facts.add(NAME, name), lambda: facts.remove(((NAME, name),))),
            request.say("named", name=name),
        )
        return Reply(acts=(act,), topic=Topic(self.name, ("name", name)))

    def who_am_i(self, request: Request) -> Reply:
        """Tell somebody's name."""
        facts = request.house.facts
        assert facts is not None
        name = facts.get(NAME)
        return Reply(request.say("your_name", name=name) if name else request.say("no_name"))

    def forget(self, request: Request) -> Reply | None:
        """Forget what was kept last, or what is named."""
        facts, notes = request.house.facts, request.house.notes
        assert facts is not None
        assert notes is not None
        about = request.heard.turned(request.name("text"))
        if about:
            gone = tuple(fact for fact in facts.facts if _is_about(about, fact[1]))
            if not gone:
                return Reply(request.say("nothing_about", about=about))
            return Reply(acts=(Act(Change(lambda: facts.remove(gone)), request.say("forgotten")),))
        kind, text = (*request.topic.about, "", "")[:2] if request.topic.skill == self.name else ("", "")
        if kind == "note" and text in notes.texts:
            return Reply(
                acts=(Act(Change(lambda: notes.remove((text,)), lambda: notes.add(text)), request.say("forgotten")),)
            )
        last = tuple(fact for fact in facts.facts if fact[1] == text)
        if not last:
            return None
        return Reply(acts=(Act(Change(lambda: facts.remove(last)), request.say("forgotten")),))

    def forget_all(self, request: Request) -> Reply:
        """Forget everything that was to be remembered, once it is confirmed."""
        facts = request.house.facts
        assert facts is not None
        everything = facts.facts
        match request.value("sure"):
            case "yes":
                return Reply(acts=(Act(Change(lambda: facts.remove(everything)), request.say("all_forgotten")),))
            case "no":
                return Reply(request.say("kept"))
        return asking(request, "sure_all", "sure", "yes", "no")


_INTENTS: dict[str, Answers] = {
    "note": MemorySkill.note,
    "ask_note": MemorySkill.note,
    "notes": MemorySkill.notes,
    "delete_notes": MemorySkill.delete_notes,
    "remember": MemorySkill.remember,
    "recall": MemorySkill.recall,
    "call_me": MemorySkill.call_me,
    "who_am_i": MemorySkill.who_am_i,
    "forget": MemorySkill.forget,
    "forget_all": MemorySkill.forget_all,
}


def _is_about(about: str, text: str) -> bool:
    """Whether the words of `about` are in `text`, or nearly."""
    words, there = folded(about).split(), folded(text).split()
    found = sum(max((alike(word, each) for each in there), default=0.0) > 0.8 for word in words)
    return found >= MIN_ALIKE * len(words)
