"""One client: its messages one after another, its requests under way, its outbox."""

import logging
import os
import select
from collections.abc import Awaitable, Callable, Collection
from contextlib import nullcontext
from typing import Any, Protocol

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup
from msgspec import UNSET, Struct, UnsetType

from assistant.errors import AssistantError, Code
from assistant.interfaces.ipc import rpc
from assistant.interfaces.ipc.access import Right
from assistant.interfaces.ipc.hub import EventHub
from assistant.interfaces.ipc.methods import METHODS, Method
from assistant.interfaces.ipc.outbox import Outbox
from assistant.interfaces.ipc.recordings import Recording
from assistant.interfaces.ipc.rpc import Id, InvalidMessage, Request
from assistant.interfaces.net.stream import MOST_FILES, Connected, close_all, discard

log = logging.getLogger(__name__)

MOST_BYTES = 262_144
"""Bytes of one message: 6 s of audio in base64, more text than anybody says."""

MOST_UNDER_WAY = 16
"""Requests of one client that are at work at a time."""

UNFINISHED_S = 30.0
"""The rest of a message comes within this time of its beginning, or the connection is closed."""

STUCK_S = 30.0
"""A client takes what is written within this time, or the connection is closed."""

HANG_UP_S = 0.1
"""How often it is looked whether a client that sends nothing more still reads."""

LAST_WORDS_S = 1.0
"""A client that does not take its last answer in this time does without."""


class Call:
    """What a method knows of the request that it carries out."""

    def __init__(self, connection: "Connection", id: Id | UnsetType, files: list[int]) -> None:
        self.connection = connection
        self.id = id
        self._files = files

    def delta(self, text: str) -> None:
        """Send the next piece of a streamed answer; returns at once. A notification has nobody to send it to."""
        if self.id is not UNSET:
            self.connection.outbox.delta(self.id, text)

    def notify(self, method: str, params: Struct) -> None:
        """Send the latest about the request, if it has an id; what still waits is replaced."""
        if self.id is not UNSET:
            self.connection.outbox.latest(self.id, rpc.notification(method, params))

    def take_file(self) -> int | None:
        """The next file descriptor that came with the request, from now on the caller's to close."""
        return self._files.pop(0) if self._files else None

    def close_files(self) -> None:
        """Close what nobody took."""
        close_all(self._files)


class Handlers(Protocol):
    """Carries methods out."""

    def handler(self, method: Method) -> Callable[[Any, Call], Awaitable[Struct]]:
        """What carries `method` out: takes its parameters, returns its result, raises `AssistantError`."""


class Connection:
    """Lives as long as `serve`; everything that the client asked for ends with it."""

    def __init__(
        self,
        stream: Connected,
        right: Right,
        handlers: Handlers,
        hub: EventHub,
        count: Callable[[str, str], None],
    ) -> None:
        """`count` is told the method and the result (ok or an error's code) of each request."""
        self.outbox = Outbox()
        self.wanted: Collection[str] = frozenset()
        self._recordings: dict[Id, Recording] = {}
        self._stream = stream
        self._right = right
        self._handlers = handlers
        self._hub = hub
        self._count = count
        self._under_way: dict[Id, anyio.CancelScope] = {}
        self._unnamed = 0
        self._idle = anyio.Event()
        self._files: list[int] = []
        self._tasks: TaskGroup

    async def serve(self) -> None:
        """Until the client has gone. Never raises for anything that the client does."""
        try:
            async with anyio.create_task_group() as self._tasks:
                self._tasks.start_soon(self._write)
                await self._read()
                await self._see_off()
        except* anyio.BrokenResourceError:
            pass  # it has gone
        finally:
            self._hub.remove(self)
            close_all(self._files)

    def subscribe(self, wanted: Collection[str]) -> None:
        """Send these events from now on, and no others."""
        self.wanted = wanted
        if wanted:
            self._hub.add(self)
        else:
            self._hub.remove(self)

    def tell(self, line: bytes) -> bool:
        return self.outbox.event(line)

    def cancel(self, request: Id) -> bool:
        """Give up a request; whether it was under way."""
        scope = self._under_way.get(request)
        if scope is not None:
            scope.cancel()
        return scope is not None

    def recording(self, request: Id) -> Recording:
        """What is sent for a `transcribe` request. Raises `AssistantError` (`ipc.invalid_params`) if there is none."""
        if request not in self._under_way:
            raise AssistantError(Code.IPC_INVALID_PARAMS, f"no `transcribe` {request!r} waits for chunks")
        return self._recordings.setdefault(request, Recording())

    def finally_do(self, act: Callable[[], None]) -> None:
        """Do `act` once everything has been written, the answer to the present request included."""
        self._tasks.start_soon(self._do_last, act)

    async def _read(self) -> None:
        """Messages until there are no more, or one that ends the connection."""
        rest = b""
        while True:
            try:
                with anyio.fail_after(UNFINISHED_S) if rest else nullcontext():
                    received, files = await self._stream.receive_files()
            except anyio.EndOfStream:
                if rest.strip():
                    self._refuse(Code.IPC_MALFORMED, "the connection was closed in the middle of a message")
                return
            except TimeoutError:
                self._refuse(Code.IPC_MALFORMED, f"the message was not finished within {UNFINISHED_S:.0f} s")
                return
            self._keep(files)
            *lines, rest = (rest + received).split(b"\n")
            for line in lines:
                if len(line) <= MOST_BYTES and line.strip():
                    await self._message(line)
            if max(map(len, [rest, *lines])) > MOST_BYTES:
                self._refuse(Code.IPC_TOO_LONG, f"a message has at most {MOST_BYTES} bytes, and ends with a newline")
                await discard(self._stream)
                return

    async def _message(self, line: bytes) -> None:
        files, self._files = self._files, []
        try:
            request = rpc.parse(line)
        except InvalidMessage as error:
            self._count("none", error.code)
            self.outbox.answer(rpc.failure(error.id, error))
            Call(self, None, files).close_files()
        else:
            await self._begin(request, Call(self, request.id, files))
        await self.outbox.room()
        await anyio.lowlevel.checkpoint()  # thousands of messages may have come at once

    async def _begin(self, request: Request, call: Call) -> None:
        """Carry `request` out, in a task of its own if that takes time."""
        try:
            method = self._method(request)
            params = rpc.read_params(request, method.params)
            if method.takes_time:
                self._check_room(request)
        except AssistantError as error:
            call.close_files()
            self._failed(METHODS.get(request.method), request.id, error)
            return
        if method.takes_time:
            scope = anyio.CancelScope()
            self._under_way[self._name(request.id)] = scope
            self._tasks.start_soon(self._carry_out_within, scope, method, params, call)
        else:
            await self._carry_out(method, params, call)

    def _method(self, request: Request) -> Method:
        method = METHODS.get(request.method)
        if method is None:
            known = ", ".join(METHODS)
            raise AssistantError(Code.IPC_UNKNOWN_METHOD, f"there is no method {request.method[:80]!r}, only {known}")
        if self._right < method.right:
            raise AssistantError(
                Code.IPC_FORBIDDEN,
                f"{method.name}: you may only read; ipc.control in the configuration names who may control",
            )
        return method

    def _check_room(self, request: Request) -> None:
        if len(self._under_way) >= MOST_UNDER_WAY:
            raise AssistantError(Code.IPC_BUSY, f"{MOST_UNDER_WAY} requests of this client are under way already")
        if request.id is not UNSET and request.id in self._under_way:
            raise AssistantError(Code.IPC_INVALID_REQUEST, f"a request with the id {request.id!r} is under way already")

    def _name(self, id: Id | UnsetType) -> Id:
        """What a request is called while it is under way; one without an id gets a name that no id is."""
        if id is not UNSET:
            return id
        self._unnamed += 1
        return f"\0{self._unnamed}"

    async def _carry_out_within(self, scope: anyio.CancelScope, method: Method, params: Struct, call: Call) -> None:
        name = next(name for name, other in self._under_way.items() if other is scope)
        with scope:
            await self._carry_out(method, params, call)
        del self._under_way[name]
        self._recordings.pop(name, None)
        if scope.cancelled_caught:
            self._failed(method, call.id, AssistantError(Code.IPC_CANCELLED, f"{method.name} was given up"))
        if not self._under_way:
            self._idle.set()

    async def _carry_out(self, method: Method, params: Struct, call: Call) -> None:
        try:
            value = await self._handlers.handler(method)(params, call)
        except AssistantError as error:
            self._failed(method, call.id, error)
        except Exception:
            log.exception("ipc: %s failed", method.name)  # a defect; the conversation has nothing to do with it
            self._failed(method, call.id, AssistantError(Code.IPC_INTERNAL, f"{method.name}: see the daemon's log"))
        else:
            self._count(method.name, "ok")
            if call.id is not UNSET:
                self.outbox.answer(rpc.result(call.id, value))
        finally:
            call.close_files()

    def _failed(self, method: Method | None, id: Id | UnsetType, error: AssistantError) -> None:
        self._count(method.name if method is not None else "none", error.code)
        if id is not UNSET:
            self.outbox.answer(rpc.failure(id, error))

    def _refuse(self, code: Code, message: str) -> None:
        """Say why the connection is closed."""
        self._count("none", code)
        self.outbox.answer(rpc.failure(None, AssistantError(code, message)))

    async def _see_off(self) -> None:
        """The client sends nothing more. As long as it reads it gets what it asked for."""
        while (self._under_way or self.wanted) and not self._has_hung_up():
            self._idle = anyio.Event()
            with anyio.move_on_after(HANG_UP_S):
                await self._idle.wait()
        for scope in self._under_way.values():
            scope.cancel()
        self.outbox.close()

    def _has_hung_up(self) -> bool:
        poll = select.poll()
        poll.register(self._stream.socket, 0)
        return any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll(0))

    async def _write(self) -> None:
        try:
            while lines := await self.outbox.take():
                with anyio.fail_after(STUCK_S):
                    await self._stream.send(lines)
                self.outbox.note_written()
        except TimeoutError:
            log.warning("ipc: a client reads nothing; its connection is closed")
        except anyio.BrokenResourceError:
            pass
        self._tasks.cancel_scope.cancel()

    async def _do_last(self, act: Callable[[], None]) -> None:
        with anyio.move_on_after(LAST_WORDS_S):
            await self.outbox.written()
        act()

    def _keep(self, files: list[int]) -> None:
        """Remember files for the message that they came with."""
        self._files += files
        while len(self._files) > MOST_FILES:
            os.close(self._files.pop(0))
