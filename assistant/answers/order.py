"""The order in which responders are asked, as the configuration has it."""

import importlib
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial

from assistant.answers.base import Answer, Part, Question, Responder
from assistant.answers.model import ModelResponder
from assistant.answers.skills.clock import ClockResponder
from assistant.answers.skills.deeds import DeedsResponder
from assistant.answers.skills.every import SKILLS
from assistant.answers.skills.house import House
from assistant.answers.skills.responder import SkillsResponder
from assistant.config.schema import Config
from assistant.engines.engines import Engines
from assistant.errors import AssistantError, Code

log = logging.getLogger(__name__)

Factory = Callable[[Config, Engines], Responder]
"""Makes a responder of somebody else's. Called again when the configuration has changed."""

BUILT_IN: dict[str, Callable[[Config, Engines, House], Responder]] = {
    "skills": lambda config, engines, house: SkillsResponder(SKILLS, house, window_s=TOPIC_S),
    "clock": lambda config, engines, house: ClockResponder(),
    "deeds": lambda config, engines, house: DeedsResponder(),
    "model": lambda config, engines, house: ModelResponder(engines.generation, config.llm),
}
"""The names that `answers.order` knows, besides `module:factory`."""


TOPIC_S = 120.0
"""Seconds for which a room remembers what was talked about: "make it ten"."""


class Responders:
    """Asks `responders` in order. One that fails is passed over, with a line in the log."""

    def __init__(self, responders: Sequence[Responder]) -> None:
        self._responders = tuple(responders)

    @property
    def names(self) -> list[str]:
        return [responder.name for responder in self._responders]

    async def answer(self, question: Question) -> Answer:
        """Return the answer of the first that has one. Raises `AssistantError` (`answers.none`) when none has."""
        for responder in self._responders:
            try:
                answer = await responder.answer(question)
            except Exception as error:  # whatever a responder does, the next one can answer
                log.warning("%s cannot answer: %s: %s", responder.name, type(error).__name__, error)
                continue
            if answer is not None:
                return replace(answer, parts=partial(_parts, responder.name, answer))
        names = ", ".join(self.names)
        raise AssistantError(Code.ANSWERS_NONE, f"none of {names} has an answer; add `model` to answers.order")

    async def read(self, question: Question) -> None:
        """Let each prepare for a question that probably begins like this.

        A failure is only logged: the answer will meet it again.
        """
        for responder in self._responders:
            try:
                await responder.read(question)
            except Exception as error:
                log.debug("%s cannot read ahead: %s: %s", responder.name, type(error).__name__, error)


def build_responders(config: Config, engines: Engines, house: House) -> Responders:
    """Build the responders of `answers.order`, which act on `house`. Raises `AssistantError` (`config.invalid`)."""
    return Responders([_build(name, config, engines, house) for name in config.answers.order])


async def _parts(name: str, answer: Answer) -> AsyncGenerator[Part, None]:
    """Yield the parts of an answer of the responder `name`; a defect of it is raised as `answers.failed`."""
    async with aclosing(answer.parts()) as parts:
        try:
            async for part in parts:
                yield part
        except AssistantError:
            raise
        except Exception as error:  # a defect of a responder is not the end of the daemon
            log.exception("%s failed", name)
            raise AssistantError(Code.ANSWERS_FAILED, f"{name}: {type(error).__name__}: {error}") from error


def _build(name: str, config: Config, engines: Engines, house: House) -> Responder:
    if name in BUILT_IN:
        return BUILT_IN[name](config, engines, house)
    factory = _factory(name)
    try:
        return factory(config, engines)
    except AssistantError:
        raise
    except Exception as error:
        raise AssistantError(
            Code.CONFIG_INVALID, f"answers.order: {name!r} makes no responder: {type(error).__name__}: {error}"
        ) from error


def _factory(name: str) -> Factory:
    module, colon, attribute = name.partition(":")
    if not colon:
        raise AssistantError(
            Code.CONFIG_INVALID,
            f"answers.order: {name!r} is none of {', '.join(BUILT_IN)}, nor the module:factory of a responder of yours",
        )
    try:
        factory: Factory = getattr(importlib.import_module(module), attribute)
    except Exception as error:  # a module from elsewhere may raise anything
        raise AssistantError(Code.CONFIG_INVALID, f"answers.order: {name!r} cannot be loaded: {error}") from error
    return factory
