"""Damaged files, bad folders and small limits: what the daemon finds when it starts or reads anew."""

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from assistant.models import directory
from tests.attacks.arena import Arena
from tests.attacks.attack import attack

WORDS = "What is the capital of France?"


def _configured(text: str) -> Callable[[Arena], str]:
    def carry_out(arena: Arena) -> str:
        arena.config.write_text(text)
        try:
            return arena.code("reload")
        finally:
            arena.configure()
            arena.call("reload")

    return carry_out


CONFIGURATIONS = {
    "a YAML bomb": "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(f"b{n}: &b{n} [{'*a,' * 9}]\n" for n in range(3)),
    "a megabyte of YAML": "wake: none\n" + "".join(f"key{number}: 1\n" for number in range(80_000)),
    "YAML nested 5,000 deep": "a: " + "[" * 5000,
    "random bytes": os.urandom(4096).decode("latin-1"),
    "nothing at all": "",
}

for name, text in CONFIGURATIONS.items():
    attack(f"configuration: {name}, at reload")(_configured(text))


@attack("configuration: a FIFO that nobody writes, at reload")
def fifo(arena: Arena) -> str:
    arena.config.unlink()
    os.mkfifo(arena.config)
    try:
        return arena.code("reload")
    finally:
        arena.config.unlink()
        arena.configure()


@attack("configuration: a folder, at reload")
def folder(arena: Arena) -> str:
    arena.config.unlink()
    arena.config.mkdir()
    try:
        return arena.code("reload")
    finally:
        arena.config.rmdir()
        arena.configure()


def _database(arena: Arena) -> Path:
    (found,) = (path for path in arena.state.iterdir() if path.suffix in (".db", ".sqlite", ".sqlite3"))
    return found


def _damaged(arena: Arena, page: int) -> None:
    """Make the daemon start on a state file one page of which is noise."""
    path = _database(arena)
    data = bytearray(path.read_bytes())
    size = 4096
    if (page + 1) * size <= len(data):
        data[page * size + (100 if page == 0 else 0) : (page + 1) * size] = os.urandom(size - (100 if page == 0 else 0))
        path.write_bytes(data)


@attack("state: each of the first eight pages is noise, at the start", alone=True, slow=True)
def pages(arena: Arena) -> str:
    for page in range(8):
        arena.call("ask", text=WORDS)
        with arena.away():
            for leftover in arena.state.glob("*-wal"):
                leftover.unlink()
            _damaged(arena, page)
        assert WORDS not in arena.log_text(), "words in the log"
    return "put aside or kept, begun anew; no words in the log"


@attack("state: an empty file, then a text, at the start", alone=True, slow=True)
def no_database(arena: Arena) -> str:
    for content in (b"", b"hello\n" * 1000):
        with arena.away():
            _database(arena).write_bytes(content)
    return "begun anew"


@attack("state: locked by another program", alone=True)
def locked(arena: Arena) -> str:
    with sqlite3.connect(_database(arena), timeout=5) as other:
        other.execute("BEGIN IMMEDIATE")
        refused = arena.code("volume", level=0.9)
        assert arena.code("ask", text=WORDS) == "ok"
        other.rollback()
    assert arena.code("volume", level=1.0) == "ok"
    return f"answers go on; what is promised to be kept is {refused}"


@attack("models: a file with other bytes of the same size, at the start", alone=True, slow=True)
def damaged_model(arena: Arena) -> str:
    models = arena.home / "models"
    models.mkdir()
    for entry in directory.root().iterdir():
        (models / entry.name).symlink_to(entry.resolve())
    broken = models / "smart-turn-v3.2"
    source = broken.resolve()
    broken.unlink()
    broken.mkdir()
    for file in source.iterdir():
        target = broken / file.name
        target.write_bytes(os.urandom(file.stat().st_size) if file.suffix == ".onnx" else file.read_bytes())
    arena.stop()
    ended = subprocess.run(
        [sys.executable, "-m", "assistant", "run", "--config", str(arena.config)],
        env=arena.room.environment | {"ASSISTANT_MODELS": str(models), "STATE_DIRECTORY": str(arena.state)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    arena.start()
    assert ended.returncode == 4, (ended.returncode, ended.stderr[-500:])
    return "status 4, with what to do"


@attack("limits: 64 open files in all, and 200 connections", alone=True, slow=True)
def few_files(arena: Arena) -> str:
    with suppress(AssertionError):
        arena.stop()
    arena.start("prlimit", "--nofile=64:64")
    try:
        lines = []
        for _ in range(200):
            with suppress(OSError):
                lines.append(arena.line(timeout_s=2))
        time.sleep(2.0)
        for line in lines:
            line.socket.close()
        time.sleep(1.0)
        arena.ask_aloud()
    finally:
        arena.kill()
        arena.start()
    return "no more are let in; then it answers"


@attack("current folder: pip.py and assistant.py lie there", alone=True, slow=True)
def hijack(arena: Arena) -> str:
    trap = arena.home / "trap"
    trap.mkdir()
    mark = arena.home / "sprung"
    for name in ("pip.py", "assistant.py", "sitecustomize.py", "numpy.py"):
        (trap / name).write_text(f"open({str(mark)!r}, 'w')\n")
    program = Path(sys.executable).with_name("assistant")
    for command in (["models", "list"], ["config", "check"], ["doctor"]):
        subprocess.run([program, *command], cwd=trap, capture_output=True, check=False, timeout=120)
    assert not mark.exists(), "it was run"
    return "none is run"
