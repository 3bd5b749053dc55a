"""Folders that take long to make: each is made once and kept under `$XDG_CACHE_HOME`, named after what goes into it."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ENOUGH_S = 86_400
"""An older layer than this is not in use by any test and is removed when a new one takes its place."""

LAST_WORDS = 4_000
"""Characters shown of what a tool said that failed."""


def cache() -> Path:
    """Where layers are kept; may be removed at any time that no test runs."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "assistant-machine"


def layer(kind: str, contents: list[str], make: Callable[[Path], None]) -> Path:
    """The folder with what `make` puts into it, or put into it earlier. Appears complete or not at all.

    Raises `RuntimeError` without root, which making one needs.
    """
    if os.geteuid() != 0:
        raise RuntimeError("making and booting a machine needs root: the same command with sudo before it")
    made = cache() / f"{kind}-{hashlib.sha256(repr(contents).encode()).hexdigest()[:16]}"
    if not made.exists():
        with tempfile.TemporaryDirectory(dir=cache(), prefix=f".{kind}-") as scratch:
            new = Path(scratch) / "layer"
            new.mkdir(mode=0o755)
            make(new)
            new.rename(made)
        _remove_older(kind)
    os.utime(made)
    return made


def shell(script: str, *arguments: str | Path) -> None:
    """Run `script` in a mount namespace of its own: what it mounts is gone when it ends, however it ends."""
    run("unshare", "--mount", "--propagation", "private", "sh", "-euc", script, "sh", *map(str, arguments))


def run(*command: str) -> None:
    """Run `command`. Raises `RuntimeError` with what it said last when it fails."""
    done = subprocess.run(command, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        said = done.stdout[-LAST_WORDS:]
        raise RuntimeError(f"the image cannot be made, {command[0]} ended with {done.returncode}:\n{said}")


@contextmanager
def locked() -> Iterator[None]:
    """One process makes layers at a time; others wait and then find them."""
    cache().mkdir(parents=True, exist_ok=True)
    with (cache() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _remove_older(kind: str) -> None:
    for old in cache().glob(f"{kind}-*"):
        if old.stat().st_mtime < time.time() - ENOUGH_S:
            shutil.rmtree(old)
