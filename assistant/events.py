"""What can happen: the public vocabulary of log, metrics, interfaces and benchmarks."""

from collections.abc import Callable

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag=True):
    """Something that has happened."""

    turn: int = 0
    """Number of the turn it belongs to, from 1 and through all rooms; 0 for what belongs to none."""
    room: str = ""
    """Name of the room it happened in; empty for what belongs to none."""


class Ready(Event, frozen=True, tag="ready"):
    """Everything is loaded and the microphone is open."""

    start_s: float
    """Seconds since the process was started."""
    microphone: str
    loudspeaker: str
    devices: dict[str, str]
    """Stage (`asr`, `llm`, `tts`) to the processor it runs on."""


class Listening(Event, frozen=True, tag="listening"):
    """The assistant waits for speech."""


class Woken(Event, frozen=True, tag="woken"):
    """A wake word was detected, or listening was asked for."""

    word: str
    """Which; empty when it was no word."""
    score: float
    at_s: float
    """When it was said, seconds on the audio clock."""
    second_look: float | None = None
    """Score of the second look at it; None for a word without one."""


class Muted(Event, frozen=True, tag="muted"):
    """The microphone was switched off, or on again."""

    muted: bool


class FollowUp(Event, frozen=True, tag="follow_up"):
    """The answer has been played; for a while no wake word is needed."""

    seconds: float


class FellAsleep(Event, frozen=True, tag="fell_asleep"):
    """A wake word is needed from now on."""

    reason: str
    """silence (no speech came), dismissed ("never mind"), muted or deaf (the microphone has gone)."""


class Disturbed(Event, frozen=True, tag="disturbed"):
    """The user speaks over the answer of this turn."""

    action: str
    """What is done with the answer: duck (lowered), hold (silent for now), restore (as before) or stop (given up)."""
    at_s: float
    """When, seconds on the audio clock."""


class SpeechStarted(Event, frozen=True, tag="speech_started"):
    at_s: float
    """Onset, seconds on the audio clock."""
    reopens: int = 0
    """The turn whose question this speech goes on with; 0 when it is a new one."""


class SpeechEnded(Event, frozen=True, tag="speech_ended"):
    """The turn was committed: the user has finished."""

    at_s: float
    """Last moment of speech, seconds on the audio clock."""


class PartialTranscript(Event, frozen=True, tag="partial_transcript"):
    stable: str
    """Words that two successive hypotheses agreed on; they do not change any more."""
    tentative: str
    """The rest of the latest hypothesis; it may."""


class FinalTranscript(Event, frozen=True, tag="final_transcript"):
    text: str
    """Empty when no words were recognised in what was said; the turn then ends without a reply."""
    language: str
    doubtful: bool = False
    """The words may be wrong: they repeat themselves more or less often than the sound explains."""


class ReplyText(Event, frozen=True, tag="reply_text"):
    """One clause of the reply, as it is handed to the synthesiser."""

    text: str


class PlaybackStarted(Event, frozen=True, tag="playback_started"):
    """The first sample of the reply was handed to the loudspeaker."""


class PlaybackFinished(Event, frozen=True, tag="playback_finished"):
    heard: str
    """The part of the reply whose audio was really played."""
    complete: bool
    """False when it was cut off."""


class Marks(msgspec.Struct, frozen=True, omit_defaults=True):
    """Instants of a turn in milliseconds after `speech_end`; None for what did not happen."""

    soft_end: float | None = None
    revision: float | None = None
    """The revision that was heard began: the language model got the words it answers."""
    transcript: float | None = None
    """The words were certain."""
    first_token: float | None = None
    first_audio: float | None = None
    commit: float | None = None
    playback: float | None = None


REFUSAL = "refusal"


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """Where an answer came from."""

    kind: str
    """skill, document, model or refusal (what was asked for cannot be done)."""
    name: str
    """Which skill, document, model or responder."""
    passage: str = ""
    """Where in a document, for example a heading or a page."""


class TurnFinished(Event, frozen=True, tag="turn_finished"):
    transcript: str
    language: str
    reply: str
    """What was answered, as it was written."""
    spoken: str
    """What was synthesised of it, made speakable."""
    heard: str
    marks_ms: Marks
    audio_s: float
    """Seconds of synthesised audio."""
    tokens_reused: int
    tokens_evaluated: int
    work_s: dict[str, float]
    """Seconds that the engine of each stage (`asr`, `llm`, `tts`) was at work for the answer."""
    revisions: int = 0
    """Answers that were begun; at most one of them was heard."""
    wasted_cpu_s: float = 0.0
    """Processor time spent while an answer was prepared that was never played; an upper bound."""
    listening_cores: float = 0.0
    """Cores kept busy while the user spoke, on average."""
    late_blocks: int = 0
    """Blocks of microphone audio of this turn that voice activity got late."""
    effort: str = "full"
    """How much work ahead the machine is up to: full, fewer_passes, no_speculation or no_partials."""
    end: str = "answered"
    """answered, nothing (no words were recognised), dismissed ("never mind"), interrupted (the user spoke over the
    answer) or reopened (the user went on with the question, which another turn answers)."""
    error: str | None = None
    """Code of the error that ended the turn early."""
    total_s: float = 0.0
    """Seconds from the end of the question until the turn was over."""
    provenance: Provenance | None = None
    """Where the answer came from; None where there was none, or none yet."""
    expects_reply: bool = False
    """Whether the answer, as far as it was heard, asks the user something."""
    source: str = "speech"
    """How it was asked: speech, or text (typed; marks are then milliseconds after it was sent)."""


class Announced(Event, frozen=True, tag="announced"):
    """An announcement is over; it was no answer to anything."""

    heard: str
    """The part of it that was really played."""
    end: str
    """answered (it was said, unless there is an error) or interrupted."""
    error: str | None = None
    """Code of the error that kept it from being said."""


class Rang(Event, frozen=True, tag="rang"):
    """A timer, alarm or reminder has begun to ring, or has ended."""

    id: str
    kind: str
    """timer, alarm or reminder."""
    state: str
    """ringing; stopped (by somebody), snoozed, or over (nobody answered it)."""
    late_s: float = 0.0
    """Seconds after its time."""


class RoomOpened(Event, frozen=True, tag="room_opened"):
    """A room has joined: the device's own, or a satellite that has connected."""


class RoomClosed(Event, frozen=True, tag="room_closed"):
    """A room has gone."""


class Level(Event, frozen=True, tag="level"):
    """Level of the microphone, ten times a second."""

    level_db: float
    """Decibels of full scale, -100 to 0."""
    speech: float
    """Probability of speech, 0 to 1."""


class AudioDropped(Event, frozen=True, tag="audio_dropped"):
    samples: int
    """Microphone samples lost since the last such event."""


class DeviceLost(Event, frozen=True, tag="device_lost"):
    """The microphone or the loudspeaker has failed; it is opened again as soon as it is back."""

    kind: str
    """microphone or loudspeaker."""
    name: str
    reason: str


class DeviceBack(Event, frozen=True, tag="device_back"):
    """It works again."""

    kind: str
    name: str
    away_s: float
    """Seconds since it was found to have failed."""


class LoadShed(Event, frozen=True, tag="load_shed"):
    """The machine cannot keep up with the work ahead, or can again."""

    effort: str
    """What is done from now on: full, fewer_passes (fewer partial transcripts), no_speculation (nothing is answered
    before the user has finished) or no_partials (nothing is recognised before that)."""


class Error(Event, frozen=True, tag="error"):
    code: str
    message: str


Emitter = Callable[[Event], None]
"""Takes an event and returns at once; called on the event loop."""
