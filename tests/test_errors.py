"""Errors that the program reports: their codes, their exit status, and which of many is told."""

import re

import pytest

from assistant.errors import AssistantError, Code, reason_of, single_error


@pytest.mark.parametrize("code", list(Code))
def test_a_code_is_a_part_of_the_program_and_what_is_wrong_with_it(code: Code) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z_0-9]+", code)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (Code.CONFIG_INVALID, 2),
        (Code.CONFIG_MISSING, 2),
        (Code.MODEL_UNKNOWN, 2),
        (Code.MODEL_MISSING, 2),
        (Code.IPC_UNAVAILABLE, 3),
        (Code.MODEL_NOT_FETCHED, 4),
        (Code.MODEL_CORRUPT, 4),
        (Code.MODEL_FETCH_FAILED, 1),
        (Code.DEVICE_MISSING, 1),
    ],
)
def test_the_exit_status_tells_whether_trying_again_helps(code: Code, status: int) -> None:
    assert AssistantError(code, "broken").exit_status == status


def test_of_errors_that_follow_from_each_other_the_first_is_told() -> None:
    first, second = AssistantError(Code.DEVICE_FAILED, "gone"), AssistantError(Code.ASR_FAILED, "nothing heard")
    with pytest.raises(AssistantError) as raised, single_error():
        raise ExceptionGroup("tasks", [ExceptionGroup("devices", [first]), second])
    assert raised.value is first


def test_a_defect_beside_an_error_is_not_hidden() -> None:
    group = ExceptionGroup("tasks", [AssistantError(Code.DEVICE_FAILED, "gone"), ZeroDivisionError()])
    with pytest.raises(ExceptionGroup) as raised, single_error():
        raise group
    assert raised.value is group


def test_an_error_by_itself_goes_through() -> None:
    with pytest.raises(AssistantError, match="gone"), single_error():
        raise AssistantError(Code.DEVICE_FAILED, "gone")


def test_the_reason_is_found_in_a_group_and_nowhere_else() -> None:
    reason = AssistantError(Code.DEVICE_GONE, "gone")
    assert reason_of(reason) is reason
    assert reason_of(BaseExceptionGroup("", [ExceptionGroup("", [reason])])) is reason
    assert reason_of(ExceptionGroup("", [reason, ValueError()])) is None
    assert reason_of(ValueError()) is None
    assert reason_of(None) is None
