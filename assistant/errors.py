"""What can go wrong: one exception with a stable code and a message that says what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum


class Code(StrEnum):
    """Stable identifiers of errors; programs match on these, messages may change."""

    CONFIG_INVALID = "config.invalid"
    CONFIG_MISSING = "config.missing"

    AUDIO_UNREADABLE = "audio.unreadable"
    AUDIO_EMPTY = "audio.empty"
    AUDIO_SILENT = "audio.silent"
    AUDIO_CLIPPED = "audio.clipped"
    AUDIO_TOO_LONG = "audio.too_long"
    AUDIO_NO_SPEECH = "audio.no_speech"
    AUDIO_NOT_WRITABLE = "audio.not_writable"
    OUTPUT_UNWRITABLE = "output.unwritable"

    TEXT_EMPTY = "text.empty"
    TEXT_TOO_LONG = "text.too_long"
    TEXT_NOT_UTF8 = "text.not_utf8"

    DEVICE_LIBRARY_MISSING = "device.library_missing"
    DEVICE_MISSING = "device.missing"
    DEVICE_FAILED = "device.failed"
    DEVICE_GONE = "device.gone"
    ECHO_LIBRARY_MISSING = "echo.library_missing"

    MODEL_UNKNOWN = "model.unknown"
    MODEL_MISSING = "model.missing"
    MODEL_CORRUPT = "model.corrupt"
    MODEL_NOT_FETCHED = "model.not_fetched"
    MODEL_FETCH_FAILED = "model.fetch_failed"
    MODEL_NO_SPACE = "model.no_space"
    MODEL_UNLOADABLE = "model.unloadable"

    ASR_FAILED = "asr.failed"
    LLM_FAILED = "llm.failed"
    LLM_UNREACHABLE = "llm.unreachable"
    TTS_FAILED = "tts.failed"
    TURN_FAILED = "turn.failed"
    WAKE_FAILED = "wake.failed"

    REPLY_EMPTY = "reply.empty"
    ANSWERS_NONE = "answers.none"
    ANSWERS_FAILED = "answers.failed"
    EFFECT_FAILED = "effect.failed"
    AGENDA_FULL = "agenda.full"
    TIMER_UNKNOWN = "timer.unknown"
    LISTS_FULL = "lists.full"
    NOTES_FULL = "notes.full"
    REQUESTS_INVALID = "requests.invalid"

    ROOM_UNKNOWN = "room.unknown"
    ROOM_SILENT = "room.silent"

    IPC_MALFORMED = "ipc.malformed"
    IPC_TOO_LONG = "ipc.too_long"
    IPC_INVALID_REQUEST = "ipc.invalid_request"
    IPC_UNKNOWN_METHOD = "ipc.unknown_method"
    IPC_INVALID_PARAMS = "ipc.invalid_params"
    IPC_FORBIDDEN = "ipc.forbidden"
    IPC_BUSY = "ipc.busy"
    IPC_CANCELLED = "ipc.cancelled"
    IPC_INTERNAL = "ipc.internal"
    IPC_IN_USE = "ipc.in_use"
    IPC_NO_SOCKET = "ipc.no_socket"
    IPC_UNAVAILABLE = "ipc.unavailable"
    MICROPHONE_MUTED = "microphone.muted"
    QUEUE_FULL = "queue.full"

    WYOMING_LIBRARY_MISSING = "wyoming.library_missing"
    WYOMING_UNAVAILABLE = "wyoming.unavailable"
    WYOMING_MALFORMED = "wyoming.malformed"
    WYOMING_BUSY = "wyoming.busy"

    STATE_UNREADABLE = "state.unreadable"
    STATE_UNWRITABLE = "state.unwritable"
    STORE_NEWER = "store.newer"

    BENCH_LIBRARY_MISSING = "bench.library_missing"
    ROOM_TOOLS_MISSING = "room.tools_missing"
    DAEMON_ENDED = "daemon.ended"

    SERVICE_NOT_ROOT = "service.not_root"
    SERVICE_NO_SYSTEMD = "service.no_systemd"
    SERVICE_HIDDEN = "service.hidden"
    SERVICE_WRITABLE = "service.writable"
    SERVICE_FOREIGN = "service.foreign"
    SERVICE_FAILED = "service.failed"

    METRICS_PORT_IN_USE = "metrics.port_in_use"
    TRACING_LIBRARY_MISSING = "tracing.library_missing"


class AssistantError(Exception):
    """Anything the program reports instead of a traceback.

    `code` is stable; `message` names what happened, where (file, key, device) and what to do next, in one line.
    """

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def exit_status(self) -> int:
        """2 for what the user wrote wrong (arguments, configuration, a model that does not exist), 3 when no daemon
        is running, 4 when models are not there or damaged, 5 when a newer program wrote what is remembered, 1 for the
        rest. Trying again helps with 1 alone."""
        if self.code is Code.IPC_UNAVAILABLE:
            return 3
        if self.code in (Code.MODEL_NOT_FETCHED, Code.MODEL_CORRUPT):
            return 4
        if self.code is Code.STORE_NEWER:
            return 5
        written_wrong = self.code.startswith("config.") or self.code in (Code.MODEL_UNKNOWN, Code.MODEL_MISSING)
        return 2 if written_wrong else 1


@contextmanager
def single_error() -> Iterator[None]:
    """Raise the first `AssistantError` of an exception group by itself; the others are its consequences.

    A group that holds anything else (a defect of the program) goes through as it is.
    """
    try:
        yield
    except BaseExceptionGroup as group:
        ours, others = group.split(AssistantError)
        if ours is None or others is not None:
            raise
        raise _first_leaf(ours) from group


def reason_of(error: BaseException | None) -> AssistantError | None:
    """Return the `AssistantError` that `single_error` would make of `error`; None if it is another."""
    try:
        with single_error():
            if error is not None:
                raise error
    except AssistantError as found:
        return found
    except BaseException:
        return None
    return None


def _first_leaf(group: BaseExceptionGroup[AssistantError]) -> AssistantError:
    first = group.exceptions[0]
    return _first_leaf(first) if isinstance(first, BaseExceptionGroup) else first
