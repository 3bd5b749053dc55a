"""What this program offers, in Wyoming's words."""

from wyoming.info import (
    AsrModel,
    AsrProgram,
    Attribution,
    HandleModel,
    HandleProgram,
    Info,
    TtsProgram,
    TtsVoice,
    WakeModel,
    WakeProgram,
)

from assistant import __version__
from assistant.config.schema import Config
from assistant.engines.engines import Engines
from assistant.interfaces.wyoming import waking
from assistant.models.catalog import shipped

PROJECT = Attribution(name="assistant", url="")  # the package of this name on the index is another project
WHISPER = Attribution(name="SYSTRAN", url="https://github.com/SYSTRAN/faster-whisper")
LLAMA = Attribution(name="ggml-org", url="https://github.com/ggml-org/llama.cpp")
PIPER = Attribution(name="Open Home Foundation", url="https://github.com/OHF-Voice/piper1-gpl")
WAKE = Attribution(name="kahrendt", url="https://github.com/kahrendt/microWakeWord")


def info(config: Config, engines: Engines) -> Info:
    """Build the answer to `describe`."""
    language = engines.voice.language
    asr = AsrModel(engines.recognition.engine.name, WHISPER, True, "Whisper", __version__, _recognised(config))
    voice = TtsVoice(engines.voice.name, PIPER, True, engines.voice.name, __version__, [language])
    model = HandleModel(
        engines.generation.engine.name, LLAMA, True, "Language model", __version__, _answered(config, language)
    )
    name = "assistant"
    words = _words(config)
    return Info(
        asr=[
            AsrProgram(
                name,
                PROJECT,
                True,
                "Speech recognition",
                __version__,
                [asr],
                supports_transcript_streaming=True,
                requires_external_vad=not config.wyoming.ends_turns,
                prefers_auto_gain_enabled=False,
                prefers_noise_reduction_enabled=False,
            )
        ],
        tts=[
            TtsProgram(
                name, PROJECT, True, "Speech synthesis", __version__, [voice], supports_synthesize_streaming=True
            )
        ],
        handle=[
            HandleProgram(name, PROJECT, True, "Conversation", __version__, [model], supports_handled_streaming=True)
        ],
        wake=[WakeProgram(name, PROJECT, True, "Wake words", __version__, words)] if words else [],
    )


def _recognised(config: Config) -> list[str]:
    if config.asr.language != "auto":
        return [config.asr.language]
    if config.asr.languages:
        return list(config.asr.languages)
    catalog = shipped()
    return list((catalog.find(config.asr.model) or catalog.model("whisper-base")).languages)


def _answered(config: Config, spoken: str) -> list[str]:
    """The languages that are answered: those of the model, whatever this machine's own voice speaks."""
    model = shipped().find(config.llm.model) if config.llm.engine == "llama" else None
    return [spoken, *(code for code in (model.languages if model else ()) if code != spoken)]


def _words(config: Config) -> list[WakeModel]:
    return [
        WakeModel(
            name=word,
            attribution=WAKE,
            installed=True,
            description=word.replace("_", " "),
            version=__version__,
            languages=["en"],
            phrase=word.replace("_", " "),
        )
        for word in waking.configured(config)
    ]
