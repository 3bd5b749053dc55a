"""Recognising recordings that come over the socket."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Literal

import anyio
from msgspec import UNSET, Meta, Struct

from assistant.config.languages import code_of
from assistant.dialogue.listening.dictation import Dictation, OnText
from assistant.errors import AssistantError, Code
from assistant.interfaces.ipc.access import Right
from assistant.interfaces.ipc.call import MAX_TRANSCRIPTIONS, Call
from assistant.interfaces.ipc.method import Params, method
from assistant.interfaces.ipc.recordings import bare, decoded, from_descriptor


class Transcribe(Params, frozen=True):
    """Recognise a recording: a file descriptor that comes with the request, or chunks that follow it."""

    source: Annotated[
        Literal["file_descriptor", "chunks"],
        Meta(description="file_descriptor: SCM_RIGHTS, a file or a pipe. chunks: `transcribe.chunk` until the last."),
    ] = "file_descriptor"
    encoding: Annotated[
        Literal["file", "s16le"],
        Meta(description="file: WAV, FLAC, Opus, whatever FFmpeg reads. s16le: bare samples, mono, 16 bit."),
    ] = "file"
    rate: Annotated[int, Meta(ge=8000, le=192_000, description="Samples a second of s16le.")] = 16_000
    language: (
        Annotated[str, Meta(max_length=80, description="ISO 639-1 or a locale such as en_US; null: as configured.")]
        | None
    ) = None
    stream: Annotated[bool, Meta(description="Send transcribe.partial while the text grows.")] = False


class TranscribeResult(Struct, frozen=True):
    text: str
    language: str
    """Empty when nothing was said."""
    audio_s: float
    speech_s: float
    """Seconds of speech. Without text, 0 means that nobody spoke, and more that no words were understood."""
    doubtful: bool
    """Some of the text may be wrong: it repeats itself, or is improbable to the model."""
    warnings: list[str]
    """What is wrong with the recording, a sentence each."""


class TranscribePartial(Struct, frozen=True):
    """What a recording says so far."""

    request: str | int | float | None
    stable: str
    """Does not change any more."""
    tentative: str


@method(
    "transcribe",
    Right.CONTROL,
    Transcribe,
    TranscribeResult,
    takes_time=True,
    notifications=(("transcribe.partial", TranscribePartial),),
)
async def transcribe(params: Transcribe, call: Call) -> TranscribeResult:
    try:
        call.context.transcriptions.acquire_nowait()
    except anyio.WouldBlock:
        raise AssistantError(Code.IPC_BUSY, f"{MAX_TRANSCRIPTIONS} recordings are being recognised already") from None
    try:
        return await _recognise(params, call, _partials(call) if params.stream else None)
    finally:
        call.context.transcriptions.release()


def _language(given: str | None) -> str | None:
    try:
        return None if not given or given == "auto" else code_of(given)
    except ValueError as error:
        raise AssistantError(Code.IPC_INVALID_PARAMS, f"transcribe: language: {error}") from error


async def _recognise(params: Transcribe, call: Call, partials: OnText | None) -> TranscribeResult:
    host = call.host
    asr = host.config.asr
    language = _language(params.language) or asr.given_language
    chunks = _chunks(params, call)
    warnings: list[str] = []
    audio = bare(chunks, params.rate) if params.encoding == "s16le" else decoded(chunks, warnings)
    async with aclosing(chunks), aclosing(audio):
        detectors = await host.engines.detectors(None)
        dictation = Dictation(host.engines.recognition, detectors.activity, language, asr.partial_interval_ms / 1000)
        found = await dictation.take(audio, partials)
    return TranscribeResult(found.text, found.language, found.audio_s, found.speech_s, found.doubtful, warnings)


def _partials(call: Call) -> OnText:
    """Sends what a recording says so far to the client."""

    def send(stable: str, tentative: str) -> None:
        if call.id is not UNSET:
            call.notify("transcribe.partial", TranscribePartial(call.id, stable, tentative))

    return send


def _chunks(params: Transcribe, call: Call) -> AsyncGenerator[bytes, None]:
    """The bytes of the recording that `call` is about. Raises `AssistantError` (`ipc.invalid_params`)."""
    if params.source == "file_descriptor":
        if not call.has_file:
            raise AssistantError(Code.IPC_INVALID_PARAMS, "transcribe: no file descriptor came with the request")
        return from_descriptor(call.take_file)
    if call.id is UNSET:
        raise AssistantError(Code.IPC_INVALID_PARAMS, "transcribe: chunks need a request with an id")
    return call.client.begin_recording(call.id).chunks()


class TranscribeChunk(Params, frozen=True):
    """The next part of a recording."""

    request: Annotated[str | int | float | None, Meta(description="The id of the `transcribe` request.")]
    audio: Annotated[bytes, Meta(description="Base64.")] = b""
    last: Annotated[bool, Meta(description="There is no more.")] = False


class TranscribeChunkResult(Struct, frozen=True):
    taken: int
    """Bytes."""


@method("transcribe.chunk", Right.CONTROL, TranscribeChunk, TranscribeChunkResult)
async def transcribe_chunk(params: TranscribeChunk, call: Call) -> TranscribeChunkResult:
    recording = call.client.recording(params.request)
    recording.add(params.audio)
    if params.last:
        recording.end()
    return TranscribeChunkResult(len(params.audio))
