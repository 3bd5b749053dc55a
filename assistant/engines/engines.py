"""The engines that all rooms share, each behind its handle."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial

import anyio

from assistant import blocking
from assistant.asr.base import SpeechRecognizer
from assistant.engines.detectors import DetectorLoader, Detectors, Words, load_detectors
from assistant.engines.handle import Handle
from assistant.engines.model import Model, ModelHandle
from assistant.engines.priority import Precedence, Urgency
from assistant.engines.queue import EngineQueue
from assistant.llm.base import RemoteLanguageModel
from assistant.tts.base import SpeechSynthesizer
from assistant.turns.base import EndOfTurn


class Unchanged:
    """In place of an engine that stays."""


UNCHANGED = Unchanged()


@dataclass(frozen=True)
class Fresh:
    """Engines that another configuration wants."""

    recognizer: SpeechRecognizer | Unchanged = UNCHANGED
    model: Model | Unchanged = UNCHANGED
    voice: SpeechSynthesizer | Unchanged = UNCHANGED
    end_of_turn: EndOfTurn | Unchanged | None = UNCHANGED


@dataclass(eq=False)
class Engines:
    """Made by `share`. The handles stay; `exchange` changes what is behind them."""

    recognition: Handle[SpeechRecognizer]
    generation: ModelHandle
    synthesis: Handle[SpeechSynthesizer]
    judgement: Handle[EndOfTurn | None]
    """None where silence alone decides."""
    precedence: Precedence
    """Claimed by a conversation while it is at a turn."""
    answers_beside_recognition: bool = False
    """As the budget of the machine says."""
    detector_loader: DetectorLoader = field(default=load_detectors)

    @property
    def voice(self) -> SpeechSynthesizer:
        """What may be asked for its language and its rate; it is put to work by `synthesis`."""
        return self.synthesis.engine

    @property
    def queues(self) -> dict[str, EngineQueue]:
        """Stage to the queue in front of its engine."""
        return {
            "asr": self.recognition.queue,
            "llm": self.generation.queue,
            "tts": self.synthesis.queue,
            "turn": self.judgement.queue,
        }

    @property
    def names(self) -> dict[str, str]:
        """Stage to model."""
        names = {"asr": self.recognition.engine.name, "llm": self.generation.engine.name, "tts": self.voice.name}
        end_of_turn = self.judgement.engine
        return names if end_of_turn is None else {**names, "turn": end_of_turn.name}

    @property
    def devices(self) -> dict[str, str]:
        """Stage to the processor it really runs on."""
        devices = {"asr": self.recognition.engine.device, "llm": self.generation.engine.device}
        devices["tts"] = self.voice.device
        return devices if self.judgement.engine is None else {**devices, "turn": "cpu"}

    async def detectors(self, words: Words | None) -> Detectors:
        """Detectors for another stream of sound; `words` None for no wake words.

        Raises `AssistantError` (`model.*`, `config.invalid`).
        """
        return await blocking.call(lambda stop: self.detector_loader(words), name="loading")

    async def exchange(self, fresh: Fresh) -> None:
        """Use the engines of `fresh` from now on, once no room is at a turn; a model that is replaced is closed."""
        while True:
            await self.precedence.free()
            with ExitStack() as leases:
                if not await self._take_all(leases):
                    continue
                before = self.generation.engine
                self._put_in(fresh)
                if before is not self.generation.engine:
                    await _close(before)
                return

    async def _take_all(self, leases: ExitStack) -> bool:
        """Whether all engines were lent, which ends with `leases`; not when speech begins meanwhile.

        Then a turn may wait for one that is lent already, and so must not wait for those that are not.
        """
        complete = False
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._cancel_when_claimed, tasks.cancel_scope)
            for queue in self.queues.values():
                leases.enter_context(await queue.acquire(Urgency.BACKGROUND))
            complete = True
            tasks.cancel_scope.cancel()
        return complete and not self.precedence.is_claimed

    async def _cancel_when_claimed(self, scope: anyio.CancelScope) -> None:
        await self.precedence.until_claimed()
        scope.cancel()

    def _put_in(self, fresh: Fresh) -> None:
        if not isinstance(fresh.recognizer, Unchanged):
            self.recognition.engine = fresh.recognizer
        if not isinstance(fresh.model, Unchanged):
            self.generation.engine = fresh.model
        if not isinstance(fresh.voice, Unchanged):
            self.synthesis.engine = fresh.voice
        if not isinstance(fresh.end_of_turn, Unchanged):
            self.judgement.engine = fresh.end_of_turn

    async def aclose(self) -> None:
        """Free the language model, or close its connections; the others end with the process."""
        await _close(self.generation.engine)


def share(
    recognizer: SpeechRecognizer,
    model: Model,
    voice: SpeechSynthesizer,
    end_of_turn: EndOfTurn | None,
    *,
    answers_beside_recognition: bool = False,
    detector_loader: DetectorLoader = load_detectors,
) -> Engines:
    """Put each engine behind a handle, with one precedence for all."""
    precedence = Precedence()
    return Engines(
        recognition=Handle.of(recognizer, "asr", precedence),
        generation=ModelHandle(model, EngineQueue("llm", precedence)),
        synthesis=Handle.of(voice, "tts", precedence),
        judgement=Handle.of(end_of_turn, "turn", precedence),
        precedence=precedence,
        answers_beside_recognition=answers_beside_recognition,
        detector_loader=detector_loader,
    )


async def _close(model: Model) -> None:
    if isinstance(model, RemoteLanguageModel):
        await model.aclose()
    else:
        await blocking.call(partial(_close_here, model), name="closing")


def _close_here(model: Model, stop: object) -> None:
    assert not isinstance(model, RemoteLanguageModel)
    model.close()
