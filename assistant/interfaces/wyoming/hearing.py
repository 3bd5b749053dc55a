"""The sound of one request: a microphone's, until it turns out to be a recording."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, closing

import anyio
import msgspec
import numpy as np

from assistant.answers.history import History
from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.audio.simulated.nowhere import Nowhere
from assistant.audio.simulated.remote import RemoteMicrophone
from assistant.config.schema import Config, Wake
from assistant.dialogue.listening.dictation import Dictated, Dictation
from assistant.dialogue.turn.request import SpokenRequest
from assistant.flow import Flow
from assistant.interfaces.base import Host
from assistant.interfaces.wyoming.waking import is_call

AHEAD_S = 1.5
"""Seconds of sound that may come before they can have been spoken: what a client holds back while it connects. More is
a recording, whose end the client tells; one that is sent at once is ahead long before a word of it is recognised."""


class Hearing:
    """Recognises what arrives from one client; one object a request."""

    def __init__(
        self, host: Host, language: str | None, arriving: Flow[Samples], on_text: Callable[[str], None]
    ) -> None:
        """`language` None detects it. `on_text` gets the words that do not change any more, as they grow."""
        self._host = host
        self._language = language
        self._arriving = arriving
        self._on_text = on_text
        self._kept: list[Samples] = []
        """What has come from the microphone, which may be a recording."""
        self._found: Dictated | None = None

    async def run(self) -> Dictated:
        """Return what was said in the request, or the recording. Raises `AssistantError` (`asr.failed`)."""
        if self._host.config.wyoming.ends_turns:
            async with anyio.create_task_group() as tasks:
                microphone = RemoteMicrophone(lambda: True, "wyoming")
                tasks.start_soon(self._listen, microphone, tasks.cancel_scope)
                await self._fill(microphone)
                tasks.cancel_scope.cancel()
        return self._found or await self._dictate()

    async def _fill(self, microphone: RemoteMicrophone) -> None:
        """Hand what arrives to `microphone`; return when it is a recording: it has ended, or comes too fast."""
        began_at, length = anyio.current_time(), 0
        async with aclosing(self._arriving.batches()) as batches:
            async for batch in batches:
                if not self._kept:
                    began_at = anyio.current_time()
                self._kept += batch
                length += sum(map(len, batch))
                if length / LISTENING_RATE > anyio.current_time() - began_at + AHEAD_S:
                    return
                microphone.put(np.concatenate(batch))

    async def _listen(self, microphone: RemoteMicrophone, over: anyio.CancelScope) -> None:
        """Hear one request on `microphone`, and end everything `over` then."""
        config = self._config
        wake = Wake() if config.wake == "none" else config.wake
        detectors = await self._host.engines.detectors(None)
        request = SpokenRequest(
            self._host.rooms.shared.context("wyoming", config, History(), Nowhere(), lambda event: None),
            detectors.activity,
            listen_s=wake.listen_s,
            on_text=self._on_text,
            is_call=lambda text: is_call(text, config),
        )
        with closing(detectors):
            async with aclosing(microphone.blocks()) as blocks:
                self._found = await request.take(blocks)
        over.cancel()

    @property
    def _config(self) -> Config:
        config = self._host.config
        if self._language is None:
            return config
        return msgspec.structs.replace(config, asr=msgspec.structs.replace(config.asr, language=self._language))

    async def _dictate(self) -> Dictated:
        detectors = await self._host.engines.detectors(None)
        interval_s = self._host.config.asr.partial_interval_ms / 1000
        dictation = Dictation(self._host.engines.recognition, detectors.activity, self._language, interval_s)
        async with aclosing(self._all()) as audio:
            return await dictation.take(audio, lambda stable, tentative: self._on_text(stable))

    async def _all(self) -> AsyncGenerator[Samples, None]:
        while self._kept:
            yield self._kept.pop(0)
        async with aclosing(self._arriving.items()) as arriving:
            async for samples in arriving:
                yield samples
