"""Loading the engines that the configuration names."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from assistant.answers.prompt import build
from assistant.asr.faster_whisper import FasterWhisper
from assistant.asr.files import FileTranscriber
from assistant.blocking import NeverStop
from assistant.config.changes import differences
from assistant.config.schema import Config
from assistant.dialogue.speaking.draft import clauses_of
from assistant.engines.engines import UNCHANGED, Engines, Fresh, Unchanged, share
from assistant.engines.model import Model
from assistant.host import libraries
from assistant.host.budget import Budget, thread_budget
from assistant.host.hardware import usable_cores
from assistant.host.secrets import secret
from assistant.language.deeds import asks_deed
from assistant.language.tables import tables_of
from assistant.llm.llama import LlamaCpp
from assistant.llm.openai import OpenAiCompatible
from assistant.models.directory import checked_on_failure, locate_configured
from assistant.tts.base import SpeechSynthesizer
from assistant.tts.clause_cache import CachingVoice
from assistant.tts.piper import Piper
from assistant.turns.base import EndOfTurn
from assistant.turns.smart_turn import SmartTurn
from assistant.vad.silero import Silero

P = ParamSpec("P")
T = TypeVar("T")

RECOGNISER_KEYS = ("asr.model", "asr.device")
MODEL_KEYS = tuple(
    f"llm.{key}" for key in ("engine", "model", "device", "context_tokens", "temperature", "base_url", "api_key_env")
)
VOICE_KEYS = ("tts.voice", "tts.speed")
END_KEYS = ("turns.mode", "turns.end_model")
"""Keys of the configuration that each engine is made from."""

Report = Callable[[str, float], None]
"""Takes what is being loaded, and the fraction (0 to 1) that is done. Called in several threads."""


def load_engines(config: Config, budget: Budget | None = None, report: Report = lambda what, done: None) -> Engines:
    """Load and warm up every engine, side by side. Raises `AssistantError` (`model.*`); never asks the network.

    The user is expected to speak the language of the voice. `budget` None is that of this machine.
    """
    libraries.prepare()
    budget = budget or thread_budget(usable_cores())
    progress = _Progress(report)
    with ThreadPoolExecutor(max_workers=4, thread_name_prefix="loading") as loading:
        recognizer = loading.submit(progress.of(config.asr.model, load_recognizer), config, budget.recognition)
        model = loading.submit(progress.of(config.llm.model, load_language_model), config, budget)
        voice = loading.submit(progress.of(config.tts.voice, load_voice), config, budget)
        end_of_turn = loading.submit(progress.of(config.turns.end_model, load_end_of_turn), config, budget)
        recognizer.result().expected_language = voice.result().language
        return share(
            recognizer.result(),
            model.result(),
            voice.result(),
            end_of_turn.result(),
            answers_beside_recognition=budget.answers_beside_recognition,
        )


def load_fresh(before: Config, after: Config, engines: Engines) -> Fresh:
    """Load the engines of `after` that are not those of `before`, which `engines` has.

    Raises as `load_engines` does.
    """
    budget = thread_budget(usable_cores())

    def changed(*keys: str) -> bool:
        return bool(set(keys) & set(differences(before, after)))

    fresh = Fresh(
        recognizer=load_recognizer(after, budget.recognition) if changed(*RECOGNISER_KEYS) else UNCHANGED,
        voice=load_voice(after, budget) if changed(*VOICE_KEYS) else UNCHANGED,
        end_of_turn=load_end_of_turn(after, budget) if changed(*END_KEYS) else UNCHANGED,
        model=load_language_model(after, budget) if changed(*MODEL_KEYS) else UNCHANGED,  # the only one to be closed
    )
    recognizer = engines.recognition.engine if fresh.recognizer is UNCHANGED else fresh.recognizer
    voice = engines.voice if fresh.voice is UNCHANGED else fresh.voice
    if isinstance(recognizer, FasterWhisper) and not isinstance(voice, Unchanged):
        recognizer.expected_language = voice.language
        recognizer.languages = after.asr.languages
    return fresh


class _Progress:
    """How many of the models are loaded, and which are not yet."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._lock = threading.Lock()
        self._waiting: list[str] = []
        self._done = 0

    def of(self, model: str, load: Callable[Concatenate[Config, P], T]) -> Callable[Concatenate[Config, P], T]:
        """Wrap `load` so that it is counted."""
        name = Path(model).name
        self._waiting.append(name)

        def counted(config: Config, /, *args: P.args, **kwargs: P.kwargs) -> T:
            self._say()
            loaded = load(config, *args, **kwargs)
            with self._lock:
                self._waiting.remove(name)
                self._done += 1
            self._say()
            return loaded

        return counted

    def _say(self) -> None:
        with self._lock:
            names, total = list(dict.fromkeys(self._waiting)), len(self._waiting) + self._done
        self._report(", ".join(names), self._done / total)


def load_file_transcriber(config: Config) -> FileTranscriber:
    """Load only what transcribing files needs. Raises as `load_engines` does."""
    libraries.prepare()
    recognizer = load_recognizer(config, min(usable_cores(), 8))  # nothing else is at work
    language = config.asr.given_language
    return FileTranscriber(recognizer, Silero(), language, config.asr.partial_interval_ms / 1000)


@checked_on_failure("asr.model")
def load_recognizer(config: Config, threads: int) -> FasterWhisper:
    recognizer = FasterWhisper(locate_configured(config, "asr.model"), config.asr.device, threads)
    recognizer.warm_up()
    recognizer.languages = config.asr.languages
    return recognizer


@checked_on_failure("llm.model")
def load_language_model(config: Config, budget: Budget) -> Model:
    """Load the language model, and the head of every prompt into its key/value cache."""
    llm = config.llm
    if llm.engine == "openai":
        key = secret(llm.api_key_env)
        return OpenAiCompatible(
            llm.base_url, llm.model, api_key=key, context_tokens=llm.context_tokens, temperature=llm.temperature
        )
    model = LlamaCpp(
        locate_configured(config, "llm.model"),
        llm.device,
        context_tokens=llm.context_tokens,
        threads=budget.generation,
        batch_threads=budget.prompt,
        temperature=llm.temperature,
    )
    model.generate(build(llm.system_prompt, (), "Hello"), max_tokens=0, emit=lambda _: None, stop=NeverStop())
    return model


@checked_on_failure("tts.voice")
def load_voice(config: Config, budget: Budget) -> SpeechSynthesizer:
    """Load the voice and the rules of what it reads, and synthesise the urgent phrases ahead."""
    voice = Piper(locate_configured(config, "tts.voice"), threads=budget.synthesis, speed=config.tts.speed)
    voice.warm_up()
    clauses_of("5 at once", voice.language)  # compiles what reads numbers and units
    asks_deed("", voice.language)  # and what is asked in that language
    return CachingVoice(voice, tables_of(voice.language).phrases.urgent)


@checked_on_failure("turns.end_model")
def load_end_of_turn(config: Config, budget: Budget) -> EndOfTurn | None:
    """Load the end-of-turn model; None when silence alone decides."""
    if config.turns.mode == "silence":
        return None
    model = SmartTurn(locate_configured(config, "turns.end_model"), budget.judgement)
    model.warm_up()
    return model
