"""Code in a sandbox may nothing, and however it ends its parent gets a result or an error."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.blocking import NeverStop, StopFlag, StopWhen
from assistant.errors import AssistantError
from assistant.host import landlock, sandbox, seccomp
from assistant.host.sandbox import Failure, InForce, Limits, SandboxError, Stopped
from assistant.testing import stranger
from tests.host.processes import confined_children

LIMITS = Limits(memory_bytes=2**29, processor_s=10)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[int]:
    path = tmp_path / "file"
    path.write_bytes(b"words" * 100_000)
    opened = os.open(path, os.O_RDONLY)
    yield opened
    os.close(opened)


def work(
    file: int,
    function: str,
    parameters: bytes = b"",
    *,
    limits: Limits = LIMITS,
    max_bytes: int = 2**20,
    within_s: float = 30.0,
    stop: StopFlag | None = None,
) -> list[bytes]:
    """What the child sent. Whatever happens, no process is left."""
    try:
        return list(
            sandbox.work_confined(
                "assistant.testing.stranger",
                function,
                file,
                parameters,
                limits=limits,
                max_bytes=max_bytes,
                within_s=within_s,
                stop=stop or NeverStop(),
            )
        )
    finally:
        assert not confined_children(os.getpid())


def failure(file: int, function: str, **options: object) -> Failure:
    with pytest.raises(SandboxError) as caught:
        work(file, function, **options)  # type: ignore[arg-type]  # handed on
    return caught.value.failure


def test_what_is_in_its_file_can_be_read_and_sent(file: int) -> None:
    *pieces, last = work(file, "read", b"parameters")
    assert b"".join(pieces) == b"words" * 100_000
    assert last == b"parameters"


@pytest.mark.parametrize("what", stranger.ATTEMPTS)
def test_nothing_else_succeeds(file: int, what: str) -> None:
    assert work(file, "attempt", what.encode()) == [b"refused"]
    assert not Path("/tmp/stranger").exists()


def test_the_kernel_enforces_it(file: int) -> None:
    told: list[InForce] = []
    list(
        sandbox.work_confined(
            "assistant.testing.stranger",
            "read",
            file,
            b"",
            limits=LIMITS,
            max_bytes=2**20,
            within_s=30,
            stop=NeverStop(),
            begun=told.append,
        )
    )
    assert told == [InForce(landlock.version(), seccomp.is_supported())]


def test_memory_is_limited(file: int) -> None:
    assert failure(file, "fill_memory") is Failure.MEMORY


def test_time_is_limited(file: int) -> None:
    assert failure(file, "run_on", within_s=1.5) is Failure.TIME


def test_processor_time_is_limited_too(file: int) -> None:
    assert failure(file, "run_on", limits=Limits(memory_bytes=2**29, processor_s=1)) is Failure.TIME


def test_the_size_of_the_result_is_limited(file: int) -> None:
    assert failure(file, "send_on") is Failure.SIZE


def test_a_crash_is_an_error(file: int) -> None:
    assert failure(file, "die") is Failure.CRASH


def test_what_is_no_frame_is_an_error(file: int) -> None:
    assert failure(file, "send_nonsense") is Failure.CRASH


def test_stopping_kills_it_at_once(file: int) -> None:
    ends_at = time.monotonic() + 0.8
    with pytest.raises(Stopped):
        work(file, "run_on", stop=StopWhen(lambda: time.monotonic() > ends_at))
    assert time.monotonic() - ends_at < 1.0


def test_a_consumer_that_goes_kills_it(file: int) -> None:
    results = sandbox.work_confined(
        "assistant.testing.stranger",
        "send_on",
        file,
        b"",
        limits=LIMITS,
        max_bytes=2**30,
        within_s=30,
        stop=NeverStop(),
    )
    next(results)
    assert confined_children(os.getpid())
    results.close()  # type: ignore[attr-defined]  # it is a generator
    assert not confined_children(os.getpid())


def test_no_file_is_left_open(file: int) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        work(file, "read", b"parameters")
    assert len(os.listdir("/proc/self/fd")) < before + 10  # other tests' programs come and go beside this one


def test_a_module_that_is_not_there_is_an_error(file: int) -> None:
    with pytest.raises(SandboxError):
        list(
            sandbox.work_confined(
                "assistant.nothing",
                "read",
                file,
                b"",
                limits=LIMITS,
                max_bytes=1,
                within_s=30,
                stop=NeverStop(),
            )
        )


def test_a_kernel_without_landlock_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landlock, "version", lambda: 0)
    assert landlock.restrict(()) == 0


@pytest.mark.parametrize("machine", seccomp.NUMBERS)
def test_a_filter_knows_every_call_of_its_machine_once(machine: str) -> None:
    assert len(set(seccomp.NUMBERS[machine])) == len(seccomp.NAMES)


def test_errors_of_the_function_come_as_they_are(tmp_path: Path) -> None:
    from assistant.audio.foreign import read_recording

    path = tmp_path / "words.wav"
    path.write_text("words")
    with pytest.raises(AssistantError, match=r"words.wav: not a recording"):
        read_recording(path, max_s=60)
