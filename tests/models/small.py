"""Small models in real wheels, and a package index and hub that can stop in the middle of a file."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import threading
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec

from assistant.models.catalog import Catalog, File, Hub, Model, Task, Wheel, Wheels

REVISION = "0123456789abcdef0123456789abcdef01234567"
SIZE = 2_000_000
"""Bytes of a weights file. Half of one exceeds what pip holds in memory (a quarter of a megabyte), so it is on disk."""


def noise(seed: int, size: int = SIZE) -> bytes:
    """Make bytes that zip cannot compress."""
    return random.Random(seed).randbytes(size)


def listed(path: str, content: bytes, *parts: str) -> File:
    return File(path=path, size=len(content), sha256=hashlib.sha256(content).hexdigest(), parts=parts)


def described(name: str, task: Task, source: Wheels | Hub, *files: File, main: str | None = None) -> Model:
    return Model(
        name=name,
        task=task,
        languages=("en",),
        size=sum(file.size for file in files),
        licence="CC0-1.0",
        licence_source="this test",
        description="A model for tests.",
        default=True,
        fetched_here=True,
        main=main,
        source=source,
        files=files,
    )


def build_wheel(folder: Path, name: str, members: Mapping[str, bytes]) -> Wheel:
    """Build a wheel that pip accepts, version 1.0.0."""
    package = name.replace("-", "_")
    file = f"{package}-1.0.0-py3-none-any.whl"
    info = f"{package}-1.0.0.dist-info"
    with zipfile.ZipFile(folder / file, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    content = (folder / file).read_bytes()
    return Wheel(name=name, version="1.0.0", file=file, size=len(content), sha256=hashlib.sha256(content).hexdigest())


EARS = {"first": noise(1), "second": noise(2), "config": b'{"model": "ears"}'}
EARS_FILES = {"model.bin": EARS["first"] + EARS["second"], "config.json": EARS["config"]}


def ears(folder: Path) -> Model:
    """Make a recogniser whose weights are in two wheels, written to `folder`."""
    one = build_wheel(folder, "ears-one", {"ears_one/part1": EARS["first"], "../outside": b"trick"})
    two = build_wheel(folder, "ears-two", {"ears_two/part2": EARS["second"], "ears_two/config.json": EARS["config"]})
    weights = listed("model.bin", EARS["first"] + EARS["second"], "ears_one/part1", "ears_two/part2")
    config = listed("config.json", EARS["config"], "ears_two/config.json")
    return described("ears-1.5", "asr", Wheels(wheels=(one, two)), weights, config)


def words(folder: Path) -> Model:
    """Make a language model in one wheel, written to `folder`."""
    content = b"GGUF" + noise(3)
    wheel = build_wheel(folder, "words", {"words/words.gguf": content})
    weights = listed("words.gguf", content, "words/words.gguf")
    return described("words", "llm", Wheels(wheels=(wheel,)), weights, main="words.gguf")


def install(model: Model, directory: Path, contents: Mapping[str, bytes]) -> None:
    """Install a model where a fetch would."""
    directory.mkdir(parents=True)
    for file in model.files:
        (directory / file.path).write_bytes(contents[file.path])


@dataclass
class Recorder:
    """A `Progress` that records its calls."""

    calls: list[str] = field(default_factory=list)
    arrived: list[int] = field(default_factory=list)
    waiting: threading.Event = field(default_factory=threading.Event)

    def wait(self, model: Model) -> None:
        self.calls.append(f"wait {model.name}")
        self.waiting.set()

    def begin(self, model: Model) -> None:
        self.calls.append(f"begin {model.name}")

    def advance(self, model: Model, arrived: int) -> None:
        self.arrived.append(arrived)

    def end(self, model: Model) -> None:
        self.calls.append(f"end {model.name}")


@dataclass
class Server:
    """A running server, as a test observes and controls it."""

    url: str
    requests: Counter[str] = field(default_factory=Counter)
    """GET requests by the last part of their path."""
    stall_at: str | None = None
    """The file of which only half is sent until `go_on` is set."""
    endless: str | None = None
    """The file that is sent over and over, without a length."""
    half_sent: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)


class _Listener(ThreadingHTTPServer):
    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.control = Server(f"http://127.0.0.1:{self.server_port}")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Listener

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self.server.control.requests[self._name()] += 1
        self._answer()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""

    def _name(self) -> str:
        return self.path.rstrip("/").rpartition("/")[2]

    def _answer(self) -> None:
        if self.path.startswith("/simple/"):
            wheels = self.server.folder.glob(f"{self._name().replace('-', '_')}-*.whl")
            links = [f'<a href="/files/{wheel.name}">{wheel.name}</a>' for wheel in wheels]
            self._send("".join(links).encode(), "text/html")
            return
        path = self.server.folder / self._name()
        if path.is_file() and (self.path.startswith("/files/") or f"/resolve/{REVISION}/" in self.path):
            self._send(path.read_bytes(), "application/octet-stream")
            return
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, content: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        if self._name() == self.server.control.endless:
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", REVISION)
        self.end_headers()
        if self.command == "GET":
            self._send_body(content)

    def _send_body(self, content: bytes) -> None:
        half = len(content) // 2
        try:
            while self._name() == self.server.control.endless:
                self.wfile.write(content)
            self.wfile.write(content[:half])
            if self._name() == self.server.control.stall_at:
                self.server.control.half_sent.set()
                self.server.control.go_on.wait()
            self.wfile.write(content[half:])
        except ConnectionError:
            self.close_connection = True  # some tests kill the client


@contextmanager
def serve(folder: Path) -> Iterator[Server]:
    """Run a package index at `/simple/` for the wheels in `folder`, and a hub with its other files."""
    listener = _Listener(folder)
    thread = threading.Thread(target=listener.serve_forever, daemon=True)
    thread.start()
    try:
        yield listener.control
    finally:
        listener.control.go_on.set()
        listener.shutdown()
        listener.server_close()
        thread.join()


FETCH_ALL = """
import pathlib, sys
from assistant.models import catalog, fetch
from assistant.models.directory import ModelDirectory
from tests.models.small import Recorder

models = catalog.read(pathlib.Path(sys.argv[1]))
fetch.fetch(models.models, ModelDirectory(pathlib.Path(sys.argv[2]), models), Recorder())
"""


@contextmanager
def fetching_process(model: Model, root: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Fetch `model` into the store at `root` in a process group of its own, which is killed as a whole in the end."""
    described_in = root.with_name(f"{root.name}.yaml")
    described_in.write_bytes(msgspec.yaml.encode(Catalog(models=(model,))))
    command = [sys.executable, "-c", FETCH_ALL, str(described_in), str(root)]
    with (
        root.with_name(f"{root.name}.log").open("wb") as log,
        subprocess.Popen(command, start_new_session=True, stdout=log, stderr=log) as process,
    ):
        try:
            yield process
        finally:
            cut_the_power(process)


def until_half_sent(server: Server, process: subprocess.Popen[bytes]) -> None:
    """Wait until half of the file at which `server` stalls is sent; fail if `process` ends before that."""
    while not server.half_sent.wait(0.1):
        assert process.poll() is None, "the fetch ended early; its output is in the .log beside the store"


def cut_the_power(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all its children at once."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()
