"""The connection of one client: its messages one after another, its requests under way, its outbox."""

import logging
import os
import select
from collections.abc import Callable, Collection, Mapping
from contextlib import nullcontext

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup
from msgspec import UNSET, UnsetType

from assistant.errors import AssistantError, Code
from assistant.flow import Signal
from assistant.interfaces.ipc import rpc
from assistant.interfaces.ipc.access import Right
from assistant.interfaces.ipc.call import Call, Context
from assistant.interfaces.ipc.method import BoundHandler, Method
from assistant.interfaces.ipc.outbox import Outbox
from assistant.interfaces.ipc.recordings import Recording
from assistant.interfaces.ipc.rpc import Id, InvalidMessage, Request
from assistant.interfaces.net.stream import MAX_FILES, SocketStream, close_all, discard

log = logging.getLogger(__name__)

MAX_MESSAGE_BYTES = 262_144
"""Bytes of one message: 6 s of audio in base64, far more text than an announcement has."""

MAX_UNDER_WAY = 16
"""Requests of one client that are at work at a time."""

UNFINISHED_S = 30.0
"""Seconds that a client has to finish a message that it has begun, or the connection is closed."""

STUCK_S = 30.0
"""Seconds that a client has to read what is written, or the connection is closed."""

HANG_UP_S = 0.1
"""Seconds between two looks at whether a client that sends nothing more still reads."""

LAST_ANSWER_S = 1.0
"""Seconds that a client has to read its last answer before the daemon ends."""


class Connection:
    """Everything that the client asked for ends with `serve`."""

    def __init__(
        self,
        stream: SocketStream,
        right: Right,
        methods: Mapping[str, Method],
        context: Context,
        *,
        asker: str,
    ) -> None:
        """`right` is what the client may do, `asker` who it is."""
        self.asker = asker
        self.outbox = Outbox()
        self.wanted: Collection[str] = frozenset()
        self._recordings: dict[Id, Recording] = {}
        self._stream = stream
        self._right = right
        self._methods = methods
        self._context = context
        self._under_way: dict[Id, anyio.CancelScope] = {}
        self._unnamed = 0
        self._is_idle = Signal()
        self._files: list[int] = []
        self._tasks: TaskGroup

    async def serve(self) -> None:
        """Serve the client until it has gone. Never raises for anything that the client does."""
        try:
            async with anyio.create_task_group() as self._tasks:
                self._tasks.start_soon(self._write)
                await self._read()
                await self._finish()
        except* anyio.BrokenResourceError:
            pass  # it has gone
        finally:
            self._context.hub.remove(self)
            close_all(self._files)

    def subscribe(self, wanted: Collection[str]) -> None:
        """Send the events with these names from now on, and no others."""
        self.wanted = wanted
        if wanted:
            self._context.hub.add(self)
        else:
            self._context.hub.remove(self)

    def send_event(self, line: bytes) -> bool:
        """Take a notification; whether another had to be dropped for it."""
        return self.outbox.event(line)

    def cancel(self, request: Id) -> bool:
        """Give up a request; whether it was under way."""
        scope = self._under_way.get(request)
        if scope is not None:
            scope.cancel()
        return scope is not None

    def begin_recording(self, request: Id) -> Recording:
        """Take chunks for the request from now on, until it ends."""
        return self._recordings.setdefault(request, Recording(self._context.allowance))

    def recording(self, request: Id) -> Recording:
        """The recording that a request takes chunks for.

        Raises `AssistantError` (`ipc.invalid_params`) if there is no such request.
        """
        if request not in self._recordings:
            raise AssistantError(Code.IPC_INVALID_PARAMS, f"no `transcribe` {request!r} waits for chunks")
        return self._recordings[request]

    def after_answer(self, callback: Callable[[], None]) -> None:
        """Call `callback` once everything has been written, the answer to the present request included."""
        self._tasks.start_soon(self._call_last, callback)

    async def _read(self) -> None:
        """Read messages until there are no more, or one that ends the connection."""
        rest, begun_at = b"", 0.0
        while True:
            try:
                with anyio.fail_after(begun_at + UNFINISHED_S - anyio.current_time()) if rest else nullcontext():
                    received, files = await self._stream.receive_files()
            except anyio.EndOfStream:
                if rest.strip():
                    await self._message(rest)  # without its line end: half a message is no JSON
                return
            except TimeoutError:
                self._refuse(Code.IPC_MALFORMED, f"the message was not finished within {UNFINISHED_S:.0f} s")
                return
            self._keep(files)
            if not rest or b"\n" in received:
                begun_at = anyio.current_time()
            *lines, rest = (rest + received).split(b"\n")
            for line in lines:
                if len(line) <= MAX_MESSAGE_BYTES and line.strip():
                    await self._message(line)
            if max(map(len, [rest, *lines])) > MAX_MESSAGE_BYTES:
                reason = f"a message has at most {MAX_MESSAGE_BYTES} bytes, and ends with a newline"
                self._refuse(Code.IPC_TOO_LONG, reason)
                await discard(self._stream)
                return

    async def _message(self, line: bytes) -> None:
        files, self._files = self._files, []
        try:
            request = rpc.parse(line)
        except InvalidMessage as error:
            self._count("none", error.code)
            self.outbox.answer(rpc.failure(error.id, error))
            close_all(files)
        else:
            await self._begin(request, Call(self._context, self, request.id, files))
        await self.outbox.room()
        await anyio.lowlevel.checkpoint()  # thousands of messages may have come at once

    async def _begin(self, request: Request, call: Call) -> None:
        """Carry `request` out, in a task of its own if that takes time."""
        try:
            method = self._method(request)
            handle = method.bind(request)
            if method.takes_time:
                self._check_room(request)
        except AssistantError as error:
            call.close_files()
            self._failed(self._methods.get(request.method), request.id, error)
            return
        if method.takes_time:
            name = self._name(request.id)
            self._under_way[name] = anyio.CancelScope()
            self._tasks.start_soon(self._carry_out_named, name, method, handle, call)
        else:
            await self._carry_out(method, handle, call)

    def _method(self, request: Request) -> Method:
        method = self._methods.get(request.method)
        if method is None:
            known = ", ".join(self._methods)
            raise AssistantError(Code.IPC_UNKNOWN_METHOD, f"there is no method {request.method[:80]!r}, only {known}")
        if self._right < method.right:
            raise AssistantError(
                Code.IPC_FORBIDDEN,
                f"{method.name}: you may only read; ipc.control in the configuration names who may control",
            )
        return method

    def _check_room(self, request: Request) -> None:
        if len(self._under_way) >= MAX_UNDER_WAY:
            raise AssistantError(Code.IPC_BUSY, f"{MAX_UNDER_WAY} requests of this client are under way already")
        if request.id is not UNSET and request.id in self._under_way:
            raise AssistantError(Code.IPC_INVALID_REQUEST, f"a request with the id {request.id!r} is under way already")

    def _name(self, id: Id | UnsetType) -> Id:
        """The name of a request while it is under way; one without an id gets a name that no id is."""
        if id is not UNSET:
            return id
        self._unnamed += 1
        return f"\0{self._unnamed}"

    async def _carry_out_named(self, name: Id, method: Method, handle: BoundHandler, call: Call) -> None:
        """Carry out a request that is under way as `name`, and answer also when it is given up."""
        try:
            with self._under_way[name] as scope:
                await self._carry_out(method, handle, call)
        finally:
            if (recording := self._recordings.pop(name, None)) is not None:
                recording.close()
        del self._under_way[name]
        if scope.cancelled_caught:
            self._failed(method, call.id, AssistantError(Code.IPC_CANCELLED, f"{method.name} was given up"))
        if not self._under_way:
            self._is_idle.notify()

    async def _carry_out(self, method: Method, handle: BoundHandler, call: Call) -> None:
        try:
            value = await handle(call)
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

    def _count(self, method: str, result: str) -> None:
        self._context.host.count_request(method, result)

    def _refuse(self, code: Code, message: str) -> None:
        """Say why the connection is closed."""
        self._count("none", code)
        self.outbox.answer(rpc.failure(None, AssistantError(code, message)))

    async def _finish(self) -> None:
        """Write what a client that sends nothing more has asked for, as long as it reads."""
        while (self._under_way or self.wanted) and not self._has_hung_up():
            with anyio.move_on_after(HANG_UP_S):
                await self._is_idle.wait()
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

    async def _call_last(self, callback: Callable[[], None]) -> None:
        with anyio.move_on_after(LAST_ANSWER_S):
            await self.outbox.written()
        callback()

    def _keep(self, files: list[int]) -> None:
        """Remember files for the message that they came with."""
        self._files += files
        while len(self._files) > MAX_FILES:
            os.close(self._files.pop(0))
