"""What was said before."""

from typing import Annotated

from msgspec import Meta, Struct

from assistant.interfaces.ipc.access import Right
from assistant.interfaces.ipc.call import Call
from assistant.interfaces.ipc.method import Params, Room, method


class HistoryGet(Params, frozen=True):
    """What was said before, oldest first, as far as the language model remembers it."""

    limit: Annotated[int, Meta(ge=1, le=1000, description="How many of the latest exchanges.")] = 100
    room: Room = ""


class ExchangeResult(Struct, frozen=True):
    said: str
    heard: str


class HistoryGetResult(Struct, frozen=True):
    exchanges: list[ExchangeResult]


@method("history.get", Right.READ, HistoryGet, HistoryGetResult)
async def history_get(params: HistoryGet, call: Call) -> HistoryGetResult:
    latest = call.host.rooms.get(params.room).memory.history.exchanges[-params.limit :]
    return HistoryGetResult([ExchangeResult(exchange.said, exchange.heard) for exchange in latest])


class HistoryClear(Params, frozen=True):
    """Forget what was said before."""

    room: Room = ""


class HistoryClearResult(Struct, frozen=True):
    forgotten: int


@method("history.clear", Right.CONTROL, HistoryClear, HistoryClearResult)
async def history_clear(params: HistoryClear, call: Call) -> HistoryClearResult:
    forgotten = await call.host.rooms.get(params.room).memory.forget()
    return HistoryClearResult(forgotten)
