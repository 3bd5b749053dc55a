"""The description of the methods is what the methods are."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from assistant.events import Event
from assistant.interfaces.ipc.methods import METHODS
from assistant.interfaces.ipc.schema import schema, table

PAGE = Path(__file__).parents[3] / "docs" / "ipc.md"


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    described = schema()
    jsonschema.Draft202012Validator.check_schema(described)
    return jsonschema.Draft202012Validator(described)


def request(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


@pytest.mark.parametrize(
    "message",
    [
        request("status"),
        {"jsonrpc": "2.0", "method": "stop"},
        request("ask", text="hello", stream=True),
        request("say", text="hello", priority="high"),
        request("volume", level=0.5),
        request("volume", level=None),
        request("subscribe", events=["level"]),
        request("cancel", request=3),
    ],
    ids=str,
)
def test_what_is_right_is_valid(validator: jsonschema.Draft202012Validator, message: dict[str, Any]) -> None:
    validator.validate(message)


@pytest.mark.parametrize(
    "message",
    [
        request("fly"),
        request("ask"),
        request("ask", text=1),
        request("ask", text="hello", loud=True),
        request("say", text="hello", priority="urgent"),
        request("volume", level=2),
        {"id": 1, "method": "status"},
    ],
    ids=str,
)
def test_what_is_wrong_is_not(validator: jsonschema.Draft202012Validator, message: dict[str, Any]) -> None:
    assert not validator.is_valid(message)


def test_every_method_and_every_event_is_described() -> None:
    described = schema()
    assert set(described["x-methods"]) == set(METHODS)
    assert all(method["description"] for method in described["x-methods"].values())
    text = json.dumps(described["x-methods"]["subscribe"]["notifications"]["event"])
    assert all(f"#/$defs/{kind.__name__}" in text for kind in Event.__subclasses__())


def test_the_table_in_the_documentation_is_current() -> None:
    assert table() in PAGE.read_text(encoding="utf-8"), "run `.ci/docs`"
