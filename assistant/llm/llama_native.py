"""llama.cpp's server loop in this process, through xllamacpp.

It runs in threads of its own and takes chat requests by function call. xllamacpp insists on serving HTTP as well. It
gets a Unix socket in a private folder, so that no port is open, and a random key; it is of use to us too,
because tokens can be counted only there (`llama_socket`).
"""

import os
import secrets
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from http.client import HTTPException
from pathlib import Path
from typing import Any

import msgspec

from assistant.blocking import Emit, NeverStop, StopFlag
from assistant.errors import AssistantError, Code
from assistant.llm.answer import AnswerText
from assistant.llm.llama_socket import MAX_PATH_BYTES, SocketClient

PROMPT_BATCH_CPU = 16
"""Prompt tokens between two checks of the stop flag: 0.1 s on two x86 cores with SmolLM2-135M Q4_1.

Small batches cost little because prompt evaluation is bound by computation, not by memory. Prompt tokens a second on
that machine, best of 9 interleaved runs over 120 tokens: 140 with batches of 8, 148 with 16, 151 with 32, 163 with 64,
167 with 512; a prompt of 22 tokens, as in a turn with a warm cache, took 129 to 141 ms with any of them.
"""

PROMPT_BATCH_ACCELERATOR = 512
"""llama.cpp's default micro-batch: an accelerator needs wide ones, and completes each in a few milliseconds."""

REUSED_CHUNK = 128
"""Minimum number of cached tokens that are shifted rather than evaluated again when the prompt before them is cut.

After four of seven exchanges were dropped from the history, the next turn evaluated 17 tokens instead of 204. Shifted
tokens still depend on what once preceded them. The chunk is therefore longer than any question: words that a later
revision changes are always evaluated anew.
"""

SOCKET_NAME = "llm.sock"

WARM_UP = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}

KIND_OF = {"CUDA": "cuda", "ROCm": "rocm", "Vulkan": "vulkan", "MTL": "metal", "Metal": "metal"}
"""Prefixes of ggml's device names (as in "CUDA0") to the names in the configuration."""


class Setup(msgspec.Struct, frozen=True):
    """Parameters with which llama.cpp is loaded."""

    path: str
    context_tokens: int
    threads: int
    batch_threads: int


class Native:
    """llama.cpp's server loop with one loaded model that has answered a first request.

    Raises `AssistantError`: `model.unloadable` when the model cannot be loaded, `llm.failed` when it does not answer.
    """

    def __init__(self, setup: Setup, *, offload: bool) -> None:
        self._name = Path(setup.path).stem
        with ExitStack() as parts:
            folder = parts.enter_context(tempfile.TemporaryDirectory(prefix="llm-", dir=_socket_parent()))
            socket = os.path.join(folder, SOCKET_NAME)
            key = secrets.token_hex()
            self._server = _serve(setup, offload, socket, key)
            parts.callback(self._free)
            self._client = SocketClient(socket, key)
            self.context_tokens = self._context()
            # Wait until the loop runs: xllamacpp hangs if it is freed before that.
            self.chat(WARM_UP, discard, NeverStop())
            self._parts = parts.pop_all()

    def chat(
        self,
        request: Mapping[str, Any],
        emit: Emit[str],
        stop: StopFlag,
        *,
        after: str = "",
        may_think: bool = True,
    ) -> "Reply":
        """Run one chat request; `after` is the answer so far, when the last message is the beginning of the reply.
        `may_think` as `AnswerText`.

        Raises `AssistantError` (`llm.failed`) and whatever `emit` raises.
        """
        if self._server is None:
            raise AssistantError(Code.LLM_FAILED, f"{self._name}: the model was closed")
        reply = Reply(emit, stop, after=after, may_think=may_think)
        try:
            self._server.handle_chat_completions({**request, "stream": True, "return_progress": True}, reply)
        except RuntimeError as error:
            raise AssistantError(Code.LLM_FAILED, f"{self._name}: llama.cpp rejected the request: {error}") from error
        if reply.raised is not None:
            raise reply.raised
        if reply.error is not None:
            raise AssistantError(Code.LLM_FAILED, f"{self._name}: {_reason(reply.error)}")
        if reply.finish_reason is None and not (reply.stopped or reply.is_over):
            raise AssistantError(
                Code.LLM_FAILED, f"{self._name}: llama.cpp ended without an answer; restart the assistant"
            )
        return reply

    def count(self, request: Mapping[str, Any]) -> int:
        """Count the tokens of the prompt made from the messages of `request`."""
        return int(self._ask("POST", "/v1/chat/completions/input_tokens", request)["input_tokens"])

    def close(self) -> None:
        """Free the model and the socket; later calls of the other methods raise `llm.failed`."""
        self._parts.close()

    def _free(self) -> None:
        self._server = None

    def _context(self) -> int:
        return int(self._ask("GET", "/props", None)["default_generation_settings"]["n_ctx"])

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        if self._server is None:
            raise AssistantError(Code.LLM_FAILED, f"{self._name}: the model was closed")
        try:
            return self._client.ask(method, path, body)
        except (OSError, HTTPException, ValueError) as error:
            raise AssistantError(Code.LLM_FAILED, f"{self._name}: llama.cpp did not answer {path}: {error}") from error


class Reply:
    """Collects the events of one request. The native loop calls it in the thread that made the request.

    Returning True ends the request. An exception would be printed and ignored, so it is stored for the caller.
    """

    def __init__(self, emit: Emit[str], stop: StopFlag, *, after: str, may_think: bool) -> None:
        self._emit = emit
        self._stop = stop
        self._text = AnswerText(after=after, may_think=may_think)
        self.reused = 0
        self.evaluated = 0
        self.generated = 0
        self.stopped = False
        self.finish_reason: str | None = None
        self.error: Mapping[str, Any] | None = None
        self.raised: BaseException | None = None

    def __call__(self, event: Mapping[str, Any]) -> bool:
        try:
            self._take(event)
        except BaseException as error:
            self.raised = error
            return True
        self.stopped = self._stop.is_set() and self.finish_reason is None
        return self.stopped or self.is_over

    @property
    def is_over(self) -> bool:
        """Whether the model has gone on to another turn, so that no more of the answer comes."""
        return self._text.ended

    def _take(self, event: Mapping[str, Any]) -> None:
        self.error = event.get("error")
        if progress := event.get("prompt_progress"):
            self.reused = progress["cache"]
            self.evaluated = progress["processed"] - progress["cache"]
        for choice in event.get("choices") or ():
            self._take_choice(choice)
        if timings := event.get("timings"):
            self.reused = timings["cache_n"]
            self.evaluated = timings["prompt_n"]
            self.generated = timings["predicted_n"]

    def _take_choice(self, choice: Mapping[str, Any]) -> None:
        self.finish_reason = choice.get("finish_reason")
        text = ""
        if piece := choice["delta"].get("content"):
            self.generated += 1
            text = self._text.feed(piece)
        if self.finish_reason is not None:
            text += self._text.flush()
        if text and not self._stop.is_set():
            self._emit(text)


def _reason(error: Mapping[str, Any]) -> str:
    if error.get("type") == "exceed_context_size_error":
        return (
            f"the prompt of {error['n_prompt_tokens']} tokens does not fit into llm.context_tokens ({error['n_ctx']});"
            " raise it, or ask a shorter question"
        )
    return f"llama.cpp failed: {error.get('message', error)}"


def discard(piece: str) -> None:
    """Drop a piece of a reply whose text is not needed."""


def accelerator_kinds() -> list[str]:
    """List the accelerators that this build of xllamacpp finds, each kind once, by their names in the configuration.

    A broken driver may end the process.
    """
    return kinds(device["name"] for device in _xllamacpp().get_device_info())


def kinds(names: Iterable[str]) -> list[str]:
    """Convert ggml's device names, such as "CUDA0", omitting "CPU" and unknown ones."""
    found = (kind for name in names for prefix, kind in KIND_OF.items() if name.startswith(prefix))
    return list(dict.fromkeys(found))


def _serve(setup: Setup, offload: bool, socket: str, key: str) -> Any:
    """Load the model and start the loop. Raises `AssistantError` (`model.unloadable`)."""
    xllamacpp = _xllamacpp()
    try:
        return xllamacpp.Server(_parameters(xllamacpp, setup, offload, socket, key))
    except (RuntimeError, ValueError) as error:
        raise AssistantError(
            Code.MODEL_UNLOADABLE,
            f"{setup.path}: llama.cpp cannot load it; it may be damaged, of an architecture that this version does not"
            f" support, or too large for the memory with llm.context_tokens {setup.context_tokens}",
        ) from error


def _xllamacpp() -> Any:
    try:
        import xllamacpp
    except ImportError as error:
        raise AssistantError(
            Code.MODEL_UNLOADABLE, f"llama.cpp cannot be loaded: {error}; install xllamacpp and, on Debian, libgomp1"
        ) from error
    return xllamacpp


def _parameters(xllamacpp: Any, setup: Setup, offload: bool, socket: str, key: str) -> Any:
    parameters = xllamacpp.CommonParams()
    parameters.model.path = setup.path
    parameters.n_ctx = setup.context_tokens
    parameters.n_batch = parameters.n_ubatch = PROMPT_BATCH_ACCELERATOR if offload else PROMPT_BATCH_CPU
    parameters.n_cache_reuse = REUSED_CHUNK
    parameters.n_parallel = 1
    parameters.cache_ram_mib = 0  # the default keeps up to 8 GiB of earlier prompts
    parameters.cpuparams.n_threads = setup.threads
    parameters.cpuparams_batch.n_threads = setup.batch_threads
    parameters.cpuparams.poll = parameters.cpuparams_batch.poll = 0
    parameters.hostnames = [socket]
    parameters.api_keys = [key]
    parameters.n_threads_http = 1
    parameters.ui = False
    parameters.verbosity = -1
    if not offload:
        parameters.n_gpu_layers = 0
        parameters.no_kv_offload = True
        parameters.no_op_offload = True
        parameters.fit_params = False
    return parameters


def _socket_parent() -> str:
    """Choose where the socket's folder is created, preferably where it disappears with the service or the session."""
    suffix = len("/llm-12345678/") + len(SOCKET_NAME)
    runtime = (os.environ.get(name, "").partition(":")[0] for name in ("RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"))
    for parent in (*runtime, tempfile.gettempdir(), "/tmp"):
        fits = len(os.fsencode(parent)) + suffix <= MAX_PATH_BYTES
        if os.path.isabs(parent) and fits and os.access(parent, os.W_OK | os.X_OK):
            return parent
    raise AssistantError(
        Code.MODEL_UNLOADABLE,
        "llama.cpp finds no folder for its socket; set XDG_RUNTIME_DIR to a short path of a writable folder",
    )
