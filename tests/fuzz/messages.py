"""Messages: lines of the socket, Wyoming events, configurations, and what a model server sends."""

import asyncio

from assistant.config import file as config_file
from assistant.errors import AssistantError, Code
from assistant.interfaces.ipc import rpc
from assistant.interfaces.ipc.methods import METHODS
from assistant.interfaces.wyoming.wire import Wire
from assistant.llm.openai_stream import EventReader, ReplyParser, UnusableError
from tests.interfaces.wyoming.test_wire import Bytes

LOOP = asyncio.new_event_loop()


def fuzz_rpc(data: bytes) -> None:
    """A line of the socket: a request whose parameters are taken or refused, or an error that can be told."""
    try:
        request = rpc.parse(data)
        for method in METHODS.values():
            try:
                rpc.read_params(request, method.params)
            except AssistantError as error:
                rpc.failure(None, error)
    except rpc.InvalidMessage as error:
        rpc.failure(error.id, error)


def fuzz_wyoming(data: bytes) -> None:
    """A connection of a Wyoming client: events, an error, or the end."""
    LOOP.run_until_complete(_read(data))


async def _read(data: bytes) -> None:
    wire = Wire(Bytes(data))
    try:
        while (event := await wire.read()) is not None:
            assert isinstance(event.data, dict)
    except AssistantError as error:
        if error.code is not Code.WYOMING_MALFORMED:
            raise


def fuzz_config(data: bytes) -> None:
    """A configuration, which is taken, or refused in one line."""
    try:
        config_file.parse(data.decode("utf-8", "replace"), "config.yaml")
    except AssistantError as error:
        if error.code is not Code.CONFIG_INVALID or "\n" in error.message:
            raise


def fuzz_openai(data: bytes) -> None:
    """What a server sends for a reply: words, or an error."""
    reader, parser = EventReader(), ReplyParser()
    try:
        for part in (data[: len(data) // 2], data[len(data) // 2 :]):
            for event in reader.feed(part):
                parser.take(event).encode()
        for event in reader.end():
            parser.take(event)
        parser.end()
    except UnusableError as error:
        str(error).encode()
