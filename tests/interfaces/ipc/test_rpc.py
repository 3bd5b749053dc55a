"""JSON-RPC 2.0 as the specification has it, and whatever else may stand in a line."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import AssistantError, Code
from assistant.interfaces.ipc import rpc
from assistant.interfaces.ipc.method import Params
from assistant.interfaces.ipc.methods import METHODS
from assistant.interfaces.ipc.methods.conversation import Ask
from assistant.interfaces.ipc.methods.daemon import Cancel
from assistant.interfaces.ipc.methods.sound import Volume

JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)


def line(**members: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", **members}).encode()


def refused(data: bytes) -> rpc.InvalidMessage:
    with pytest.raises(rpc.InvalidMessage) as error:
        rpc.parse(data)
    return error.value


def outcome(request: rpc.Request, kind: type[Params]) -> object:
    """The type of the parameters, or the code of the error."""
    try:
        return type(rpc.read_params(request, kind))
    except AssistantError as error:
        return error.code


def test_a_request_has_a_method_and_an_id() -> None:
    request = rpc.parse(line(method="status", id=7))
    assert (request.method, request.id) == ("status", 7)
    assert request.params is msgspec.UNSET


def test_one_without_an_id_is_a_notification() -> None:
    assert rpc.parse(line(method="stop")).id is msgspec.UNSET


@pytest.mark.parametrize("id", ["a", "", 0, -3, 2**53, 1.5, None])
def test_an_id_comes_back_as_it_was(id: object) -> None:
    request = rpc.parse(line(method="status", id=id))
    assert request.id is not msgspec.UNSET
    assert json.loads(rpc.result(request.id, None))["id"] == id


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"nonsense",
        b"\xff\xfe",
        b'{"jsonrpc": "2.0", "method": "\xff"}',
        b'{"params":' + b"[" * 100_000,
        b'{"a":' * 9999,
    ],
)
def test_what_is_no_json_is_a_parse_error(data: bytes) -> None:
    assert refused(data).code is Code.IPC_MALFORMED


@pytest.mark.parametrize(
    "data",
    [
        b"1",
        b"null",
        b"[]",
        b"{}",
        line(id=1),
        line(method=1),
        line(method="status", id=[1]),
        line(method="status", id=True),
        b'{"jsonrpc": "1.0", "method": "status"}',
        b'{"method": "status"}',
    ],
)
def test_what_is_no_request_is_an_invalid_request(data: bytes) -> None:
    assert refused(data).code is Code.IPC_INVALID_REQUEST


def test_an_invalid_request_is_answered_with_its_id() -> None:
    assert refused(line(id=9)).id == 9
    assert refused(line(id={}, method="status")).id is None


def test_a_batch_is_told_what_to_do_instead() -> None:
    assert "one message a line" in refused(b'[{"jsonrpc": "2.0", "method": "status", "id": 1}]').message


def test_parameters_are_given_by_name_or_by_position() -> None:
    for params in ({"text": "hello", "speak": True}, ["hello", True]):
        asked = rpc.read_params(rpc.parse(line(method="ask", params=params)), Ask)
        assert asked == Ask(text="hello", speak=True)
    assert rpc.read_params(rpc.parse(line(method="volume")), Volume) == Volume()


@pytest.mark.parametrize("params", [None, {"level": None, "room": None}, [None], [], {}])
def test_null_stands_for_what_is_left_out(params: object) -> None:
    assert rpc.read_params(rpc.parse(line(method="volume", params=params)), Volume) == Volume()


def test_null_is_kept_where_it_is_a_value_of_its_own() -> None:
    assert rpc.read_params(rpc.parse(line(method="cancel", params={"request": None})), Cancel).request is None
    said = rpc.read_params(rpc.parse(line(method="ask", params={"text": "null", "room": None})), Ask)
    assert said == Ask(text="null")


def test_a_byte_order_mark_is_no_part_of_a_request() -> None:
    assert rpc.parse(b"\xef\xbb\xbf" + line(method="status")).method == "status"


@given(st.sampled_from(sorted(METHODS)))
def test_a_parameter_with_a_default_may_be_null(name: str) -> None:
    kind = METHODS[name].params
    optional = [item.encode_name for item in msgspec.structs.fields(kind) if not item.required]
    with_nulls = rpc.parse(line(method=name, params=dict.fromkeys(optional)))
    assert outcome(with_nulls, kind) == outcome(rpc.parse(line(method=name)), kind)


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"text": 1}, "text"),
        ({"text": ""}, "text"),
        ({"text": "a" * 8001}, "text"),
        ({}, "text"),
        ({"text": "a", "loud": True}, "loud"),
        (["a", True, True, "kitchen", 5], "at most 4"),
        ("a", "object"),
        (1, "object"),
        (None, "text"),
        ({"text": None}, "text"),
        ({"text": "a", "loud": None}, "loud"),
    ],
)
def test_a_wrong_parameter_is_named(params: object, named: str) -> None:
    with pytest.raises(AssistantError) as error:
        rpc.read_params(rpc.parse(line(method="ask", params=params)), Ask)
    assert error.value.code is Code.IPC_INVALID_PARAMS
    assert named in error.value.message


def test_errors_have_the_numbers_of_the_specification_and_a_stable_code() -> None:
    answer = json.loads(rpc.failure(3, AssistantError(Code.IPC_UNKNOWN_METHOD, "no such method")))
    assert answer == {
        "jsonrpc": "2.0",
        "id": 3,
        "error": {"code": -32601, "message": "no such method", "data": {"code": "ipc.unknown_method"}},
    }


@given(st.binary(max_size=300) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_line_is_a_request_or_an_error(data: bytes) -> None:
    try:
        request = rpc.parse(data)
    except rpc.InvalidMessage as error:
        json.loads(rpc.failure(error.id, error))
    else:
        assert isinstance(request.method, str)


@given(JSON, st.sampled_from(sorted(METHODS)))
def test_any_parameters_are_taken_or_refused(params: object, name: str) -> None:
    request = rpc.parse(line(method=name, params=params))
    assert outcome(request, METHODS[name].params) in {METHODS[name].params, Code.IPC_INVALID_PARAMS}


@given(st.text() | st.integers(-(2**60), 2**60) | st.none())
def test_what_is_cancelled_is_any_id(id: object) -> None:
    assert rpc.read_params(rpc.parse(line(method="cancel", params={"request": id})), Cancel).request == id
