"""llama.cpp as a language model: which processor it runs on, and what it is asked."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assistant.blocking import Emit, StopFlag
from assistant.config.schema import Device
from assistant.errors import AssistantError, Code
from assistant.host.hardware import accelerators
from assistant.llm.base import Message, Usage
from assistant.llm.llama_native import Native, Setup, ignore
from assistant.llm.llama_trial import try_out

log = logging.getLogger(__name__)

REPETITION = {"repeat_penalty": 1.1, "repeat_last_n": 64}
"""A mild guard against loops. SmolLM2-135M, greedy, 22 questions (14 of the recordings, 8 such as "Write a poem about
rain."), replies of at most 160 tokens: without it 3 repeated themselves endlessly, with 1.05 one, with 1.1 none;
llama.cpp's DRY sampler (0.8) left none either but more replies that ran into the limit (5 against 2)."""

WHEELS = "https://xorbitsai.github.io/xllamacpp/whl/"
WHEEL_OF = {"cuda": "cu128", "rocm": "rocm-6.4.1", "vulkan": "vulkan"}
"""Index of xllamacpp's builds for each kind of accelerator, as its README names them."""


class LlamaCpp:
    """A GGUF model. Its one slot keeps the key/value cache of the last prompt and reply.

    `threads` generate, `batch_threads` evaluate the prompt. `temperature` 0 always takes the likeliest token.

    `device` auto uses an accelerator when this machine has one, this build of xllamacpp supports it and a trial in
    another process answers; else, or when it then fails here, the model runs on the CPU, with a warning if an
    accelerator was wanted. `device` says which it was.

    Raises `AssistantError`: `model.missing`, `model.corrupt` when the file is not GGUF, `model.unloadable` when
    llama.cpp does not take it or cannot be loaded itself.
    """

    def __init__(
        self,
        path: Path,
        device: Device = "auto",
        *,
        context_tokens: int,
        threads: int,
        batch_threads: int,
        temperature: float = 0.0,
    ) -> None:
        _check_gguf(path)
        setup = Setup(str(path), context_tokens, threads, batch_threads)
        self._name = path.stem
        self._temperature = temperature
        self._device, self._native = _load(setup, device)
        self._context_tokens = min(context_tokens, self._native.context_tokens)
        if self._context_tokens < context_tokens:
            log.warning("%s has %d tokens of context, less than llm.context_tokens", self._name, self._context_tokens)

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self._name

    @property
    def device(self) -> str:
        """`cpu`, `cuda`, `rocm`, `vulkan` or `metal`."""
        return self._device

    @property
    def shares_processor(self) -> bool:
        """On the CPU. Going on with a reply of some words evaluates one token again."""
        return self._device == "cpu"

    @property
    def context_tokens(self) -> int:
        """What was asked for, or less when the model was trained with less."""
        return self._context_tokens

    def generate(self, messages: Sequence[Message], *, max_tokens: int, emit: Emit[str], stop: StopFlag) -> Usage:
        """As `LanguageModel.generate`. What `emit` raises goes through. Thoughts of reasoning models are not emitted.

        When the context is full before the reply has ended it is `llm.failed`, after what was emitted of it.
        """
        if stop.is_set():
            return Usage(0, 0, 0)
        reply = self._native.chat(
            {**_chat(messages), **REPETITION, "max_tokens": max_tokens, "temperature": self._temperature},
            emit if max_tokens else ignore,  # llama.cpp samples a token of the reply even when none is asked for
            stop,
            begun=messages[-1].role == "assistant",
        )
        if reply.finish_reason == "length" and reply.generated < max_tokens:
            raise AssistantError(
                Code.LLM_FAILED,
                f"{self._name}: the reply did not fit; llm.context_tokens ({self._context_tokens}) is too small for"
                " the prompt and llm.max_reply_tokens",
            )
        return Usage(reply.reused, reply.evaluated, reply.generated if max_tokens else 0)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Exact, the template's own tokens included. Raises `AssistantError` (`llm.failed`)."""
        return self._native.count(_chat(messages))

    def close(self) -> None:
        """Free the model and remove the socket. Calls after that are `llm.failed`."""
        self._native.close()


def _chat(messages: Sequence[Message]) -> dict[str, Any]:
    """The part of a request that decides what the prompt becomes.

    Thinking is off: a listener would wait for it in silence. Half a surrogate pair, which no UTF-8 can hold, becomes
    a question mark.
    """
    return {
        "messages": [
            {"role": message.role, "content": message.content.encode("utf-8", "replace").decode("utf-8")}
            for message in messages
        ],
        "chat_template_kwargs": {"enable_thinking": False},
    }


def _check_gguf(path: Path) -> None:
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except FileNotFoundError as error:
        raise AssistantError(
            Code.MODEL_MISSING, f"{path}: no such model; fetch it with `assistant models pull`"
        ) from error
    except OSError as error:
        raise AssistantError(Code.MODEL_UNLOADABLE, f"{path}: cannot be read: {error.strerror}") from error
    if magic != b"GGUF":
        raise AssistantError(Code.MODEL_CORRUPT, f"{path}: not a GGUF model; remove it and fetch it again")


def _load(setup: Setup, wanted: Device) -> tuple[str, Native]:
    """The device, and the model loaded on it; on the CPU when no accelerator will do."""
    accelerator = _accelerator(setup, wanted)
    if accelerator is not None:
        try:
            return accelerator, Native(setup, offload=True)
        except AssistantError as error:
            log.warning("%s failed, so the language model runs on the CPU: %s", accelerator, error)
    return "cpu", Native(setup, offload=False)


def _accelerator(setup: Setup, wanted: Device) -> str | None:
    """The accelerator to use: the one that is wanted, or any for `auto`, if a trial shows that it works."""
    if wanted == "cpu" or (wanted == "auto" and not accelerators()):
        return None
    trial = try_out(setup)
    if trial.failure is not None:
        log.warning("the trial of an accelerator failed, so the language model runs on the CPU: %s", trial.failure)
        return None
    usable = [kind for kind in trial.devices if wanted in ("auto", kind)]
    if usable:
        return usable[0]
    missing = accelerators() if wanted == "auto" else (wanted,)
    log.log(
        logging.INFO if wanted == "auto" else logging.WARNING,
        "this build of xllamacpp finds no device for %s, so the language model runs on the CPU. %s",
        " or ".join(missing),
        " ".join(map(_how_to_get, missing)),
    )
    return None


def _how_to_get(kind: str) -> str:
    if kind not in WHEEL_OF:
        return f"There is no build with {kind} for this system."
    return f"For {kind}: pip install --force-reinstall --index-url {WHEELS}{WHEEL_OF[kind]} xllamacpp"
