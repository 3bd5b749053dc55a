"""The methods for machines (JSON Schema 2020-12) and for people (a table)."""

from typing import Any

import msgspec
from msgspec import Struct

from assistant import __version__
from assistant.events import Event
from assistant.interfaces.ipc.access import Right
from assistant.interfaces.ipc.method import Method, Params
from assistant.interfaces.ipc.methods import METHODS

ID = {"type": ["string", "number", "null"], "description": "Yours; the answer has the same."}


def schema() -> dict[str, Any]:
    """A JSON Schema that every request is valid against; `x-methods` says what comes back."""
    kinds: list[Any] = [kind for method in METHODS.values() for kind in _kinds(method)]
    described, definitions = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    by_kind = dict(zip(kinds, described, strict=True))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Requests to assistant {__version__}, one a line",
        "oneOf": [_request(method, by_kind[method.params]) for method in METHODS.values()],
        "x-methods": {method.name: _described(method, by_kind) for method in METHODS.values()},
        "$defs": definitions,
    }


def table() -> str:
    """Markdown: a row a method."""
    rows = ["| method | parameters | result | |", "|---|---|---|---|"]
    for method in METHODS.values():
        who = "" if method.right is Right.READ else " *(control)*"
        rows.append(f"| `{method.name}` | {_fields(method.params)} | {_fields(method.result)} | {method.doc}{who} |")
    return "\n".join(rows)


def _kinds(method: Method) -> list[Any]:
    return [method.params, method.result, *(_event_or(kind) for _, kind in method.notifications)]


def _event_or(kind: type[Struct]) -> Any:
    """All events where any may come."""
    if kind is not Event:
        return kind
    kinds = sorted(Event.__subclasses__(), key=lambda event: str(event.__struct_config__.tag))
    union: Any = kinds[0]
    for other in kinds[1:]:
        union = union | other
    return union


def _request(method: Method, params: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "description": method.doc,
        "properties": {"jsonrpc": {"const": "2.0"}, "id": ID, "method": {"const": method.name}, "params": params},
        "required": ["jsonrpc", "method", *(["params"] if _required(method.params) else [])],
    }


def _described(method: Method, by_kind: dict[Any, Any]) -> dict[str, Any]:
    return {
        "description": method.doc,
        "right": method.right.name.lower(),
        "params": by_kind[method.params],
        "result": by_kind[method.result],
        "notifications": {name: by_kind[_event_or(kind)] for name, kind in method.notifications},
    }


def _required(kind: type[Struct]) -> list[str]:
    return [item.name for item in msgspec.structs.fields(kind) if item.required]


def _fields(kind: type[Struct]) -> str:
    names = [
        f"`{item.name}`" if item.required or not issubclass(kind, Params) else f"`{item.name}?`"
        for item in msgspec.structs.fields(kind)
    ]
    shown = names if len(names) <= 6 else [*names[:4], "…"]
    return ", ".join(shown)
