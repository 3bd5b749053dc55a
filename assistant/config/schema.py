"""The configuration: one frozen struct a section, every key with its meaning, unit, range and default.

These structs are the only place a key is described: `config_file.render_default` prints them as commented YAML.
"""

from itertools import pairwise
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct, field

from assistant.config.languages import code_of
from assistant.config.quiet_hours import QuietHours

Milliseconds = Annotated[int, Meta(ge=0, le=10_000)]
Device = Literal["auto", "cpu", "cuda", "vulkan", "metal"]

NO_DEVICE = "none"
"""The name of a microphone or loudspeaker that is not there."""


class Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A section of the file; unknown keys are errors."""


class Audio(Section, frozen=True):
    """Microphone and loudspeaker. `input: none` and `output: none` together: a machine without a sound card."""

    input: Annotated[
        str,
        Meta(
            min_length=1,
            description="Microphone: 'default', a part of a name that `assistant devices` prints, or none as output.",
        ),
    ] = "default"
    output: Annotated[
        str,
        Meta(
            min_length=1,
            description="Loudspeaker: 'default', a part of a name that `assistant devices` prints, or none as input.",
        ),
    ] = "default"

    echo_cancellation: Annotated[
        Literal["auto", "on", "off"],
        Meta(
            description="Take what the loudspeaker plays out of what the microphone hears, so that you can speak over "
            "it. auto: when `pip install 'assistant[echo]'` was done. off: for a microphone that does it itself."
        ),
    ] = "auto"
    noise_suppression: Annotated[
        bool, Meta(description="Damp noise before anything listens; needs echo cancellation. Recognition rarely gains.")
    ] = False

    def __post_init__(self) -> None:
        if (self.input == NO_DEVICE) != (self.output == NO_DEVICE):
            lone, other = ("input", "output") if self.input == NO_DEVICE else ("output", "input")
            raise ValueError(f"{lone}: none needs {other}: none (a machine without a sound card); name both or neither")

    @property
    def has_sound(self) -> bool:
        """Whether there is a microphone and a loudspeaker. Without them PortAudio is never loaded."""
        return self.input != NO_DEVICE


class Wake(Section, frozen=True):
    """What wakes the assistant. `wake: none` instead of this section: it listens to everything that is said."""

    words: Annotated[
        dict[str, Annotated[float, Meta(gt=0, lt=1)] | Literal["auto"]],
        Meta(
            min_length=1,
            description="Wake words, and the score (0 to 1) from which each counts, or has its second look (packaged "
            "words): lower wakes more easily, auto is the model's own. okay_nabu, hey_jarvis, alexa, hey_mycroft, or "
            "the path of your own model (microWakeWord .json, openWakeWord .tflite).",
        ),
    ] = field(default_factory=lambda: {"okay_nabu": "auto"})
    listen_s: Annotated[
        float,
        Meta(ge=1, le=60, description="How long the assistant waits for you to speak once it is awake, in seconds."),
    ] = 6.0
    follow_up_s: Annotated[
        float,
        Meta(
            ge=0,
            le=60,
            description="After an answer has been played no wake word is needed for so many seconds; 0: it always is.",
        ),
    ] = 5.0
    follow_up_question_s: Annotated[
        float, Meta(ge=0, le=60, description="The same after an answer that ends with a question.")
    ] = 9.0


class Turns(Section, frozen=True):
    """When a person has begun and finished speaking."""

    threshold: Annotated[
        float,
        Meta(ge=0.05, le=0.95, description="Speech probability (0 to 1) from which a 32 ms block is speech."),
    ] = 0.5
    onset_ms: Annotated[
        Milliseconds, Meta(description="Speech this long, in milliseconds, begins a turn; shorter is noise.")
    ] = 96
    soft_end_ms: Annotated[
        Milliseconds,
        Meta(description="Silence after which the answer is prepared, in milliseconds; speech may still resume."),
    ] = 32
    mode: Annotated[
        Literal["semantic", "silence"],
        Meta(
            description="How the end of a turn is decided. semantic: a model listens whether the sentence is finished "
            "(complete_ms, incomplete_ms). silence: by silence alone (endpoint_ms)."
        ),
    ] = "semantic"
    complete_ms: Annotated[
        Milliseconds,
        Meta(description="Silence after which a turn that surely sounds finished is over, in milliseconds; semantic."),
    ] = 200
    incomplete_ms: Annotated[
        Milliseconds,
        Meta(description="Silence after which a turn is over however it sounds, in milliseconds; semantic."),
    ] = 1200
    end_threshold: Annotated[
        float,
        Meta(
            ge=0.5,
            le=0.99,
            description="Probability from which a turn surely sounds finished. More, such as 0.983, interrupts fewer "
            "pauses of people who think while they speak, and answers some later; semantic.",
        ),
    ] = 0.95
    endpoint_ms: Annotated[
        Milliseconds,
        Meta(description="Silence after which a turn is over, in milliseconds; mode silence."),
    ] = 480
    end_model: Annotated[
        str,
        Meta(
            min_length=1, description="End-of-turn model: one of `assistant models list`, or the path of an .onnx file."
        ),
    ] = "smart-turn-v3.2"
    pre_roll_ms: Annotated[
        Milliseconds,
        Meta(description="Audio kept from before the onset, in milliseconds, so that no first syllable is lost."),
    ] = 320
    reopen_ms: Annotated[
        Milliseconds,
        Meta(
            description="Speech before the answer, or so many milliseconds into it, belongs to the question: both are "
            "answered together."
        ),
    ] = 800
    max_utterance_s: Annotated[
        float,
        Meta(ge=2, le=28, description="Longest utterance, in seconds; a longer one is answered at this point."),
    ] = 28.0

    def __post_init__(self) -> None:
        order = (
            ["soft_end_ms", "endpoint_ms"]
            if self.mode == "silence"
            else ["soft_end_ms", "complete_ms", "incomplete_ms"]
        )
        for first, second in pairwise(order):
            if getattr(self, first) > getattr(self, second):
                raise ValueError(f"expected {first} ({getattr(self, first)}) <= {second} ({getattr(self, second)})")

    @property
    def longest_silence_ms(self) -> int:
        """Silence that ends a turn in any case."""
        return self.endpoint_ms if self.mode == "silence" else self.incomplete_ms


class Asr(Section, frozen=True):
    """Speech recognition (faster-whisper)."""

    model: Annotated[
        str,
        Meta(
            min_length=1,
            description="A model of `assistant models list`, or the path of a CTranslate2 folder.",
        ),
    ] = "whisper-base"
    language: Annotated[
        str,
        Meta(
            min_length=1,
            description="Spoken language as an ISO 639-1 code or a locale (de, en_US, nb, zh-Hans), or 'auto' to "
            "detect it for every utterance.",
        ),
    ] = "auto"
    languages: Annotated[
        list[Annotated[str, Meta(min_length=1)]],
        Meta(
            description="Languages that are spoken here, such as [en, de], of which one is detected for every "
            "utterance; [] for any. Short utterances may otherwise be taken for a language that nobody speaks here."
        ),
    ] = field(default_factory=list)
    device: Annotated[Literal["auto", "cpu", "cuda"], Meta(description="Processor: auto, cpu or cuda.")] = "auto"
    partials: Annotated[bool, Meta(description="Recognise while the user speaks and report partial transcripts.")] = (
        True
    )
    partial_interval_ms: Annotated[
        int,
        Meta(
            ge=100,
            le=10_000,
            description="New audio, in milliseconds, that makes another partial transcript worthwhile.",
        ),
    ] = 700

    def __post_init__(self) -> None:
        language = self.language.strip().casefold()
        if language != "auto":
            try:
                language = code_of(language)
            except ValueError as error:
                raise ValueError(f"language: {error}") from None
            if language == "yue" and "/" not in self.model and "large-v3" not in self.model:
                raise ValueError(
                    f"language: {self.model} knows no Cantonese; write zh, or model: whisper-large-v3-turbo"
                )
        msgspec.structs.force_setattr(self, "language", language)
        try:
            codes = [code_of(each) for each in self.languages]
        except ValueError as error:
            raise ValueError(f"languages: {error}") from None
        msgspec.structs.force_setattr(self, "languages", codes)

    @property
    def given_language(self) -> str | None:
        """The language that is spoken; None when it is to be detected."""
        if self.language == "auto":
            return self.languages[0] if len(self.languages) == 1 else None
        return self.language


class Answers(Section, frozen=True):
    """What answers a question."""

    order: Annotated[
        list[Annotated[str, Meta(min_length=1)]],
        Meta(
            min_length=1,
            description="Who is asked, one after another, until one has an answer. skills: timers, alarms, lists, "
            "the time, sums and more, exactly, in four languages. clock: what time it is, in eight. "
            "deeds: says of what nothing here can do, such as switching a light, that it cannot. model: the language "
            "model, which has an answer to everything. module:factory: a responder of your own.",
        ),
    ] = field(default_factory=lambda: ["skills", "clock", "deeds", "model"])


class Place(Section, frozen=True):
    """Where the device is."""

    city: Annotated[
        str,
        Meta(
            description="For sunrise, sunset and public holidays: a city of 200,000 people or more, or a capital, by "
            "any of its names. Empty: the city that the time zone of this machine is named after."
        ),
    ] = ""


class Llm(Section, frozen=True):
    """The language model."""

    engine: Annotated[
        Literal["llama", "openai"],
        Meta(description="llama: llama.cpp in this process. openai: an OpenAI-compatible server at base_url."),
    ] = "llama"
    model: Annotated[
        str,
        Meta(
            min_length=1,
            description="A model of `assistant models list`, the path of a GGUF file, or the server's model name.",
        ),
    ] = "smollm2-135m-instruct"
    device: Annotated[Device, Meta(description="Processor for llama.cpp: auto, cpu, cuda, vulkan or metal.")] = "auto"
    context_tokens: Annotated[
        int,
        Meta(
            ge=256,
            le=131_072,
            description="Context of the model in tokens; prompt, history and reply share it.",
        ),
    ] = 2048
    max_reply_tokens: Annotated[int, Meta(ge=1, le=4096, description="Longest reply in tokens.")] = 160
    temperature: Annotated[
        float, Meta(ge=0, le=2, description="Sampling temperature; 0 always takes the likeliest token.")
    ] = 0.0
    system_prompt: Annotated[
        str,
        Meta(
            max_length=20_000,
            description="Text that every prompt begins with. Name the language of tts.voice; keep out what changes.",
        ),
    ] = "You are a helpful voice assistant. Answer in English, in one or two short sentences."
    base_url: Annotated[
        str,
        Meta(
            pattern="^https?://",
            description="OpenAI-compatible server, used by engine 'openai' only. Text leaves this process.",
        ),
    ] = "http://127.0.0.1:8080/v1"
    api_key_env: Annotated[
        str,
        Meta(
            description="Environment variable, or systemd credential of that name, that holds the key for base_url; "
            "the key itself never stands here."
        ),
    ] = "ASSISTANT_LLM_API_KEY"


class Tts(Section, frozen=True):
    """Speech synthesis (Piper)."""

    voice: Annotated[
        str,
        Meta(min_length=1, description="A voice of `assistant models list`, or the path of a Piper .onnx file."),
    ] = "en_US-joe-medium"
    speed: Annotated[
        float, Meta(ge=0.5, le=2.0, description="Speaking rate; 1 is the voice's own, 2 twice as fast.")
    ] = 1.0
    clause_pause_ms: Annotated[
        Milliseconds, Meta(description="Pause between clauses of a sentence, in milliseconds.")
    ] = 80
    sentence_pause_ms: Annotated[Milliseconds, Meta(description="Pause between sentences, in milliseconds.")] = 260


class BargeIn(Section, frozen=True):
    """Speaking while the assistant speaks: it falls silent, and goes on after a cough or an "mhm"."""

    enabled: Annotated[
        Literal["auto", "on", "off"],
        Meta(
            description="auto: when echo cancellation is at work, without which it would hear itself. on: always, for "
            "headphones. off: it does not listen while it speaks."
        ),
    ] = "auto"
    duck_db: Annotated[
        float, Meta(ge=0, le=60, description="How much quieter it becomes at the first sign of speech, in decibels.")
    ] = 12.0


class Sound(Section, frozen=True):
    """How loud the assistant is, and the short sounds that tell what it does where wake words are used."""

    volume: Annotated[float, Meta(ge=0, le=1, description="Loudness of everything it plays, 0 to 1.")] = 1.0
    quiet_hours: Annotated[
        str, Meta(description="Hours of local time in which quiet_volume holds, such as '22:00-07:00'; '' for none.")
    ] = ""
    quiet_volume: Annotated[float, Meta(ge=0, le=1, description="Loudness in the quiet hours, 0 to 1.")] = 0.4
    wake: Annotated[bool, Meta(description="A sound when the wake word is heard.")] = True
    listening: Annotated[
        bool, Meta(description="A sound after the answer, when no wake word is needed for a while.")
    ] = True
    done: Annotated[bool, Meta(description="A sound when a wake word is needed again.")] = True
    error: Annotated[bool, Meta(description="A sound when no words were understood.")] = True
    muted: Annotated[bool, Meta(description="A sound when the microphone is switched off.")] = True

    def __post_init__(self) -> None:
        if self.quiet_hours:
            QuietHours.parse(self.quiet_hours)


class Ipc(Section, frozen=True):
    """The socket that `assistant ask`, `assistant say` and other programs talk to."""

    enabled: Annotated[bool, Meta(description="Open the socket.")] = True
    control: Annotated[
        list[Annotated[str, Meta(min_length=1)]],
        Meta(
            description="Who may use every method, besides the user that the daemon runs as: names of users, and of "
            "groups with @ before them."
        ),
    ] = field(default_factory=lambda: ["root", "@assistant"])
    read: Annotated[
        list[Annotated[str, Meta(min_length=1)]],
        Meta(description="Who else may use the methods that change nothing, and see what is said: as control."),
    ] = field(default_factory=list)
    max_clients: Annotated[int, Meta(ge=1, le=4096, description="Connections at a time; more are refused.")] = 512


class Wyoming(Section, frozen=True):
    """Recognition, voice, wake words and conversation for Home Assistant and satellites (extra `wyoming`)."""

    listen: Annotated[
        str,
        Meta(
            pattern="^$|^tcp://[^/]+:[0-9]+$|^unix:///.+",
            description="Address, such as tcp://127.0.0.1:10700 or unix:///run/assistant/wyoming.sock; '' for none. "
            "Whoever reaches it may use it: there is no password.",
        ),
    ] = ""
    satellites: Annotated[
        list[Annotated[str, Meta(pattern="^tcp://[^/]+:[0-9]+$|^unix:///.+")]],
        Meta(
            description="Satellites (microphone and loudspeaker in another room) to connect to, such as "
            "tcp://kitchen.local:10700."
        ),
    ] = field(default_factory=list)
    max_clients: Annotated[int, Meta(ge=1, le=256, description="Connections at a time; more are refused.")] = 16
    announce: Annotated[
        bool,
        Meta(
            description="Announce the address in the local network (multicast DNS), so that Home Assistant finds it; "
            "an address of this machine alone is not announced."
        ),
    ] = True
    ends_turns: Annotated[
        bool,
        Meta(
            description="Decide when a person who speaks into a client's microphone has finished, as in the rooms "
            "here. off: the client decides; Home Assistant waits for a second of silence."
        ),
    ] = True


class Metrics(Section, frozen=True):
    """Figures for a monitoring system; `assistant metrics` prints them without any of this."""

    http_port: Annotated[
        int,
        Meta(ge=0, le=65535, description="Port on 127.0.0.1 that serves them to Prometheus at /metrics; 0 for none."),
    ] = 0
    otlp_endpoint: Annotated[
        str,
        Meta(
            pattern="^$|^https?://",
            description="OpenTelemetry collector that gets a trace of each turn (no words), such as "
            "http://127.0.0.1:4318/v1/traces; '' for none. Needs the extra `otel`.",
        ),
    ] = ""


class State(Section, frozen=True):
    """What is remembered when the assistant is ended or fails: volume, whether the microphone is off, what was said."""

    history_hours: Annotated[
        float,
        Meta(
            ge=0,
            le=8760,
            description="For so many hours questions and answers are kept in a file that only the assistant's own user "
            "may read, to go on with the conversation after a restart; 0: no words are ever written to disk.",
        ),
    ] = 12.0


class Log(Section, frozen=True):
    """The log on standard error. Transcripts appear at level debug only."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="debug, info, warning or error.")
    ] = "info"
    format: Annotated[
        Literal["auto", "text", "json", "journal"],
        Meta(
            description="text for people, json for machines: one object a line, journal: systemd's, with priorities "
            "and fields (TURN_ID=, ROOM=). auto: journal where systemd reads the log, else text."
        ),
    ] = "auto"


class Config(Section, frozen=True):
    """The whole file."""

    audio: Audio = field(default_factory=Audio)
    wake: Wake | Literal["none"] = field(default_factory=Wake)
    turns: Turns = field(default_factory=Turns)
    asr: Asr = field(default_factory=Asr)
    answers: Answers = field(default_factory=Answers)
    place: Place = field(default_factory=Place)
    llm: Llm = field(default_factory=Llm)
    tts: Tts = field(default_factory=Tts)
    barge_in: BargeIn = field(default_factory=BargeIn)
    sound: Sound = field(default_factory=Sound)
    ipc: Ipc = field(default_factory=Ipc)
    wyoming: Wyoming = field(default_factory=Wyoming)
    metrics: Metrics = field(default_factory=Metrics)
    state: State = field(default_factory=State)
    log: Log = field(default_factory=Log)

    @property
    def models(self) -> dict[str, str]:
        """Every model that is loaded from disk: the key that names it, and its name in the catalogue or its path."""
        end_model = {"turns.end_model": self.turns.end_model} if self.turns.mode == "semantic" else {}
        language_model = {"llm.model": self.llm.model} if self.llm.engine == "llama" else {}
        return {**end_model, "asr.model": self.asr.model, **language_model, "tts.voice": self.tts.voice}
