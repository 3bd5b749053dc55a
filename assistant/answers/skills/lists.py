"""Lists: shopping, things to do, any other; several things at once."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from assistant.answers.base import Act
from assistant.answers.skills.base import Change, Reply, Request, Skill, Topic, asking
from assistant.answers.skills.entries import alike
from assistant.answers.skills.things import things_in
from assistant.language.patterns import folded
from assistant.store.lists import Item, Lists

SHOPPING = "shopping"
TODO = "todo"
"""Names of the two lists that every language has its own words for."""

MIN_ALIKE = 0.8
"""Of a thing as it is called and as it stands on the list: "egg" and "eggs" are 0.86."""

Answers = Callable[["ListsSkill", Request, Lists], Reply | None]


class ListsSkill(Skill):
    """Answers requests about the lists of the household."""

    name = "lists"

    def answer(self, request: Request) -> Reply | None:
        """As `Skill.answer`."""
        lists = request.house.lists
        return _INTENTS[request.intent](self, request, lists) if lists is not None else None

    def add(self, request: Request, lists: Lists) -> Reply | None:
        """Put something on a list."""
        name, things = self._list(request), things_in(request.text("items"), request.heard)
        if not things:
            return asking(request, "what", "items", "text") if request.value("known") else None
        there = [thing for thing in things if _found(thing, lists.on(name))]
        new = [Item(name, thing) for thing in things if thing not in there]
        called = _called(name, request)
        if not new:
            spoken = request.speech.all_of(there)
            return Reply(request.say("there_already", items=spoken, list=called), topic=request.names(self.name, name))
        spoken = request.speech.all_of([item.text for item in new])
        said = request.say("added_one" if len(new) == 1 else "added_many", items=_capital(spoken), list=called)
        act = Act(Change(lambda: lists.add(new), lambda: lists.remove(new)), said)
        return Reply(acts=(act,), topic=self._topic(name, [item.text for item in new]))

    def remove(self, request: Request, lists: Lists) -> Reply:
        """Take something off a list."""
        name, things = self._list(request), things_in(request.text("items"), request.heard)
        gone = [Item(name, text) for thing in things for text in _found(thing, lists.on(name))]
        called = _called(name, request)
        if not gone:
            spoken = request.speech.all_of(things)
            return Reply(request.say("not_there", items=_capital(spoken), list=called))
        spoken = request.speech.all_of([item.text for item in gone])
        act = Act(
            Change(lambda: lists.remove(gone), lambda: lists.add(gone)),
            request.say("removed", items=spoken, list=called),
        )
        return Reply(acts=(act,), topic=request.names(self.name, name))

    def undo(self, request: Request, lists: Lists) -> Reply | None:
        """Take off again what was put on last."""
        name, *things = request.topic.about or ("",)
        gone = [Item(name, thing) for thing in things if thing in lists.on(name)]
        if not gone:
            return None
        spoken = request.speech.all_of([item.text for item in gone])
        said = request.say("removed", items=spoken, list=_called(name, request))
        act = Act(Change(lambda: lists.remove(gone), lambda: lists.add(gone)), said)
        return Reply(acts=(act,), topic=Topic(self.name, (name,)))

    def read(self, request: Request, lists: Lists) -> Reply:
        """Tell what is on a list."""
        name = self._list(request)
        things = lists.on(name)
        called = _called(name, request)
        topic = Topic(self.name, (name,))
        if not things:
            known = name in {SHOPPING, TODO}
            return Reply(request.say("empty" if known else "unknown", list=called if known else name), topic=topic)
        spoken = request.speech.all_of(things)
        return Reply(request.say("read", count=len(things), items=spoken, list=called), topic=topic)

    def has(self, request: Request, lists: Lists) -> Reply:
        """Tell whether something is on a list."""
        name, item = self._list(request), request.name("item")
        reply = "has" if _found(item, lists.on(name)) else "has_not"
        return Reply(request.say(reply, item=item, list=_called(name, request)), topic=Topic(self.name, (name,)))

    def clear(self, request: Request, lists: Lists) -> Reply:
        """Take everything off, once it is confirmed."""
        name = self._list(request)
        things, called = lists.on(name), _called(name, request)
        if not things:
            return Reply(request.say("empty", list=called))
        match request.value("sure"):
            case "yes":
                gone = [Item(name, thing) for thing in things]
                act = Act(
                    Change(lambda: lists.remove(gone), lambda: lists.add(gone)), request.say("cleared", list=called)
                )
                return Reply(acts=(act,), topic=Topic(self.name, (name,)))
            case "no":
                return Reply(request.say("kept"), topic=Topic(self.name, (name,)))
        asked = asking(request, "kept", "sure", "yes", "no")
        topic = replace(asked.topic or Topic(self.name), about=(name,))
        return replace(asked, text=request.say("sure", count=len(things), list=called), topic=topic)

    def lists(self, request: Request, lists: Lists) -> Reply:
        """Tell which lists there are."""
        if not lists.names:
            return Reply(request.say("no_lists"))
        return Reply(
            request.say("lists", lists=request.speech.all_of([_called(name, request) for name in lists.names]))
        )

    def make(self, request: Request, lists: Lists) -> Reply:
        """A list begins with the first thing on it."""
        name = self._list(request)
        asked = asking(replace(request, match=replace(request.match, intent="add")), "what", "items", "text")
        topic = replace(asked.topic or Topic(self.name), about=(name,))
        return replace(asked, text=request.say("made", list=_called(name, request)), topic=topic)

    def ask_items(self, request: Request, lists: Lists) -> Reply:
        """Ask what is to go on the list."""
        asked = replace(request.match, intent="add")
        return asking(replace(request, match=asked), "what", "items", "text")

    def _list(self, request: Request) -> str:
        """The list that is meant: the one that is named, else the one that was talked about, else for shopping."""
        if isinstance(known := request.value("known"), str):
            return known
        if name := request.name("list").lower():
            return name
        about = request.topic.about if request.topic.skill == self.name else ()
        return about[0] if about else SHOPPING

    def _topic(self, name: str, things: Sequence[str]) -> Topic:
        return Topic(self.name, (name, *things))


_INTENTS: dict[str, Answers] = {
    "add": ListsSkill.add,
    "remove": ListsSkill.remove,
    "undo": ListsSkill.undo,
    "read": ListsSkill.read,
    "has": ListsSkill.has,
    "clear": ListsSkill.clear,
    "lists": ListsSkill.lists,
    "make": ListsSkill.make,
    "ask_items": ListsSkill.ask_items,
}


def _found(thing: str, things: Sequence[str]) -> list[str]:
    """The one of `things` that is most like `thing`, if it is enough."""
    wanted = folded(thing)
    ratios = [(alike(wanted, folded(each)), each) for each in things]
    best = max(ratios, default=(0.0, ""))
    return [best[1]] if best[0] >= MIN_ALIKE else []


def _called(name: str, request: Request) -> str:
    """The list as it is spoken of."""
    if name in {SHOPPING, TODO}:
        return request.say(f"list_{name}")
    return request.say("list_named", list=name)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
