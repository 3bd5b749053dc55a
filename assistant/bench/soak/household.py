"""A household that talks to an assistant: questions, follow-ups, interruptions, announcements, noise, and silence.

What it does next comes from a seed, so two runs of the same length say nearly the same things in the same order.
"""

import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TypeVar

import anyio
import msgspec
import numpy as np

from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.audio.wav import write_wav
from assistant.bench.soak.sayings import Saying, Sayings
from assistant.bench.soak.virtual_room import Room
from assistant.bench.soak.witness import HappeningEvent, Witness, named
from assistant.client import AsyncClient
from assistant.dialogue.turn.end import End
from assistant.errors import AssistantError

SCENES = {
    "one breath": 3,
    "after the sound": 3,
    "follow-up": 2,
    "interruption": 2,
    "stop": 1,
    "announcement": 1,
    "typed": 1,
    "typed, answered aloud": 1,
    "noise": 1,
    "silence": 1,
}
"""How often each happens in a round of sixteen, in an order that changes."""

BREATH_S = 0.2
"""Between wake word and question that are said in one breath."""

WOKEN_S = 3.0
"""How long after a wake word its event is waited for; the slowest in the suite `conversation` took 0.3 s."""

SOUND_S = 0.5
"""After the event, until somebody who has waited for the sound speaks."""

ANSWER_S = 15.0
"""How long an answer is waited for; a slow machine takes 3 s."""

LISTENS_S = 12.0
"""How long an answer is listened to, until somebody has it stopped."""

OVER_S = (1.2, 2.5)
"""How far into an answer it is interrupted: later than `turns.reopen_ms`."""

THINKS_S = (0.5, 2.0)
"""Between an answer and what follows it up; five seconds are given."""

BETWEEN_S = (1.0, 5.0)
SILENCE_S = (10.0, 20.0)
ASLEEP_S = 20.0
"""How long until the assistant is asleep again, at the most."""

SILENCED_S = 3.0
"""How soon "stop" has ended an answer."""

ANNOUNCEMENTS = ("The washing machine is done.", "Dinner is ready in five minutes.", "Somebody is at the front door.")
TYPED = ("What is the capital of France?", "How many legs does a spider have?", "Name a colour of the rainbow.")

T = TypeVar("T")

Tell = Callable[[str], None]


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """Something that wanted an answer."""

    at_s: float
    """When it was over, in seconds after the beginning."""
    scene: str
    clip: str
    spoken: bool = True
    missed: str = ""
    """Why it was not answered: no wake (word heard), not heard, no transcript, no answer (in time), nothing heard (of
    it), interrupted (by nobody), went on (after "stop"), or the code of an error. Empty when it was."""
    cut: bool = False
    """The answer was interrupted, as wanted."""
    voice_to_voice_ms: float | None = None


class Household:
    """Lives in `room`, with the daemon that `client` and `witness` are connected to."""

    def __init__(
        self, room: Room, client: AsyncClient, witness: Witness, sayings: Sayings, seed: int, beginning: float
    ) -> None:
        self.exchanges: list[Exchange] = []
        self.false_wakes = 0
        """Noises that were taken for a wake word."""
        self._room = room
        self._client = client
        self._witness = witness
        self._random = random.Random(seed)
        self._sayings = sayings
        self._questions = self._shuffled(sayings.questions)
        self._wakes = self._shuffled(sayings.wakes)
        self._beginning = beginning
        self._scene = ""

    @property
    def missed(self) -> list[Exchange]:
        return [exchange for exchange in self.exchanges if exchange.missed]

    async def live(self, seconds: float, tell: Tell) -> None:
        """One scene after another for `seconds`; the last is played to its end."""
        doing: dict[str, Callable[[], Awaitable[object]]] = {
            "one breath": self._one_breath,
            "after the sound": self._after_the_sound,
            "follow-up": self._follow_up,
            "interruption": self._interruption,
            "stop": self._stop,
            "announcement": self._announcement,
            "typed": self._typed,
            "typed, answered aloud": self._typed_aloud,
            "noise": self._noise,
            "silence": self._silence,
        }
        end = anyio.current_time() + seconds
        for scene in self._shuffled([name for name, times in SCENES.items() for _ in range(times)]):
            self._scene = scene
            if anyio.current_time() >= end:
                return
            tell(f"{scene} ({len(self.exchanges)} turns, {len(self.missed)} missed)")
            await doing[scene]()
            await self._pause(BETWEEN_S)

    async def asleep(self) -> None:
        """Return once a wake word is needed again."""
        since = self._witness.now
        if (await self._client.call("status"))["state"] != "asleep":
            await self._witness.until(named("fell_asleep"), since, ASLEEP_S)

    async def _one_breath(self) -> None:
        wake, question = next(self._wakes), next(self._questions)
        since = self._witness.now
        await self._say(wake.samples, _silence(BREATH_S), question.samples)
        if await self._is_awake(since, f"{wake.name} + {question.name}"):
            await self._answer(question, since)

    async def _after_the_sound(self) -> HappeningEvent | None:
        question = next(self._questions)
        since = await self._ask(question)
        return None if since is None else await self._answer(question, since)

    async def _follow_up(self) -> None:
        since = self._witness.now
        if await self._after_the_sound() is None:
            return
        if await self._witness.until(named("follow_up"), since, SILENCED_S) is None:
            return
        await self._pause(THINKS_S)
        question, since = next(self._questions), self._witness.now
        await self._say(question.samples)
        await self._answer(question, since)

    async def _interruption(self) -> None:
        turn, question, since = await self._until_in_the_middle()
        if turn is None:
            return
        other, over = next(self._questions), self._witness.now
        await self._say(other.samples)
        await self._answer(question, since, only=turn, may_be_cut=True)
        await self._answer(other, over, but=turn)

    async def _stop(self) -> None:
        turn, question, since = await self._until_in_the_middle()
        if turn is None or not self._sayings.stops:
            return
        await self._say(self._sayings.stops[0].samples)
        silenced = await self._witness.until(_finished(only=turn), since, SILENCED_S)
        if silenced is None:
            self._note(self._sayings.stops[0].name, missed="went on")
        await self._answer(question, since, only=turn, may_be_cut=True)

    async def _until_in_the_middle(self) -> tuple[int | None, Saying, int]:
        """Ask, and return while the answer is being said: its turn, or None when there is nothing to interrupt.

        Where the assistant does not hear over its own voice (yet), nobody interrupts it.
        """
        question = next(self._questions)
        since = await self._ask(question)
        if since is None:
            return None, question, 0
        begun = await self._witness.until(named("playback_started"), since, ANSWER_S)
        if begun is not None and (await self._client.call("status"))["echo_free"]:
            await self._pause(OVER_S)
            if await self._witness.until(_finished(only=begun["turn"]), since, 0) is None:
                return begun["turn"], question, since
        await self._answer(question, since)
        return None, question, since

    async def _announcement(self) -> None:
        text = self._random.choice(ANNOUNCEMENTS)
        try:
            said = await self._client.call("say", text=text)
        except AssistantError as error:
            self._note(text, spoken=False, missed=error.code)
        else:
            self._note(text, spoken=False, missed="" if said["complete"] else "interrupted")

    async def _typed(self, *, aloud: bool = False) -> None:
        text = self._random.choice(TYPED)
        try:
            answered = await self._client.call("ask", text=text, speak=aloud)
        except AssistantError as error:
            self._note(text, spoken=False, missed=error.code)
        else:
            self._note(text, spoken=False, missed="" if answered["reply"] else "no answer")

    async def _typed_aloud(self) -> None:
        await self._typed(aloud=True)

    async def _noise(self) -> None:
        await self.asleep()
        since = self._witness.now
        for noise in self._random.sample(self._sayings.noises, min(1, len(self._sayings.noises))):
            await self._say(noise.samples)
        self.false_wakes += len(self._witness.seen("woken", since))

    async def _silence(self) -> None:
        await self._pause(SILENCE_S)

    async def _ask(self, question: Saying) -> int | None:
        """Say the wake word, and the question after the sound; since when its answer may come, None if not woken."""
        wake, since = next(self._wakes), self._witness.now
        await self._say(wake.samples)
        if not await self._is_awake(since, f"{wake.name}, {question.name}"):
            return None
        await anyio.sleep(SOUND_S)
        since = self._witness.now
        await self._say(question.samples)
        return since

    async def _is_awake(self, since: int, clip: str) -> bool:
        woken = await self._witness.until(named("woken"), since, WOKEN_S)
        if woken is None:
            self._note(clip, missed="no wake")
        return woken is not None

    async def _answer(
        self, question: Saying, since: int, *, only: int | None = None, but: int | None = None, may_be_cut: bool = False
    ) -> HappeningEvent | None:
        """Listen to the answer to a question that has been said; the turn, if it was answered.

        `only` in the turn of this number, or `but` in this one.
        """
        finished = _finished(only=only, but=but)
        await self._witness.until(lambda event: _begun(event, but) or finished(event), since, ANSWER_S)
        turn = await self._witness.until(finished, since, LISTENS_S)
        if turn is None and any(_begun(event, but) for event in self._witness.events[since:]):
            await self._client.call("stop")
            may_be_cut = True
            turn = await self._witness.until(finished, since, SILENCED_S)
        if turn is None:
            heard = self._witness.seen("speech_started", since)
            self._note(question.name, missed="no answer" if heard else "not heard")
            return None
        missed = why_missed(turn, may_be_cut=may_be_cut)
        self._note(
            question.name,
            missed=missed,
            cut=may_be_cut and turn["end"] == End.INTERRUPTED,
            voice_to_voice_ms=turn["marks_ms"].get("playback"),
        )
        return None if missed else turn

    def _note(
        self,
        clip: str,
        *,
        spoken: bool = True,
        missed: str = "",
        cut: bool = False,
        voice_to_voice_ms: float | None = None,
    ) -> None:
        self.exchanges.append(
            Exchange(
                at_s=round(anyio.current_time() - self._beginning, 1),
                scene=self._scene,
                clip=clip,
                spoken=spoken,
                missed=missed,
                cut=cut,
                voice_to_voice_ms=voice_to_voice_ms,
            )
        )

    async def _say(self, *parts: Samples) -> None:
        path = self._room.home / "said.wav"
        write_wav(path, np.concatenate(parts), LISTENING_RATE)
        await anyio.run_process(self._room.saying(path), env=self._room.environment)

    async def _pause(self, between: tuple[float, float]) -> None:
        await anyio.sleep(self._random.uniform(*between))

    def _shuffled(self, things: Sequence[T]) -> Iterator[T]:
        """All of them in one order, then in another, without end."""
        while things:
            yield from self._random.sample(things, len(things))


def why_missed(turn: HappeningEvent, *, may_be_cut: bool) -> str:
    """Why a turn that is over was no answer; empty when it was one. `may_be_cut`: somebody interrupted it."""
    if turn["error"] is not None:
        return str(turn["error"])
    if turn["end"] == End.NOTHING:
        return "no transcript"
    if turn["end"] != End.ANSWERED and not (may_be_cut and turn["end"] == End.INTERRUPTED):
        return str(turn["end"])
    return "" if turn["heard"] else "nothing heard"


def _finished(*, only: int | None = None, but: int | None = None) -> Callable[[HappeningEvent], bool]:
    """Whether an event is the end of a spoken turn; one that was reopened is answered by another."""

    def finished(event: HappeningEvent) -> bool:
        if event["event"] != "turn_finished" or event["source"] != "speech" or event["end"] == End.REOPENED:
            return False
        return event["turn"] != but and only in (None, event["turn"])

    return finished


def _begun(event: HappeningEvent, but: int | None) -> bool:
    return bool(event["event"] == "playback_started" and event["turn"] != but)


def _silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * LISTENING_RATE), np.float32)
