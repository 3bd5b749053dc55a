"""Loading the engines that the configuration names."""

import os
from concurrent.futures import ThreadPoolExecutor

from assistant.asr.faster_whisper import FasterWhisper
from assistant.asr.files import FileTranscriber
from assistant.blocking import NeverStop
from assistant.config import Config
from assistant.dialogue import phrases
from assistant.dialogue.engines import Engines
from assistant.llm.base import LanguageModel
from assistant.llm.llama import LlamaCpp
from assistant.llm.openai import OpenAiCompatible
from assistant.llm.prompt import build
from assistant.models.store import locate_configured
from assistant.system.budget import Budget, thread_budget
from assistant.system.hardware import usable_cores
from assistant.tts.base import SpeechSynthesizer
from assistant.tts.piper import Piper
from assistant.tts.remembered import RememberedVoice
from assistant.turns.base import EndOfTurn
from assistant.turns.smart_turn import SmartTurn
from assistant.vad.silero import Silero
from assistant.wake.base import Spotter
from assistant.wake.words import WakeWords


def load_engines(config: Config, budget: Budget | None = None) -> Engines:
    """Load and warm up every engine, side by side. Raises `AssistantError` (`model.*`); never asks the network.

    The user is expected to speak the language of the voice. `budget` None is that of this machine.
    """
    budget = budget or thread_budget(usable_cores())
    with ThreadPoolExecutor(max_workers=4, thread_name_prefix="loading") as loading:
        recognizer = loading.submit(load_recognizer, config, budget.recognition)
        model = loading.submit(load_language_model, config, budget)
        voice = loading.submit(load_voice, config, budget)
        end_of_turn = loading.submit(load_end_of_turn, config, budget)
        recognizer.result().expected_language = voice.result().language
        return Engines(
            Silero(),
            recognizer.result(),
            model.result(),
            voice.result(),
            end_of_turn.result(),
            wake=load_wake_words(config),
            answers_beside_recognition=budget.answers_beside_recognition,
        )


def load_file_transcriber(config: Config) -> FileTranscriber:
    """Only what transcribing files needs. Raises as `load_engines` does."""
    recognizer = load_recognizer(config, min(usable_cores(), 8))  # nothing else is at work
    language = config.asr.given_language
    return FileTranscriber(recognizer, Silero(), language, config.asr.partial_interval_ms / 1000)


def load_recognizer(config: Config, threads: int) -> FasterWhisper:
    recognizer = FasterWhisper(locate_configured(config, "asr.model"), config.asr.device, threads)
    recognizer.warm_up()
    return recognizer


def load_language_model(config: Config, budget: Budget) -> LanguageModel:
    """The language model, with the head of every prompt in its key/value cache."""
    llm = config.llm
    if llm.engine == "openai":
        key = os.environ.get(llm.api_key_env)
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


def load_voice(config: Config, budget: Budget) -> SpeechSynthesizer:
    """The voice, which has said its fixed phrases already."""
    voice = Piper(locate_configured(config, "tts.voice"), threads=budget.synthesis, speed=config.tts.speed)
    voice.warm_up()
    return RememberedVoice(voice, phrases.fixed(voice.language))


def load_wake_words(config: Config) -> Spotter | None:
    """The wake words; None when none is needed."""
    return None if config.wake == "none" else WakeWords(config.wake.words)


def load_end_of_turn(config: Config, budget: Budget) -> EndOfTurn | None:
    """The end-of-turn model; None when silence alone decides."""
    if config.turns.mode == "silence":
        return None
    model = SmartTurn(locate_configured(config, "turns.end_model"), budget.judgement)
    model.warm_up()
    return model
