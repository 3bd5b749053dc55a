"""What a method of the socket is: its parameters, its result, who may call it, and the function that carries it out."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar

from msgspec import Meta, Struct

from assistant.interfaces.ipc import rpc
from assistant.interfaces.ipc.access import Right
from assistant.interfaces.ipc.call import Call
from assistant.interfaces.ipc.rpc import Request

MAX_TEXT = 8000
"""Characters of a question or an announcement: ten minutes of speech."""

Text = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT)]
Room = Annotated[
    str, Meta(max_length=80, description="Name of a room; empty for the one of this machine, or the only one.")
]


class Params(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parameters of a method; its docstring says what the method does."""


class Done(Struct, frozen=True):
    """Nothing more to tell."""


P = TypeVar("P", bound=Params)
R = TypeVar("R", bound=Struct)

Handler = Callable[[P, Call], Awaitable[R]]
"""Carries a method out. Raises `AssistantError`, which is the answer then."""

BoundHandler = Callable[[Call], Awaitable[Struct]]
"""A handler that has its parameters already."""


@dataclass(frozen=True, slots=True)
class Method:
    """A method of the socket; made by `method`."""

    name: str
    right: Right
    params: type[Params]
    result: type[Struct]
    bind: Callable[[Request], BoundHandler]
    """Reads the parameters of a request. Raises `AssistantError` (`ipc.invalid_params`)."""
    takes_time: bool
    """It may take long; others are carried out meanwhile, and it can be cancelled."""
    notifications: tuple[tuple[str, type[Struct]], ...]
    """What is sent while it is at work: names and parameters."""

    @property
    def doc(self) -> str:
        """What it does, in one line."""
        return " ".join((self.params.__doc__ or "").split())


def method(
    name: str,
    right: Right,
    params: type[P],
    result: type[R],
    *,
    takes_time: bool = False,
    notifications: tuple[tuple[str, type[Struct]], ...] = (),
) -> Callable[[Handler[P, R]], Method]:
    """Make a method of the function below, which then stands for the method. The fields are those of `Method`."""

    def made(handle: Handler[P, R]) -> Method:
        def bind(request: Request) -> BoundHandler:
            given = rpc.read_params(request, params)
            return lambda call: handle(given, call)

        return Method(name, right, params, result, bind, takes_time, notifications)

    return made
