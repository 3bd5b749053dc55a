"""An outside judge: the public `wyoming-bench`, streaming and not."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import anyio
import anyio.from_thread
import msgspec
import pytest

from assistant.bench.clips import Clip
from assistant.config.schema import Config, Wyoming
from assistant.engines.engines import Engines
from assistant.interfaces.wyoming.server import WyomingServer
from tests.interfaces.wyoming.conftest import host_of

CLIPS = ("q_grapefruit_in_french", "q_what_time_is_it_r3")


@pytest.fixture
def served(engines: Engines, port: int) -> Iterator[str]:
    """The address of a server whose event loop runs in another thread."""
    config = msgspec.structs.replace(Config(), wyoming=Wyoming(listen=f"tcp://127.0.0.1:{port}"))
    ready, end = threading.Event(), anyio.Event()
    loop: list[anyio.from_thread.BlockingPortal] = []

    async def serve() -> None:
        async with anyio.from_thread.BlockingPortal() as portal, anyio.create_task_group() as tasks:
            loop.append(portal)
            await tasks.start(WyomingServer(host_of(engines, config)).run)
            ready.set()
            await end.wait()
            tasks.cancel_scope.cancel()

    thread = threading.Thread(target=anyio.run, args=(serve,))
    thread.start()
    ready.wait()
    yield f"127.0.0.1:{port}"
    loop[0].start_task_soon(_set, end)
    thread.join()


async def _set(event: anyio.Event) -> None:
    event.set()


def judge(*arguments: str) -> str:
    """What it prints. It fails when a measurement does."""
    done = subprocess.run(
        [Path(sys.executable).parent / "wyoming-bench", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_finds_the_services(served: str) -> None:
    described = judge("info", served)
    assert "asr" in described
    assert "tts" in described


def test_recognition(served: str, clips: dict[str, Clip], tmp_path: Path) -> None:
    for name in CLIPS:
        (tmp_path / f"{name}.wav").write_bytes(clips[name].path.read_bytes())
        (tmp_path / f"{name}.txt").write_text(clips[name].transcript or "")
    report = judge("stt", served, "--corpus", str(tmp_path), "--rounds", "1", "--warmup", "0", "--mode", "both")
    assert re.findall(r"(\w+)\] ok=(\d+) fail=(\d+)", report) == [("non_streaming", "2", "0"), ("streaming", "2", "0")]
    assert set(re.findall(r"(\d+\.\d)%", report)) == {"0.0", "100.0"}, "a word is wrong"


def test_synthesis(served: str) -> None:
    texts = ["The kettle is boiling. Shall I make tea?"]
    report = judge("tts", served, "--texts", *texts, "--rounds", "1", "--warmup", "0", "--mode", "both")
    assert re.findall(r"(\w+)\] ok=(\d+) fail=(\d+)", report) == [("non_streaming", "1", "0"), ("streaming", "1", "0")]
