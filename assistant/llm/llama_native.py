"""llama.cpp's server loop in this process, through xllamacpp.

It runs in threads of its own and takes chat requests by a function call. xllamacpp also insists on listening for HTTP
requests. It gets a Unix socket in a private folder, so that no port is open, and a random key; it is of use to us too,
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
from assistant.llm.llama_socket import MAX_PATH_BYTES, SocketClient
from assistant.llm.thoughts import WithoutThoughts

PROMPT_BATCH_CPU = 16
"""Prompt tokens between two looks at the stop flag, 0.1 s on two x86 cores with SmolLM2-135M Q4_1.

Small batches cost little because the processor, not the memory, bounds them. Prompt tokens a second there, best of 9
interleaved runs over 120 tokens: 140 with batches of 8, 148 with 16, 151 with 32, 163 with 64, 167 with 512; a prompt
of 22 tokens, as a turn with a warm cache has, took 129 to 141 ms with any of them.
"""

PROMPT_BATCH_ACCELERATOR = 512
"""llama.cpp's own micro-batch: an accelerator needs wide ones, and has done them in a few milliseconds."""

REUSED_CHUNK = 128
"""Tokens of the cache that may be moved rather than evaluated again, when what stood before them was forgotten.

After forgetting four of seven exchanges the next turn evaluated 17 tokens instead of 204. Moved tokens still carry
what they once saw before them, so the chunk is longer than any question: words that a later revision puts differently
are always read anew.
"""

SOCKET_NAME = "llm.sock"

FIRST_USE = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}

KIND_OF = {"CUDA": "cuda", "ROCm": "rocm", "Vulkan": "vulkan", "MTL": "metal", "Metal": "metal"}
"""How ggml's names of devices begin ("CUDA0") to what the configuration calls them."""


class Setup(msgspec.Struct, frozen=True):
    """What llama.cpp is loaded with."""

    path: str
    context_tokens: int
    threads: int
    batch_threads: int


class Native:
    """llama.cpp's server loop with one model loaded, which has answered once.

    Raises `AssistantError`: `model.unloadable` when it cannot be loaded, `llm.failed` when it does not answer.
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
            # The loop must be seen running: xllamacpp hangs for ever when it is freed before its loop has begun.
            self.chat(FIRST_USE, ignore, NeverStop())
            self._parts = parts.pop_all()

    def chat(self, request: Mapping[str, Any], emit: Emit[str], stop: StopFlag, *, begun: bool = False) -> "Reply":
        """Run one chat request; with `begun` its last message is the beginning of the reply.

        Raises `AssistantError` (`llm.failed`) and whatever `emit` raises.
        """
        if self._server is None:
            raise AssistantError(Code.LLM_FAILED, f"{self._name}: the model was closed")
        reply = Reply(emit, stop, begun=begun)
        try:
            self._server.handle_chat_completions({**request, "stream": True, "return_progress": True}, reply)
        except RuntimeError as error:
            raise AssistantError(Code.LLM_FAILED, f"{self._name}: llama.cpp refused the request: {error}") from error
        if reply.raised is not None:
            raise reply.raised
        if reply.error is not None:
            raise AssistantError(Code.LLM_FAILED, f"{self._name}: {_reason(reply.error)}")
        if reply.finish_reason is None and not reply.stopped:
            raise AssistantError(Code.LLM_FAILED, f"{self._name}: llama.cpp ended without an answer; start again")
        return reply

    def count(self, request: Mapping[str, Any]) -> int:
        """Tokens of the prompt that the messages of `request` become."""
        return int(self._ask("POST", "/v1/chat/completions/input_tokens", request)["input_tokens"])

    def close(self) -> None:
        """Free everything, once; later calls are `llm.failed`."""
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
    """What the native loop reports about one request. It is called in the thread that made the request.

    Returning True ends the request. An exception would be printed and ignored, so it is kept for the caller.
    """

    def __init__(self, emit: Emit[str], stop: StopFlag, *, begun: bool) -> None:
        self._emit = emit
        self._stop = stop
        self._text = WithoutThoughts(begun=begun)
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
        return self.stopped

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
            " raise it, or say less at once"
        )
    return f"llama.cpp failed: {error.get('message', error)}"


def ignore(piece: str) -> None:
    """Takes the pieces of a reply that nobody wants to hear."""


def accelerator_kinds() -> list[str]:
    """What the configuration calls the accelerators that this build of xllamacpp finds, each kind once.

    With a broken driver this may end the process.
    """
    return kinds(device["name"] for device in _xllamacpp().get_device_info())


def kinds(names: Iterable[str]) -> list[str]:
    """The same for ggml's names of devices, such as "CUDA0"; "CPU" is none."""
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
            f"{setup.path}: llama.cpp cannot load it; it may be damaged, of a kind that this version does not know,"
            f" or too large for the memory with llm.context_tokens {setup.context_tokens}",
        ) from error


def _xllamacpp() -> Any:
    try:
        import xllamacpp
    except ImportError as error:
        raise AssistantError(
            Code.MODEL_UNLOADABLE, f"llama.cpp cannot be loaded: {error}; install xllamacpp, and Debian's libgomp1"
        ) from error
    return xllamacpp


def _parameters(xllamacpp: Any, setup: Setup, offload: bool, socket: str, key: str) -> Any:
    parameters = xllamacpp.CommonParams()
    parameters.model.path = setup.path
    parameters.n_ctx = setup.context_tokens
    parameters.n_batch = parameters.n_ubatch = PROMPT_BATCH_ACCELERATOR if offload else PROMPT_BATCH_CPU
    parameters.n_cache_reuse = REUSED_CHUNK
    parameters.n_parallel = 1
    parameters.cache_ram_mib = 0  # Otherwise prompts that the slot has left are kept, up to 8 GiB of them.
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
    """A folder for the folder of the socket, preferably one that is gone after the service, or the session, ends."""
    suffix = len("/llm-12345678/") + len(SOCKET_NAME)
    runtime = (os.environ.get(name, "").partition(":")[0] for name in ("RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"))
    for parent in (*runtime, tempfile.gettempdir(), "/tmp"):
        fits = len(os.fsencode(parent)) + suffix <= MAX_PATH_BYTES
        if os.path.isabs(parent) and fits and os.access(parent, os.W_OK | os.X_OK):
            return parent
    raise AssistantError(
        Code.MODEL_UNLOADABLE, "llama.cpp needs a folder for its socket; set XDG_RUNTIME_DIR to a short, writable path"
    )
