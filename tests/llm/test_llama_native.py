"""The loop behind the model: its private socket, and what happens when it misbehaves."""

import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from http.client import HTTPException
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from assistant.blocking import NeverStop
from assistant.errors import AssistantError, Code
from assistant.llm.llama_native import Native, Setup, kinds
from assistant.llm.llama_socket import MAX_PATH_BYTES, SocketClient

LISTENING = "0A"


@pytest.fixture
def runtime(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A runtime directory with a short name, as systemd gives one."""
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:
        monkeypatch.setenv("RUNTIME_DIRECTORY", f"{directory}:/run/another")
        yield Path(directory)


def load(path: Path) -> Native:
    return Native(Setup(str(path), 256, 1, 1), offload=False)


def listening_ports() -> set[str]:
    """Inodes of this process's listening TCP sockets."""
    own = {os.readlink(entry) for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()}
    lines = [
        line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/self/net/{name}").read_text().splitlines()
    ]
    return {line[9] for line in lines if line[3] == LISTENING and f"socket:[{line[9]}]" in own}


def test_it_listens_on_a_socket_in_a_private_folder_that_goes_with_the_model(runtime: Path, gguf_path: Path) -> None:
    ports = listening_ports()
    native = load(gguf_path)
    try:
        assert listening_ports() == ports
        (folder,) = runtime.iterdir()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert [entry.is_socket() for entry in folder.iterdir()] == [True]
    finally:
        native.close()
    assert list(runtime.iterdir()) == []


def test_the_socket_answers_to_its_key_only(runtime: Path, gguf_path: Path) -> None:
    native = load(gguf_path)
    try:
        (socket,) = runtime.glob("*/*")
        stranger = SocketClient(str(socket), "guessed")
        with pytest.raises(HTTPException, match="401"):
            stranger.ask("POST", "/v1/chat/completions", {"messages": [{"role": "user", "content": "Hi"}]})
        with pytest.raises(HTTPException, match="401"):
            stranger.ask("GET", "/slots", None)
    finally:
        native.close()


def test_a_model_that_cannot_be_loaded_leaves_nothing_behind(runtime: Path, tmp_path: Path) -> None:
    path = tmp_path / "bad.gguf"
    path.write_bytes(b"GGUF")
    with pytest.raises(AssistantError):
        load(path)
    assert list(runtime.iterdir()) == []


def test_a_folder_too_deep_for_a_socket_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gguf_path: Path
) -> None:
    deep = tmp_path / ("d" * MAX_PATH_BYTES)
    deep.mkdir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(deep))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    load(gguf_path).close()
    assert list(deep.iterdir()) == []


def test_without_a_folder_for_the_socket_it_says_so(monkeypatch: pytest.MonkeyPatch, gguf_path: Path) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(AssistantError, match="XDG_RUNTIME_DIR") as raised:
        load(gguf_path)
    assert raised.value.code == Code.MODEL_UNLOADABLE


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["CPU"], []),
        (["CUDA0", "CUDA1", "CPU"], ["cuda"]),
        (["Vulkan0", "CPU"], ["vulkan"]),
        (["ROCm0", "BLAS", "CPU"], ["rocm"]),
        (["MTL0", "BLAS", "CPU"], ["metal"]),
    ],
)
def test_devices_are_called_what_the_configuration_calls_them(names: list[str], expected: list[str]) -> None:
    assert kinds(names) == expected


Event = dict[str, Any]


def piece(delta: Event, finish_reason: str | None = None) -> Event:
    return {"choices": [{"delta": delta, "finish_reason": finish_reason}]}


END = piece({}, "stop")


class ScriptedLoop:
    """Stands where xllamacpp's server does: reports `events`, until the callback has enough."""

    def __init__(self) -> None:
        self.events: Sequence[Event] = [END]
        self.error: Exception | None = None

    def handle_chat_completions(self, request: Event, callback: Callable[[Event], bool]) -> None:
        if self.error is not None:
            raise self.error
        any(callback(event) for event in self.events)


class ScriptedLibrary:
    """As much of xllamacpp as is used; what its server would be started with is in `given`."""

    def __init__(self, loop: ScriptedLoop) -> None:
        self.loop = loop
        self.given: list[SimpleNamespace] = []

    def CommonParams(self) -> SimpleNamespace:
        return SimpleNamespace(model=SimpleNamespace(), cpuparams=SimpleNamespace(), cpuparams_batch=SimpleNamespace())

    def Server(self, parameters: SimpleNamespace) -> ScriptedLoop:
        self.given.append(parameters)
        return self.loop


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> ScriptedLibrary:
    library = ScriptedLibrary(ScriptedLoop())
    monkeypatch.setitem(sys.modules, "xllamacpp", library)
    return library


@pytest.fixture
def loop(library: ScriptedLibrary, monkeypatch: pytest.MonkeyPatch) -> ScriptedLoop:

    def answer(client: SocketClient, method: str, path: str, body: Event | None) -> Event:
        if path == "/props":
            return {"default_generation_settings": {"n_ctx": 256}}
        raise HTTPException("500 Internal Server Error: broken")

    monkeypatch.setattr(SocketClient, "ask", answer)
    return library.loop


@pytest.fixture
def native(loop: ScriptedLoop) -> Iterator[Native]:
    native = load(Path("scripted.gguf"))
    yield native
    native.close()


def chat(native: Native) -> list[str]:
    pieces: list[str] = []
    native.chat({}, pieces.append, NeverStop())
    return pieces


def test_thoughts_are_never_emitted(loop: ScriptedLoop, native: Native) -> None:
    loop.events = [
        piece({"role": "assistant", "content": None}),
        piece({"reasoning_content": "Hm."}),
        piece({"content": "<think>Hm"}),
        piece({"content": "</think>\n\nNoon"}),
        piece({"content": "<"}),
        END,
    ]
    assert chat(native) == ["Noon", "<"]


def test_a_dialogue_that_the_model_goes_on_with_ends_the_request(loop: ScriptedLoop, native: Native) -> None:
    asked = {"error": {"message": "The loop was not stopped.", "type": "server_error"}}
    loop.events = [piece({"content": "Four."}), piece({"content": "\nUser:"}), asked]
    assert chat(native) == ["Four."]


def test_an_error_that_the_loop_reports_is_raised(loop: ScriptedLoop, native: Native) -> None:
    loop.events = [{"error": {"code": 500, "message": "Compute error.", "type": "server_error"}}]
    with pytest.raises(AssistantError, match="Compute error") as raised:
        chat(native)
    assert raised.value.code == Code.LLM_FAILED


def test_a_loop_that_ends_without_an_answer_is_an_error(loop: ScriptedLoop, native: Native) -> None:
    loop.events = [piece({"content": "It is"})]
    with pytest.raises(AssistantError, match="without an answer") as raised:
        chat(native)
    assert raised.value.code == Code.LLM_FAILED


def test_a_request_that_the_loop_refuses_is_an_error(loop: ScriptedLoop, native: Native) -> None:
    loop.error = RuntimeError("parse error")
    with pytest.raises(AssistantError, match="parse error") as raised:
        chat(native)
    assert raised.value.code == Code.LLM_FAILED


def test_a_model_that_does_not_answer_at_first_use_is_not_loaded(loop: ScriptedLoop, runtime: Path) -> None:
    loop.events = []
    with pytest.raises(AssistantError, match="without an answer"):
        load(Path("scripted.gguf"))
    assert list(runtime.iterdir()) == []


def test_a_socket_that_refuses_is_an_error(native: Native) -> None:
    with pytest.raises(AssistantError, match="500") as raised:
        native.count({"messages": []})
    assert raised.value.code == Code.LLM_FAILED


def test_a_missing_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch, gguf_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(AssistantError, match="libgomp1") as raised:
        load(gguf_path)
    assert raised.value.code == Code.MODEL_UNLOADABLE


@pytest.mark.usefixtures("loop")
def test_the_cpu_gets_no_layers_of_the_model_offloaded(library: ScriptedLibrary) -> None:
    for offload in (False, True):
        Native(Setup("m.gguf", 256, 1, 2), offload=offload).close()
    cpu, accelerator = library.given
    assert (cpu.n_gpu_layers, cpu.no_kv_offload, cpu.no_op_offload) == (0, True, True)
    assert not hasattr(accelerator, "n_gpu_layers")
