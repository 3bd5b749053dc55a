"""Everything that can be asked over the socket, in one place: parameters, results, and who may.

`assistant ipc schema` prints it, the table in docs/ipc.md is made of it, server and client are typed by it.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta, Struct

from assistant.events import Event, TurnFinished
from assistant.interfaces.ipc.access import Right

MOST_TEXT = 8000
"""Characters of a question or an announcement: ten minutes of speech."""

Text = Annotated[str, Meta(min_length=1, max_length=MOST_TEXT)]
EventName = Annotated[str, Meta(max_length=40)]


class Params(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parameters of a method; its docstring says what the method does."""


class Done(Struct, frozen=True):
    """Nothing more to tell."""


class Status(Params, frozen=True):
    """What the assistant is doing, and with what."""


class StatusResult(Struct, frozen=True, kw_only=True):
    state: str
    """asleep (a wake word is needed), listening, hearing (somebody speaks), answering (not audible yet), speaking,
    muted or deaf (the microphone is gone for now)."""
    version: str
    pid: int
    uptime_s: float
    turn: int
    """The number of the latest turn; 0 before the first."""
    waiting: int
    """Announcements that wait to be said."""
    muted: bool
    volume: float
    microphone: str
    loudspeaker: str
    echo_free: bool | None
    """Whether it can be spoken over by now; null without echo cancellation."""
    wake_words: list[str]
    models: dict[str, str]
    """Stage (`asr`, `llm`, `tts`, `turn`) to model."""
    devices: dict[str, str]
    """Stage to the processor it runs on."""
    clients: int
    socket: str


class Ask(Params, frozen=True):
    """Answer a question, in text or aloud. It belongs to the conversation and is remembered."""

    text: Annotated[Text, Meta(description="The question.")]
    speak: Annotated[bool, Meta(description="Answer aloud, once nobody speaks.")] = False
    stream: Annotated[bool, Meta(description="Send the answer as ask.delta while it is being written.")] = False


class AskResult(Struct, frozen=True, kw_only=True):
    reply: str
    turn: TurnFinished


class AskDelta(Struct, frozen=True):
    """The next piece of the answer to a request."""

    request: str | int | float | None
    text: str


class Say(Params, frozen=True):
    """Announce something, and answer when it has been said."""

    text: Annotated[Text, Meta(description="The announcement.")]
    priority: Annotated[
        Literal["low", "normal", "high"], Meta(description="Which is said first of those that wait.")
    ] = "normal"
    interrupt: Annotated[
        bool, Meta(description="Do not wait: what is being said pauses for it and goes on after it. For alarms.")
    ] = False


class SayResult(Struct, frozen=True):
    heard: str
    """The part that was really played."""
    complete: bool
    """False when it was interrupted."""


class Listen(Params, frozen=True):
    """Listen, as if the wake word had been said."""


class Stop(Params, frozen=True):
    """Stop what is being said."""

    waiting: Annotated[bool, Meta(description="Forget the announcements that wait, too.")] = False


class StopResult(Struct, frozen=True):
    stopped: bool
    """Whether there was anything to stop."""


class Mute(Params, frozen=True):
    """Switch the microphone off, or on again."""

    muted: Annotated[bool, Meta(description="Off (true) or on (false).")] = True


class MuteResult(Struct, frozen=True):
    muted: bool


class Volume(Params, frozen=True):
    """Set how loud everything is, or ask."""

    level: Annotated[float, Meta(ge=0, le=1, description="0 to 1; null only asks.")] | None = None


class VolumeResult(Struct, frozen=True):
    volume: float


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
    language: Annotated[str, Meta(pattern="^[a-z]{2,3}$", description="ISO 639-1; null detects it.")] | None = None
    stream: Annotated[bool, Meta(description="Send transcribe.partial while the text grows.")] = False


class TranscribeResult(Struct, frozen=True):
    text: str
    language: str
    """Empty when nothing was said."""
    audio_s: float


class TranscribePartial(Struct, frozen=True):
    """What a recording says so far."""

    request: str | int | float | None
    stable: str
    """Does not change any more."""
    tentative: str


class TranscribeChunk(Params, frozen=True):
    """The next part of a recording."""

    request: Annotated[str | int | float | None, Meta(description="The id of the `transcribe` request.")]
    audio: Annotated[bytes, Meta(description="Base64.")] = b""
    last: Annotated[bool, Meta(description="There is no more.")] = False


class TranscribeChunkResult(Struct, frozen=True):
    taken: int
    """Bytes."""


class Subscribe(Params, frozen=True):
    """Send what happens, as notifications `event`, until the connection is closed. Replaces what was asked before."""

    events: Annotated[
        list[EventName] | None,
        Meta(description="Names of events; null for all but `level`; [] for none."),
    ] = None


class SubscribeResult(Struct, frozen=True):
    events: list[str]


class Lagged(Struct, frozen=True):
    """The client reads too slowly; the oldest events that waited for it were dropped."""

    dropped: int


class HistoryGet(Params, frozen=True):
    """What was said before, oldest first, as far as the language model remembers it."""

    limit: Annotated[int, Meta(ge=1, le=1000, description="How many of the latest exchanges.")] = 100


class ExchangeResult(Struct, frozen=True):
    said: str
    heard: str


class HistoryGetResult(Struct, frozen=True):
    exchanges: list[ExchangeResult]


class HistoryClear(Params, frozen=True):
    """Forget what was said before."""


class HistoryClearResult(Struct, frozen=True):
    forgotten: int


class Reload(Params, frozen=True):
    """Read the configuration again. One that is wrong is refused, and nothing changes."""


class ReloadResult(Struct, frozen=True):
    applied: list[str]
    """Keys whose new value holds from now on."""
    restart: list[str]
    """Keys that have changed and need a restart."""


class Metrics(Params, frozen=True):
    """Counters and histograms, in Prometheus's text format."""


class MetricsResult(Struct, frozen=True):
    text: str


class Cancel(Params, frozen=True):
    """Give up a request of this connection that is still at work; it ends with the error ipc.cancelled."""

    request: Annotated[str | int | float | None, Meta(description="The id of that request.")]


class CancelResult(Struct, frozen=True):
    cancelled: bool


class Shutdown(Params, frozen=True):
    """End the daemon."""


@dataclass(frozen=True, slots=True)
class Method:
    """A method of the socket."""

    name: str
    right: Right
    params: type[Params]
    result: type[Struct]
    takes_time: bool = False
    """It may take long; others are carried out meanwhile, and it can be cancelled."""
    notifications: tuple[tuple[str, type[Struct]], ...] = ()
    """What is sent while it is at work: names and parameters."""

    @property
    def doc(self) -> str:
        return " ".join((self.params.__doc__ or "").split())


METHODS = {
    method.name: method
    for method in (
        Method("status", Right.READ, Status, StatusResult),
        Method("ask", Right.CONTROL, Ask, AskResult, takes_time=True, notifications=(("ask.delta", AskDelta),)),
        Method("say", Right.CONTROL, Say, SayResult, takes_time=True),
        Method("listen", Right.CONTROL, Listen, Done),
        Method("stop", Right.CONTROL, Stop, StopResult),
        Method("mute", Right.CONTROL, Mute, MuteResult),
        Method("volume", Right.CONTROL, Volume, VolumeResult),
        Method(
            "transcribe",
            Right.CONTROL,
            Transcribe,
            TranscribeResult,
            takes_time=True,
            notifications=(("transcribe.partial", TranscribePartial),),
        ),
        Method("transcribe.chunk", Right.CONTROL, TranscribeChunk, TranscribeChunkResult),
        Method(
            "subscribe",
            Right.READ,
            Subscribe,
            SubscribeResult,
            notifications=(("event", Event), ("lagged", Lagged)),
        ),
        Method("history.get", Right.READ, HistoryGet, HistoryGetResult),
        Method("history.clear", Right.CONTROL, HistoryClear, HistoryClearResult),
        Method("reload", Right.CONTROL, Reload, ReloadResult, takes_time=True),
        Method("metrics", Right.READ, Metrics, MetricsResult),
        Method("cancel", Right.READ, Cancel, CancelResult),
        Method("shutdown", Right.CONTROL, Shutdown, Done),
    )
}
