"""The skills as a responder: exact answers to what their sentences understand."""

from collections.abc import AsyncGenerator, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import anyio

from assistant import blocking
from assistant.answers.base import Act, Answer, Part, Question, Responder
from assistant.answers.skills.base import NOTHING, Change, Reply, Request, Skill, Topic
from assistant.answers.skills.house import House
from assistant.answers.skills.speech import Speech, speech_of
from assistant.blocking import StopFlag
from assistant.events import Provenance
from assistant.understanding.canonical import Utterance, canonical
from assistant.understanding.sentences import Match, Slot
from assistant.understanding.spelling import canonical_phrase

MAX_AT_ONCE = 120
"""Letters of a question that is understood on the event loop, in 3 to 20 ms; 400, which take 0.1 s, are not."""


_WARM: set[str] = set()
"""Languages that have been read by this process."""


@dataclass
class Talk:
    """What a room talks about, and since when."""

    topic: Topic = NOTHING
    since: float = field(default=float("-inf"))


class SkillsResponder(Responder):
    """Asks `skills`, which act on `house`. What was talked about is forgotten after `window_s` seconds."""

    name = "skills"

    def __init__(self, skills: Iterable[Skill], house: House, *, window_s: float) -> None:
        self._skills = {skill.name: skill for skill in skills}
        self._house = house
        self._window_s = window_s
        self._talks: dict[str, Talk] = {}

    async def answer(self, question: Question) -> Answer | None:
        """As `Responder.answer`."""
        speech = await self._speech(question.known_language)
        if speech is None:
            return None
        said = await self._speech(question.reply_language) or speech
        topic = self._topic(question.room)
        replies: list[tuple[str, Reply]] = []
        for match in await self._understood(question, speech, topic):
            skill = self._skills.get(match.skill)
            now, before = self._house.now(), question.history.exchanges
            request = Request(match, speech, said, self._house, question.room, now, topic, before)
            reply = skill.answer(request) if skill is not None else None
            if reply is None:
                return None
            topic = reply.topic if reply.topic is not None else replace(topic, asks=None)
            replies.append((match.skill, reply))
        if not replies:
            return None
        name = replies[0][0]
        kind = "refusal" if name == "refusals" else "skill"
        return Answer(
            Provenance(kind=kind, name=name),
            lambda: self._parts(question.room, [reply for _, reply in replies], topic),
            expects_reply=replies[-1][1].asks or None,
        )

    async def read(self, question: Question) -> None:
        """Read the sentences of the language before they are needed."""
        await self._speech(question.known_language)

    async def _speech(self, language: str) -> Speech | None:
        if language in _WARM:
            return speech_of(language)
        return await blocking.call(partial(self._read, language), name="sentences")

    def _read(self, language: str, stop: StopFlag) -> Speech | None:
        return warm(self._skills.values(), language)

    async def _understood(self, question: Question, speech: Speech, topic: Topic) -> list[Match]:
        if len(question.text) <= MAX_AT_ONCE:
            return self._matches(question, speech, topic)
        return await blocking.call(lambda stop: self._matches(question, speech, topic), name="sentences")

    def _matches(self, question: Question, speech: Speech, topic: Topic) -> list[Match]:
        known: dict[str, Mapping[str, str]] = {}
        for skill in self._skills.values():
            known |= skill.known(self._house, question.room)
        rings = ("ringing",) if self._house.bell is not None and self._house.bell.ringing(question.room) else ()
        found = speech.understanding.requests(question.text, topics=(*rings, topic.skill), known=known)
        if topic.asks is not None and (not found or found[0].loose_letters):
            completed = _completed(topic, speech, question.text)
            if completed is not None:
                return [completed]
        return found

    def _topic(self, room: str) -> Topic:
        talk = self._talks.get(room)
        if talk is None or anyio.current_time() - talk.since > self._window_s:
            return NOTHING
        return talk.topic

    async def _parts(self, room: str, replies: list[Reply], topic: Topic) -> AsyncGenerator[Part, None]:
        before = self._talks.get(room, Talk())
        talk = Talk(topic, anyio.current_time())

        async def do() -> None:
            self._talks[room] = talk

        async def back() -> None:
            self._talks[room] = before

        yield Act(Change(do, back))
        for reply in replies:
            for act in reply.acts:
                yield act
            if reply.text:
                yield reply.text


def warm(skills: Iterable[Skill], language: str) -> Speech | None:
    """Read the sentences of `language`, if it has any, and what the answers of `skills` in it take. Takes a second, in
    any thread."""
    speech = speech_of(language)
    if speech is not None:
        for skill in skills:
            skill.warm(language)
    _WARM.add(language)
    return speech


def _completed(topic: Topic, speech: Speech, text: str) -> Match | None:
    """The request that was asked about, with `text` as what was missing; None if it is not that."""
    asks = topic.asks
    assert asks is not None
    utterance = speech.understanding.utterance(text)
    if not utterance.words:
        return None
    for kind in asks.kinds:
        slot = _slot(kind, speech, utterance)
        if slot is not None:
            return replace(asks.match, slots={**asks.match.slots, asks.slot: slot})
    return None


def _slot(kind: str, speech: Speech, utterance: Utterance) -> Slot | None:
    """What `utterance` is as an answer of `kind`; None where it is none."""
    match kind:
        case "text":
            written = utterance.original(0, len(utterance.line))
            return Slot(written, written)
        case "yes" | "no":
            words = speech.grammar.agreed if kind == "yes" else speech.grammar.declined
            said = {utterance.line, canonical(utterance.written, speech.grammar).line}
            known = {canonical_phrase(word, speech.grammar) for word in words}
            return Slot(kind, utterance.written) if said & known else None
        case _:
            return _entity(kind, speech, utterance)


def _entity(kind: str, speech: Speech, utterance: Utterance) -> Slot | None:
    """An entity that `utterance` is, but for a word or two around it."""
    spans = speech.entities.spans(utterance).get(kind, {})
    text = max(spans, key=len, default="")
    if not text or len(utterance.line) > 2 * len(text) + 20:
        return None
    return Slot(spans[text], text)
