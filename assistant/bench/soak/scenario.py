"""The scenario of a soak: questions, follow-ups, interruptions, announcements, noise, and silence, in random order.

The order comes from a seed, so two runs of the same length say nearly the same things.
"""

import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TypeVar

import anyio
import numpy as np

from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.audio.wav import write_wav
from assistant.bench.soak.event_recorder import DaemonEvent, EventRecorder, named
from assistant.bench.soak.exchange import SoakExchange, why_missed
from assistant.bench.soak.stimuli import Stimuli, Stimulus
from assistant.bench.soak.virtual_room import VirtualRoom
from assistant.client import AsyncClient
from assistant.dialogue.turn.ending import TurnEnd
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
"""How often each scene is played in a round of sixteen; every round has an order of its own."""

BREATH_S = 0.2
"""Silence between wake word and question when they are said in one breath."""

WAKE_TIMEOUT_S = 3.0
"""From a wake word to its event; the slowest in the conversation suite took 0.3 s."""

REACTION_S = 0.5
"""From the event to the question of a user who waits for the wake sound."""

ANSWER_TIMEOUT_S = 15.0
"""From a question to its answer; a slow machine takes 3 s."""

MAX_ANSWER_S = 12.0
"""Length of an answer after which it is stopped."""

INTERRUPTED_AFTER_S = (1.2, 2.5)
"""From the start of an answer to its interruption: longer than `turns.reopen_ms`."""

FOLLOW_UP_AFTER_S = (0.5, 2.0)
"""From the end of an answer to a follow-up; the assistant listens for five seconds."""

BETWEEN_SCENES_S = (1.0, 5.0)
SILENCE_S = (10.0, 20.0)
"""Range of the silence between two scenes, and of the scene in which nothing is said."""

SLEEP_TIMEOUT_S = 20.0
"""Until the assistant needs a wake word again."""

STOP_TIMEOUT_S = 3.0
"""From "stop" to the end of the answer."""

ANNOUNCEMENTS = ("The washing machine is done.", "Dinner is ready in five minutes.", "Somebody is at the front door.")
TYPED = ("What is the capital of France?", "How many legs does a spider have?", "Name a colour of the rainbow.")

T = TypeVar("T")


class Scenario:
    """Plays scenes in `room` to the daemon that `client` and `recorder` are connected to.

    `started_at` is the time on the monotonic clock that exchanges are counted from.
    """

    def __init__(
        self,
        room: VirtualRoom,
        client: AsyncClient,
        recorder: EventRecorder,
        stimuli: Stimuli,
        seed: int,
        started_at: float,
    ) -> None:
        self.exchanges: list[SoakExchange] = []
        self.false_wakes = 0
        """Noises that were mistaken for a wake word."""
        self._room = room
        self._client = client
        self._recorder = recorder
        self._random = random.Random(seed)
        self._stimuli = stimuli
        self._questions = self._shuffled(stimuli.questions)
        self._wakes = self._shuffled(stimuli.wakes)
        self._started_at = started_at
        self._scene = ""

    @property
    def missed(self) -> list[SoakExchange]:
        """The exchanges that were not answered."""
        return [exchange for exchange in self.exchanges if exchange.missed]

    async def play(self, seconds: float, progress: Callable[[str], None]) -> None:
        """Play one scene after another for `seconds`; the last is played to its end."""
        scenes: dict[str, Callable[[], Awaitable[object]]] = {
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
            progress(f"{scene} ({len(self.exchanges)} turns, {len(self.missed)} missed)")
            await scenes[scene]()
            await self._pause(BETWEEN_SCENES_S)

    async def until_asleep(self) -> None:
        """Wait until the assistant needs a wake word again."""
        since = self._recorder.position
        if (await self._client.call("status"))["state"] != "asleep":
            await self._recorder.until(named("fell_asleep"), since, SLEEP_TIMEOUT_S)

    async def _one_breath(self) -> None:
        wake, question = next(self._wakes), next(self._questions)
        since = self._recorder.position
        await self._say(wake.samples, _silence(BREATH_S), question.samples)
        if await self._is_awake(since, f"{wake.name} + {question.name}"):
            await self._answer(question, since)

    async def _after_the_sound(self) -> DaemonEvent | None:
        question = next(self._questions)
        since = await self._ask(question)
        return None if since is None else await self._answer(question, since)

    async def _follow_up(self) -> None:
        since = self._recorder.position
        if await self._after_the_sound() is None:
            return
        if await self._recorder.until(named("follow_up"), since, STOP_TIMEOUT_S) is None:
            return
        await self._pause(FOLLOW_UP_AFTER_S)
        question, since = next(self._questions), self._recorder.position
        await self._say(question.samples)
        await self._answer(question, since)

    async def _interruption(self) -> None:
        turn, question, since = await self._until_in_the_middle()
        if turn is None:
            return
        barge_in, barged_in = next(self._questions), self._recorder.position
        await self._say(barge_in.samples)
        await self._answer(question, since, only=turn, may_be_cut=True)
        await self._answer(barge_in, barged_in, but=turn)

    async def _stop(self) -> None:
        turn, question, since = await self._until_in_the_middle()
        if turn is None or not self._stimuli.stops:
            return
        await self._say(self._stimuli.stops[0].samples)
        stopped = await self._recorder.until(_finished(only=turn), since, STOP_TIMEOUT_S)
        if stopped is None:
            self._note(self._stimuli.stops[0].name, missed="went on")
        await self._answer(question, since, only=turn, may_be_cut=True)

    async def _until_in_the_middle(self) -> tuple[int | None, Stimulus, int]:
        """Ask, and return in the middle of the answer: its turn, or None when there is nothing to interrupt.

        While the assistant cannot hear over its own voice (yet), it is not interrupted.
        """
        question = next(self._questions)
        since = await self._ask(question)
        if since is None:
            return None, question, 0
        started = await self._recorder.until(named("playback_started"), since, ANSWER_TIMEOUT_S)
        if started is not None and (await self._client.call("status"))["echo_free"]:
            await self._pause(INTERRUPTED_AFTER_S)
            if await self._recorder.until(_finished(only=started["turn"]), since, 0) is None:
                return started["turn"], question, since
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
        await self.until_asleep()
        since = self._recorder.position
        for noise in self._random.sample(self._stimuli.noises, min(1, len(self._stimuli.noises))):
            await self._say(noise.samples)
        self.false_wakes += len(self._recorder.seen("woken", since))

    async def _silence(self) -> None:
        await self._pause(SILENCE_S)

    async def _ask(self, question: Stimulus) -> int | None:
        """Say the wake word, and after the wake sound the question.

        Return the position after which the answer comes; None when the wake word was not detected.
        """
        wake, since = next(self._wakes), self._recorder.position
        await self._say(wake.samples)
        if not await self._is_awake(since, f"{wake.name}, {question.name}"):
            return None
        await anyio.sleep(REACTION_S)
        since = self._recorder.position
        await self._say(question.samples)
        return since

    async def _is_awake(self, since: int, clip: str) -> bool:
        woken = await self._recorder.until(named("woken"), since, WAKE_TIMEOUT_S)
        if woken is None:
            self._note(clip, missed="no wake")
        return woken is not None

    async def _answer(
        self,
        question: Stimulus,
        since: int,
        *,
        only: int | None = None,
        but: int | None = None,
        may_be_cut: bool = False,
    ) -> DaemonEvent | None:
        """Listen to the answer to a question that has been said, and return the turn if it was answered.

        `only` is the number of the turn to wait for, `but` that of a turn to ignore.
        """
        finished = _finished(only=only, but=but)
        await self._recorder.until(
            lambda event: _starts_playback(event, but) or finished(event), since, ANSWER_TIMEOUT_S
        )
        turn = await self._recorder.until(finished, since, MAX_ANSWER_S)
        if turn is None and any(_starts_playback(event, but) for event in self._recorder.events[since:]):
            await self._client.call("stop")
            may_be_cut = True
            turn = await self._recorder.until(finished, since, STOP_TIMEOUT_S)
        if turn is None:
            heard = self._recorder.seen("speech_started", since)
            self._note(question.name, missed="no answer" if heard else "not heard")
            return None
        missed = why_missed(turn, may_be_cut=may_be_cut)
        self._note(
            question.name,
            missed=missed,
            cut=may_be_cut and turn["end"] == TurnEnd.INTERRUPTED,
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
            SoakExchange(
                at_s=round(anyio.current_time() - self._started_at, 1),
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
        """Yield all of `things` in a random order, then in another, forever."""
        while things:
            yield from self._random.sample(things, len(things))


def _finished(*, only: int | None = None, but: int | None = None) -> Callable[[DaemonEvent], bool]:
    """Return a condition: whether an event ends a spoken turn. A reopened turn does not count: another answers it."""

    def finished(event: DaemonEvent) -> bool:
        if event["event"] != "turn_finished" or event["source"] != "speech" or event["end"] == TurnEnd.REOPENED:
            return False
        return event["turn"] != but and only in (None, event["turn"])

    return finished


def _starts_playback(event: DaemonEvent, but: int | None) -> bool:
    return bool(event["event"] == "playback_started" and event["turn"] != but)


def _silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * LISTENING_RATE), np.float32)
