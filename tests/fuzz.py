"""Coverage-guided fuzzing of what strangers may send, with atheris where that runs (Linux on x86-64).

    python -m tests.fuzz rpc -runs=1000000
    python -m tests.fuzz wyoming -max_total_time=600 CORPUS_DIR

Arguments after the first are libFuzzer's. A finding ends it with the input in a file crash-*.
"""

import asyncio
import sys

import atheris

with atheris.instrument_imports(
    include=["assistant.interfaces.ipc.rpc", "assistant.interfaces.wyoming.wire", "wyoming.event"]
):
    from assistant.errors import AssistantError, Code
    from assistant.interfaces.ipc import rpc
    from assistant.interfaces.ipc.methods import METHODS
    from assistant.interfaces.wyoming.wire import Wire
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


TARGETS = {"rpc": fuzz_rpc, "wyoming": fuzz_wyoming}


if __name__ == "__main__":
    target = TARGETS[sys.argv.pop(1)]
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()
