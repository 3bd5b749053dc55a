"""What the methods do, on the parts of a running daemon."""

import logging
import os
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

from anyio import TASK_STATUS_IGNORED
from anyio.abc import TaskStatus
from msgspec import UNSET, Struct

from assistant import __version__, blocking
from assistant.app.running import Running
from assistant.config.schema import Ipc
from assistant.dialogue.listening.dictation import Dictation, Told
from assistant.dialogue.speaking.cue import Priority
from assistant.dialogue.turn.end import End
from assistant.errors import AssistantError, Code
from assistant.host.process import seconds_since_start
from assistant.interfaces.ipc import methods
from assistant.interfaces.ipc.access import Access
from assistant.interfaces.ipc.connection import Call
from assistant.interfaces.ipc.hub import USUAL, names
from assistant.interfaces.ipc.methods import Method
from assistant.interfaces.ipc.recordings import bare, decoded, from_descriptor
from assistant.interfaces.ipc.server import IpcServer
from assistant.vad.silero import Silero

log = logging.getLogger(__name__)


MOST_TRANSCRIPTIONS = 8
"""Recordings of all clients together that are received and recognised at a time; each may take 64 MiB."""


class Service:
    """The handlers: each has the name of its method, with an underscore for the dot."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._socket = ""
        self._who: tuple[Ipc, Access] | None = None
        self._transcriptions = 0
        self._server = IpcServer(
            self,
            self._access,
            running.hub,
            max_clients=running.config.ipc.max_clients,
            count=running.metrics.count_request,
        )

    @property
    def clients(self) -> int:
        """Connections that are open."""
        return self._server.clients

    @property
    def dropped(self) -> int:
        """Events that did not reach a client because it read too slowly."""
        return self._running.hub.dropped

    async def serve(self, listener: socket.socket, *, task_status: TaskStatus[None] = TASK_STATUS_IGNORED) -> None:
        """Answer whoever connects to `listener`, until it is cancelled."""
        self._socket = str(listener.getsockname())
        await self._server.serve(listener, task_status=task_status)

    def _access(self) -> Access:
        """As the configuration has it by now; names are looked up once."""
        ipc = self._running.config.ipc
        if self._who is None or self._who[0] is not ipc:
            self._who = ipc, Access(ipc.control, ipc.read)
        return self._who[1]

    def handler(self, method: Method) -> Callable[[Any, Call], Awaitable[Struct]]:
        found: Callable[[Any, Call], Awaitable[Struct]] = getattr(self, method.name.replace(".", "_"))
        return found

    async def status(self, params: methods.Status, call: Call) -> methods.StatusResult:
        running = self._running
        conversation, wake = running.conversation, running.config.wake
        return methods.StatusResult(
            state=conversation.state,
            version=__version__,
            pid=os.getpid(),
            uptime_s=round(seconds_since_start(), 1),
            turn=conversation.turns,
            waiting=conversation.waiting,
            muted=conversation.is_muted,
            volume=running.volume.level,
            microphone=running.microphone.name,
            loudspeaker=running.loudspeaker.name,
            echo_free=conversation.echo_free,
            wake_words=[] if wake == "none" else list(wake.words),
            models=running.engines.names,
            devices=running.engines.devices,
            clients=self.clients,
            socket=self._socket,
        )

    async def ask(self, params: methods.Ask, call: Call) -> methods.AskResult:
        def written(text: str) -> None:
            if params.stream:
                call.delta(text)

        turn = await self._running.conversation.ask(params.text, aloud=params.speak, written=written)
        if turn.end == End.INTERRUPTED and not turn.heard:
            raise AssistantError(Code.IPC_CANCELLED, "the answer was stopped before it could be heard")
        return methods.AskResult(reply=turn.reply, turn=turn)

    async def say(self, params: methods.Say, call: Call) -> methods.SayResult:
        priority = Priority[params.priority.upper()]
        said = await self._running.conversation.say(params.text, priority=priority, interrupt=params.interrupt)
        return methods.SayResult(heard=said.heard, complete=said.end == End.ANSWERED)

    async def listen(self, params: methods.Listen, call: Call) -> methods.Done:
        self._running.conversation.wake()
        return methods.Done()

    async def stop(self, params: methods.Stop, call: Call) -> methods.StopResult:
        return methods.StopResult(stopped=self._running.conversation.stop(waiting=params.waiting))

    async def mute(self, params: methods.Mute, call: Call) -> methods.MuteResult:
        conversation = self._running.conversation
        if params.muted:
            conversation.mute()
        else:
            conversation.unmute()
        await self._running.keep("muted", conversation.is_muted)
        return methods.MuteResult(muted=conversation.is_muted)

    async def volume(self, params: methods.Volume, call: Call) -> methods.VolumeResult:
        if params.level is not None:
            self._running.volume.level = params.level
            await self._running.keep("volume", self._running.volume.saved)
        return methods.VolumeResult(volume=self._running.volume.level)

    async def transcribe(self, params: methods.Transcribe, call: Call) -> methods.TranscribeResult:
        def told(stable: str, tentative: str) -> None:
            if call.id is not UNSET:
                call.notify("transcribe.partial", methods.TranscribePartial(call.id, stable, tentative))

        if self._transcriptions >= MOST_TRANSCRIPTIONS:
            raise AssistantError(Code.IPC_BUSY, f"{MOST_TRANSCRIPTIONS} recordings are being recognised already")
        self._transcriptions += 1
        try:
            return await self._transcribe(params, call, told if params.stream else None)
        finally:
            self._transcriptions -= 1

    async def _transcribe(self, params: methods.Transcribe, call: Call, told: Told | None) -> methods.TranscribeResult:
        asr = self._running.config.asr
        language = params.language or asr.given_language
        chunks = self._recording(params, call)
        audio = bare(chunks, params.rate) if params.encoding == "s16le" else decoded(chunks)
        async with aclosing(chunks), aclosing(audio):
            activity = await blocking.call(lambda stop: Silero(), name="loading")
            dictation = Dictation(self._running.engines, activity, language, asr.partial_interval_ms / 1000)
            found = await dictation.take(audio, told)
        return methods.TranscribeResult(found.text, found.language, found.audio_s)

    async def transcribe_chunk(self, params: methods.TranscribeChunk, call: Call) -> methods.TranscribeChunkResult:
        recording = call.connection.recording(params.request)
        recording.add(params.audio)
        if params.last:
            recording.end()
        return methods.TranscribeChunkResult(len(params.audio))

    def _recording(self, params: methods.Transcribe, call: Call) -> AsyncGenerator[bytes, None]:
        """The bytes of the recording that `call` is about."""
        if params.source == "file_descriptor":
            file = call.take_file()
            if file is None:
                raise AssistantError(Code.IPC_INVALID_PARAMS, "transcribe: no file descriptor came with the request")
            return from_descriptor(file)
        if call.id is UNSET:
            raise AssistantError(Code.IPC_INVALID_PARAMS, "transcribe: chunks need a request with an id")
        return call.connection.recording(call.id).chunks()

    async def subscribe(self, params: methods.Subscribe, call: Call) -> methods.SubscribeResult:
        wanted = USUAL if params.events is None else frozenset(params.events)
        if unknown := sorted(wanted - set(names())):
            known = ", ".join(names())
            raise AssistantError(Code.IPC_INVALID_PARAMS, f"subscribe: there is no event {unknown[0]!r}, only {known}")
        call.connection.subscribe(wanted)
        return methods.SubscribeResult(events=sorted(wanted))

    async def history_get(self, params: methods.HistoryGet, call: Call) -> methods.HistoryGetResult:
        latest = self._running.history.exchanges[-params.limit :]
        return methods.HistoryGetResult([methods.ExchangeResult(one.said, one.heard) for one in latest])

    async def history_clear(self, params: methods.HistoryClear, call: Call) -> methods.HistoryClearResult:
        forgotten = await self._running.forget()
        return methods.HistoryClearResult(forgotten)

    async def reload(self, params: methods.Reload, call: Call) -> methods.ReloadResult:
        applied, restart = await self._running.reconfigure()
        return methods.ReloadResult(applied, restart)

    async def metrics(self, params: methods.Metrics, call: Call) -> methods.MetricsResult:
        return methods.MetricsResult(self._running.metrics.text())

    async def cancel(self, params: methods.Cancel, call: Call) -> methods.CancelResult:
        return methods.CancelResult(call.connection.cancel(params.request))

    async def shutdown(self, params: methods.Shutdown, call: Call) -> methods.Done:
        call.connection.finally_do(self._running.end)
        return methods.Done()
