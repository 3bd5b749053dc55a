"""Conversations of clients in text: each a room without sound."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from functools import partial

import anyio
from wyoming.asr import Transcript
from wyoming.event import Event
from wyoming.handle import Handled, HandledChunk, HandledStart, HandledStop, NotHandled

from assistant.config.languages import code_of
from assistant.errors import single_error
from assistant.events import REFUSAL
from assistant.flow import Flow
from assistant.interfaces.base import Host
from assistant.interfaces.wyoming.checks import text_of
from assistant.interfaces.wyoming.jobs import Jobs
from assistant.interfaces.wyoming.wire import Send
from assistant.rooms.room import Room

ROOM = "wyoming"
"""What events call the rooms of these conversations."""

MAX_CONVERSATIONS = 32
"""Conversations of clients that are remembered; of more the one that was silent longest is forgotten."""


class Conversations:
    """What was said in each conversation of clients, by the name that they give it. Shared by all connections."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._rooms: OrderedDict[str, Room] = OrderedDict()

    async def answer(self, text: str, language: str, name: str | None, send: Send) -> None:
        """Send the answer to `text`, while it is being written and as a whole.

        A request for what cannot be done is not handled; clients would tell their users otherwise. `language` is ISO
        639-1, empty where it is not known. Raises `AssistantError`.
        """
        room = self._room(name)
        context = {"conversation_id": name} if name is not None else None
        await send(HandledStart(context=context).event())
        written: Flow[str] = Flow()  # a reply at most
        reply: list[str] = []
        is_refused = False

        async def ask() -> None:
            nonlocal is_refused
            try:
                done = await room.ask(text, aloud=False, written=written.put, asker=ROOM, language=language)
                is_refused = done.provenance is not None and done.provenance.kind == REFUSAL
            finally:
                written.end()

        with single_error():
            async with anyio.create_task_group() as tasks, aclosing(written.items()) as pieces:
                tasks.start_soon(ask)
                async for piece in pieces:
                    reply.append(piece)
                    await send(HandledChunk(piece).event())
        kind = NotHandled if is_refused else Handled
        await send(kind(text="".join(reply), context=context).event())
        await send(HandledStop().event())

    def _room(self, name: str | None) -> Room:
        config = self._host.config
        room = self._rooms.pop(name, None) if name is not None else None
        if room is None:
            room = Room(ROOM, self._host.rooms.shared, config, None, remembers=False)
        room.configure(config)
        if name is not None:
            self._rooms[name] = room
            while len(self._rooms) > MAX_CONVERSATIONS:
                self._rooms.popitem(last=False)
        return room


class ConversationService:
    """Answers the texts of one client."""

    def __init__(self, conversations: Conversations, jobs: Jobs, send: Send) -> None:
        self._conversations = conversations
        self._jobs = jobs
        self._send = send

    @property
    def handlers(self) -> dict[str, Callable[[Event], Awaitable[None]]]:
        return {"transcript": self._transcript}

    async def _transcript(self, event: Event) -> None:
        asked = Transcript.from_event(event)
        name = (asked.context or {}).get("conversation_id")
        conversation = None if name is None else text_of(name)
        language = code_of(text_of(asked.language)) if asked.language else ""
        await self._jobs.clear("conversation", unfinished=False)
        self._jobs.start(
            "conversation", partial(self._conversations.answer, text_of(asked.text), language, conversation, self._send)
        )
