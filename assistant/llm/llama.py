"""llama.cpp as a language model: the choice of the processor, and the requests."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assistant.blocking import Emit, StopFlag
from assistant.config.schema import Device
from assistant.errors import AssistantError, Code
from assistant.host.hardware import accelerators
from assistant.llm.base import Message, Usage
from assistant.llm.content import control_tokens, neutral
from assistant.llm.gguf import read_vocabulary
from assistant.llm.llama_native import Native, Setup, discard
from assistant.llm.llama_probe import probe

log = logging.getLogger(__name__)

REPETITION = {"repeat_penalty": 1.1, "repeat_last_n": 64}
"""A mild guard against loops. Measured with SmolLM2-135M, greedy, on 22 questions (14 of the recordings, 8 such as
"Write a poem about rain.") with at most 160 tokens a reply: without it 3 replies repeated themselves endlessly, with
1.05 one, with 1.1 none; llama.cpp's DRY sampler (0.8) left none either, but more replies reached the limit (5 to 2)."""

WHEELS = "https://xorbitsai.github.io/xllamacpp/whl/"
WHEEL_OF = {"cuda": "cu128", "rocm": "rocm-6.4.1", "vulkan": "vulkan"}
"""Package indexes of xllamacpp's builds for each kind of accelerator, from its README."""


class LlamaCpp:
    """A GGUF model with one slot, which keeps the key/value cache of the last prompt and reply.

    Generation uses `threads`, prompt evaluation `batch_threads`. `temperature` 0 always picks the likeliest token.

    `device` auto uses an accelerator if this machine has one, this build of xllamacpp supports it, and a probe in
    another process succeeds. Otherwise, and if loading it here fails nevertheless, the model runs on the CPU, with a
    warning if an accelerator was configured. The property `device` names the outcome.

    Raises `AssistantError`: `model.missing`, `model.corrupt` when the file is not GGUF, `model.unloadable` when
    llama.cpp cannot load it or cannot be loaded itself.
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
        self._control_tokens = _control_tokens(path)
        self._may_think = any("think" in token.lower() for token in self._control_tokens)
        self._context_tokens = min(context_tokens, self._native.context_tokens)
        if self._context_tokens < context_tokens:
            log.warning(
                "%s supports only %d tokens of context, fewer than llm.context_tokens", self._name, self._context_tokens
            )

    @property
    def name(self) -> str:
        """The file's name without its suffix."""
        return self._name

    @property
    def device(self) -> str:
        """`cpu`, `cuda`, `rocm`, `vulkan` or `metal`."""
        return self._device

    @property
    def shares_processor(self) -> bool:
        """True on the CPU. Continuing a reply evaluates one token again."""
        return self._device == "cpu"

    @property
    def context_tokens(self) -> int:
        """The configured capacity, or less if the model was trained with less."""
        return self._context_tokens

    def generate(self, messages: Sequence[Message], *, max_tokens: int, emit: Emit[str], stop: StopFlag) -> Usage:
        """As `LanguageModel.generate`. Exceptions of `emit` propagate. Thoughts of reasoning models are not emitted.

        Raises `llm.failed` if the context is full before the end of the reply, after emitting what fitted.
        """
        if stop.is_set():
            return Usage(0, 0, 0)
        reply = self._native.chat(
            {**self._chat(messages), **REPETITION, "max_tokens": max_tokens, "temperature": self._temperature},
            emit if max_tokens else discard,  # llama.cpp samples a token even when none is requested
            stop,
            after=messages[-1].content if messages[-1].role == "assistant" else "",
            may_think=self._may_think,
        )
        if reply.finish_reason == "length" and reply.generated < max_tokens:
            raise AssistantError(
                Code.LLM_FAILED,
                f"{self._name}: the reply did not fit into the context; raise llm.context_tokens"
                f" ({self._context_tokens}) or lower llm.max_reply_tokens",
            )
        return Usage(reply.reused, reply.evaluated, reply.generated if max_tokens else 0)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Count exactly, including the tokens of the chat template. Raises `AssistantError` (`llm.failed`)."""
        return self._native.count(self._chat(messages))

    def close(self) -> None:
        """Free the model and remove the socket; later calls raise `llm.failed`."""
        self._native.close()

    def _chat(self, messages: Sequence[Message]) -> dict[str, Any]:
        """Make the part of a request that determines the prompt.

        Thinking is disabled: the user would wait for it in silence. A lone surrogate, which UTF-8 cannot encode,
        becomes a question mark. llama.cpp tokenises the whole prompt with its control tokens, so that none may be in
        what was said.
        """
        contents = (message.content.encode("utf-8", "replace").decode("utf-8") for message in messages)
        return {
            "messages": [
                {"role": message.role, "content": neutral(content, self._control_tokens)}
                for message, content in zip(messages, contents, strict=True)
            ],
            "chat_template_kwargs": {"enable_thinking": False},
        }


def _control_tokens(path: Path) -> frozenset[str]:
    """Read what the model must not meet in what people say."""
    try:
        return control_tokens(read_vocabulary(path))
    except (OSError, ValueError) as error:
        raise AssistantError(Code.MODEL_CORRUPT, f"{path}: its vocabulary cannot be read: {error}") from error


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
    """Load the model on an accelerator, or on the CPU if none can be used; return the device and the model."""
    accelerator = _accelerator(setup, wanted)
    if accelerator is not None:
        try:
            return accelerator, Native(setup, offload=True)
        except AssistantError as error:
            log.warning("the language model runs on the CPU because %s failed: %s", accelerator, error)
    return "cpu", Native(setup, offload=False)


def _accelerator(setup: Setup, wanted: Device) -> str | None:
    """Choose the wanted accelerator, or any for `auto`, if a probe shows that it works."""
    if wanted == "cpu" or (wanted == "auto" and not accelerators()):
        return None
    result = probe(setup)
    if result.failure is not None:
        log.warning("the language model runs on the CPU because an accelerator failed its probe: %s", result.failure)
        return None
    usable = [kind for kind in result.devices if wanted in ("auto", kind)]
    if usable:
        return usable[0]
    missing = accelerators() if wanted == "auto" else (wanted,)
    log.log(
        logging.INFO if wanted == "auto" else logging.WARNING,
        "the language model runs on the CPU because this build of xllamacpp finds no %s device. %s",
        " or ".join(missing),
        " ".join(map(_install_advice, missing)),
    )
    return None


def _install_advice(kind: str) -> str:
    if kind not in WHEEL_OF:
        return f"No build with {kind} is available for this system."
    return f"For {kind}: `pip install --force-reinstall --index-url {WHEELS}{WHEEL_OF[kind]} xllamacpp`"
