"""JSON-RPC 2.0: what a line means, and the lines that answer it. Pure."""

from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from assistant.errors import AssistantError, Code

T = TypeVar("T", bound=Struct)

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""What some programs write before their first line of UTF-8."""

NULL = b"null"

Id = str | int | float | None
"""The name that the client gives a request."""

NUMBERS = {
    Code.IPC_MALFORMED: -32700,
    Code.IPC_INVALID_REQUEST: -32600,
    Code.IPC_TOO_LONG: -32600,
    Code.IPC_UNKNOWN_METHOD: -32601,
    Code.IPC_INVALID_PARAMS: -32602,
    Code.IPC_INTERNAL: -32603,
    Code.IPC_FORBIDDEN: -32001,
    Code.IPC_BUSY: -32002,
    Code.IPC_CANCELLED: -32003,
}
"""The numbers of errors: the specification's, and from its range for servers."""

OTHER = -32000
"""The number of an error that has none of its own; `data.code` says which it is."""


@dataclass(frozen=True, slots=True)
class Request:
    """A message of a client."""

    method: str
    params: Raw | UnsetType
    id: Id | UnsetType
    """UNSET for a notification, which is carried out and not answered."""


class InvalidMessage(AssistantError):
    """A line that is no request; `id` is that of the message where it has one."""

    def __init__(self, code: Code, message: str, id: Id = None) -> None:
        super().__init__(code, message)
        self.id = id


class _Message(Struct, frozen=True):
    jsonrpc: Literal["2.0"]
    method: str
    params: Raw | UnsetType = UNSET
    id: Id | UnsetType = UNSET


class _Identified(Struct, frozen=True):
    id: Id = None


class ErrorData(Struct, frozen=True):
    """`data` of an error."""

    code: str
    """Stable; programs match on it."""


class ErrorObject(Struct, frozen=True):
    code: int
    message: str
    data: ErrorData


class _Result(Struct, frozen=True):
    id: Id
    result: object
    jsonrpc: str = "2.0"


class _Failure(Struct, frozen=True):
    id: Id
    error: ErrorObject
    jsonrpc: str = "2.0"


class _Notification(Struct, frozen=True):
    method: str
    params: object
    jsonrpc: str = "2.0"


def parse(line: bytes) -> Request:
    """The request in `line`. Raises `InvalidMessage` (`ipc.malformed`, `ipc.invalid_request`)."""
    line = line.removeprefix(BYTE_ORDER_MARK)
    try:
        message = msgspec.json.decode(line, type=_Message)
    except msgspec.ValidationError as error:
        raise InvalidMessage(Code.IPC_INVALID_REQUEST, _no_request(line, str(error)), _id(line)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidMessage(Code.IPC_MALFORMED, f"not JSON: {error}") from error
    return Request(message.method, message.params, message.id)


def read_params(request: Request, kind: type[T]) -> T:
    """The parameters of `request`, by name or by position; null stands for one that is left out, or for all of them.

    Raises `AssistantError` (`ipc.invalid_params`).
    """
    try:
        raw = NULL if request.params is UNSET else bytes(request.params)
        if raw.startswith(b"["):
            raw = _named(msgspec.json.decode(raw, type=list[Raw]), kind)
        if NULL in raw:
            raw = _without_nulls(raw, kind)
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise AssistantError(Code.IPC_INVALID_PARAMS, f"{request.method}: {_plain(str(error))}") from error


def request(id: Id, method: str, params: dict[str, Any]) -> bytes:
    """The line that asks for `method`."""
    return msgspec.json.encode({"jsonrpc": "2.0", "id": id, "method": method, "params": params}) + b"\n"


def result(id: Id, value: object) -> bytes:
    """The line that answers request `id`."""
    return msgspec.json.encode(_Result(id, value)) + b"\n"


def failure(id: Id, error: AssistantError) -> bytes:
    """The line that says why request `id` was not carried out."""
    number = NUMBERS.get(error.code, OTHER)
    return msgspec.json.encode(_Failure(id, ErrorObject(number, error.message, ErrorData(error.code)))) + b"\n"


def notification(method: str, params: object) -> bytes:
    """The line of a notification, which is not answered."""
    return msgspec.json.encode(_Notification(method, params)) + b"\n"


def _id(line: bytes) -> Id:
    try:
        return msgspec.json.decode(line, type=_Identified).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _no_request(line: bytes, reason: str) -> str:
    if line.lstrip().startswith(b"["):
        return "batches are not supported; send one message a line, as many as you like before the first answer"
    return f"not a JSON-RPC 2.0 request: {_plain(reason)}"


def _plain(reason: str) -> str:
    """msgspec's `Expected `str`, got `int` - at `$.method`` without its quotes."""
    return reason.replace("`", "").replace(" - at $.", ", at ").replace(" - at $", "")


def _without_nulls(raw: bytes, kind: type[Struct]) -> bytes:
    """Leave out each null that stands for a parameter with a default."""
    given = msgspec.json.decode(raw, type=dict[str, Raw] | None) or {}
    optional = {item.encode_name for item in msgspec.structs.fields(kind) if not item.required}
    return msgspec.json.encode(
        {key: value for key, value in given.items() if key not in optional or bytes(value) != NULL}
    )


def _named(values: list[Raw], kind: type[Struct]) -> bytes:
    names = [item.encode_name for item in msgspec.structs.fields(kind)]
    if len(values) > len(names):
        raise msgspec.ValidationError(f"expected at most {len(names)} parameters, got {len(values)}")
    return msgspec.json.encode(dict(zip(names, values, strict=False)))
