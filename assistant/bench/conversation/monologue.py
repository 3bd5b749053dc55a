"""A scripted language model: long answers, the same in every run, whatever the question."""

from collections.abc import Sequence

from assistant.blocking import Emit, StopFlag
from assistant.llm.base import Message, Usage

ANSWERS = (
    "A river begins as a trickle. Rain falls on the hills, sinks into the ground, and comes out again further down "
    "where the rock will not let it through. Several such springs make a brook, and several brooks make a stream. On "
    "its way it carries sand and stones, and where it slows down it drops them. That is why valleys have flat floors. "
    "Near the sea the land is so level that the water hardly knows where to go, and it splits into many arms.",
    "Bread needs flour, water, salt and time. Mix them until no dry flour is left, and wait half an hour. Then fold "
    "the dough over itself a few times. You will feel how it grows stronger. Let it rise until it has doubled. Shape "
    "it gently, so that the bubbles stay inside. Heat the oven well before you bake, and put a bowl of water in it. "
    "The loaf is done when it sounds hollow. Do not cut it while it is hot!",
    "You can call me in several ways. Say okay nabu, and I will listen. If you prefer it, say hey Jarvis, or just "
    "Alexa. Some people like hey Mycroft best. While I am speaking you may interrupt me at any time, and when I am "
    "quiet I wait for a few seconds in case you want to know more. Say stop, and I stop. Say never mind, and I forget "
    "about it. If I did not hear you well, I will ask you to say it again.",
    "The moon takes about twenty-seven days to go around the earth. It always shows us the same side, because it "
    "turns once on its own axis in that time. The tides come from its pull. Where it stands overhead the sea rises a "
    "little, and on the far side of the earth as well. So there are two high tides a day, and two low ones. When sun "
    "and moon pull together the tide is strong. At half moon it is weak.",
    "Four travellers, three rooms, two nights: that makes six nights to be paid. The first room costs eighty, the "
    "second ninety-five, and the third one hundred and ten. Together that is two hundred and eighty-five for one "
    "night, or five hundred and seventy for both. With breakfast it would be eight more for each person and day. "
    "Shall I look for something cheaper? There is a small house near the station, with a view of the lake.",
    "Swifts sleep in the air. They eat there, drink there, and collect what they need for their nests. A young swift "
    "that leaves its nest may not touch the ground for two years. In summer you hear them scream above the roofs in "
    "the evening. They arrive late in spring and leave early in August. Their legs are so short that they can hardly "
    "walk, but their wings carry them as far as the forests of the Congo.",
    "Paper was once made from rags. Old shirts were soaked, beaten to a pulp, and spread on a fine sieve. The water "
    "ran off and left a thin layer of fibres, which was pressed and dried. Wood came later, when there were no longer "
    "enough rags. It had to be ground, or cooked with lime and sulphur. What you throw away today becomes paper again "
    "up to six times. After that the fibres are too short.",
    "To prune an apple tree, choose a dry day in late winter. Look at it from all sides first. Take out what is dead, "
    "what is broken, and what grows towards the middle. Where two branches rub against each other, one has to go. Cut "
    "close to the trunk, but leave the thick ring at the foot of the branch, for the wound heals from there. In the "
    "end a bird should be able to fly through the crown without touching a twig.",
)
"""About 30 s of speech each. The third contains the packaged wake words and the phrases that end an answer."""


class Monologue:
    """A `LanguageModel` that gives each of `ANSWERS` in turn, without delay."""

    name = "script"
    device = "cpu"
    context_tokens = 1 << 20
    shares_processor = False

    def __init__(self) -> None:
        self._next = 0

    def generate(self, messages: Sequence[Message], *, max_tokens: int, emit: Emit[str], stop: StopFlag) -> Usage:
        if not max_tokens:
            return Usage(0, 0, 0)
        words = ANSWERS[self._next % len(ANSWERS)].split(" ")
        self._next += 1
        for word in words:
            if stop.is_set():
                break
            emit(word + " ")
        return Usage(0, 0, len(words))

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return 0

    def close(self) -> None:
        """Do nothing: there is nothing to release."""
