"""A daemon whose event loop runs in another thread, for clients that block."""

import os
import threading
from contextlib import AsyncExitStack, closing
from pathlib import Path

import anyio
import anyio.from_thread

from assistant.client import Client
from assistant.testing.scripted import ScriptedEars, ScriptedLoudspeaker
from tests.interfaces.ipc.served import served

ANSWER = "It is noon, I think. Or later."


class Background:
    """Runs between `start` and `end`."""

    def __init__(self, folder: Path, *other_rooms: str) -> None:
        """`other_rooms` are open beside that of the machine."""
        self._other_rooms = other_rooms
        self.path = folder / "a.sock"
        self._folder = folder
        self._ready = threading.Event()
        self._thread = threading.Thread(target=anyio.run, args=(self._serve,))

    async def _serve(self) -> None:
        async with served(self._folder) as self.daemon, AsyncExitStack() as rooms:
            for name in self._other_rooms:
                ears = rooms.enter_context(closing(ScriptedEars()))
                await rooms.enter_async_context(self.daemon.stage.rooms.open(name, ears, ScriptedLoudspeaker()))
            self._ready.set()
            await self.daemon.ended.wait()

    def start(self) -> None:
        self._thread.start()
        self._ready.wait()

    def end(self) -> None:
        with Client(self.path) as client:
            client.call("shutdown")
        self._thread.join()


def environment(path: Path) -> dict[str, str]:
    """Of a program that talks to the daemon at `path`."""
    return os.environ | {"ASSISTANT_SOCKET": str(path)}
