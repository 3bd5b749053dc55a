"""What is on the disk is not there, damaged, or finds no room."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from assistant.errors import AssistantError, Code
from tests.machine.daemon import MODELS, STATE, Daemon
from tests.machine.faults.fault import VOLUME, Fault, Outcome

FILLER = "/var/tmp/filler"
BLOCK = 4096

MODEL = "smollm2-135m-instruct"

UNHELPED = 4
"""Exit status of a daemon whose models are missing or damaged, which no restart helps."""


def disk_full(daemon: Daemon) -> Outcome:
    with _full(daemon.machine.path(FILLER)):
        with pytest.raises(AssistantError) as refused:
            daemon.call("volume", level=VOLUME / 2)
        assert refused.value.code is Code.STATE_UNWRITABLE
        daemon.answers_aloud()
        said = daemon.memory.exchanges
    freed = time.monotonic()
    daemon.call("volume", level=VOLUME)
    written_s = time.monotonic() - freed
    daemon.start_anew()
    assert daemon.memory.exchanges[: len(said)] == said
    return Outcome(
        "went on answering; what has to be kept was refused, and written as soon as there was room", written_s
    )


def models_missing(daemon: Daemon) -> Outcome:
    models = daemon.machine.path(MODELS)
    models.rename(models.with_name("elsewhere"))
    _check_given_up(daemon, "model.not_fetched")
    models.with_name("elsewhere").rename(models)
    return _repaired(daemon, "is not in")


def model_corrupt(daemon: Daemon) -> Outcome:
    (model,) = daemon.machine.path(MODELS).joinpath(MODEL).glob("*.gguf")
    before = model.stat()
    _flip_a_bit(model)
    _check_given_up(daemon, "model.corrupt")
    _flip_a_bit(model)
    os.utime(model, ns=(before.st_atime_ns, before.st_mtime_ns))
    return _repaired(daemon, model.name)


def state_corrupt(daemon: Daemon) -> Outcome:
    daemon.systemctl("stop")
    state = daemon.machine.path(STATE)
    for file in state.parent.glob(f"{state.name}*"):
        file.unlink()
    state.write_bytes(b"no database" * 1000)
    began = time.monotonic()
    daemon.systemctl("start")
    listening = daemon.until_listening(after=began)
    assert daemon.memory.exchanges == ()
    assert state.with_suffix(".damaged").exists()
    return Outcome("put aside, begun anew", listening - began, "volume and history, which were in it")


def _check_given_up(daemon: Daemon, code: str) -> None:
    """Starting fails in a way that says what to do, and is not tried again and again."""
    began = time.monotonic()
    daemon.machine.attempt("systemctl", "restart", "assistant")
    facts = daemon.until_active("failed")
    assert (facts.exit_status, facts.restarts) == (UNHELPED, 0), facts
    assert code in facts.status, facts.status
    daemon.journal.until(lambda entry: entry.code == code, code, after=began)


def _repaired(daemon: Daemon, word: str) -> Outcome:
    status = daemon.facts.status
    assert word in status, status
    began = time.monotonic()
    listening = daemon.start_anew()
    return Outcome("failed with status 4, not restarted; STATUS says what to do", listening - began)


@contextmanager
def _full(filler: Path) -> Iterator[None]:
    """The disk, to the last block."""
    try:
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(BLOCK)) == BLOCK:
                pass
        yield
    finally:
        filler.unlink()


def _flip_a_bit(path: Path) -> None:
    """The same again undoes it."""
    with path.open("r+b") as content:
        content.seek(path.stat().st_size // 2)
        byte = content.read(1)[0]
        content.seek(-1, os.SEEK_CUR)
        content.write(bytes([byte ^ 1]))


FAULTS = (
    Fault("disk full", disk_full),
    Fault("no models", models_missing),
    Fault("a corrupt model file", model_corrupt),
    Fault("a corrupt state file", state_corrupt, forgets=True),
)
