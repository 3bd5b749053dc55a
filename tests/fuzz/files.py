"""Files: what is remembered, and recordings, damaged anywhere."""

import functools
import logging
import tempfile
from pathlib import Path

import anyio
import numpy as np

from assistant.errors import AssistantError, Code
from assistant.store.exchanges import Exchange
from assistant.store.store import open_store
from tests.audio.files import Form, check_readable_or_refused, encode

WORDS = "zirconium marmalade"
"""Words of a user, which no message and no log may contain."""

WHEN = 1_700_000_000.0

FORMS: tuple[Form, ...] = ("flac", "mp3", "ogg", "ipod", "webm", "aiff")


def fuzz_decoder(data: bytes) -> None:
    """A recording with `data` as changes of its bytes: as much as can be read of it, or an error."""
    form = FORMS[data[0] % len(FORMS)] if data else "flac"
    check_readable_or_refused(_damaged(_recording(form), data[1:]))


@functools.cache
def _recording(form: Form) -> bytes:
    return encode((0.3 * np.sin(np.arange(24_000) / 5)).astype(np.float32), form, rate=48_000)


def fuzz_state(data: bytes) -> None:
    """A state file with `data` as changes of its bytes: opened, put aside, or refused in a sentence without words."""
    records = _Records()
    log = logging.getLogger("assistant")
    log.addHandler(records)
    log.propagate = False
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "state.db"
            path.write_bytes(_damaged(_whole(), data))
            anyio.run(_use, path)
    except AssistantError as error:
        if error.code not in (Code.STORE_NEWER, Code.STATE_UNWRITABLE) or WORDS in error.message:
            raise
    finally:
        log.removeHandler(records)
    assert not any(WORDS in line for line in records.lines)


async def _use(path: Path) -> None:
    store = open_store(path, history_hours=1e9, clock=lambda: WHEN)
    try:
        for room in ("", "kitchen"):
            store.exchanges.recent(room)
            store.settings.get(room, "volume", float)
    finally:
        store.close()


@functools.cache
def _whole() -> bytes:
    """A file with settings and exchanges in it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        anyio.run(_fill, path)
        return path.read_bytes()


async def _fill(path: Path) -> None:
    store = open_store(path, history_hours=1e9, clock=lambda: WHEN)
    store.settings.set("kitchen", "volume", 0.5)
    for number in range(40):
        store.exchanges.add("kitchen", Exchange(f"{WORDS} {number}?", f"{number} {WORDS}"))
    store.close()


def _damaged(whole: bytes, changes: bytes) -> bytes:
    """Return `whole` with a byte changed, or its end cut off, for each five bytes of `changes`."""
    file = bytearray(whole)
    for start in range(0, len(changes) - 4, 5):
        position = int.from_bytes(changes[start : start + 4]) % len(file)
        if changes[start] == 255:
            del file[max(position, 1) :]
        else:
            file[position] = changes[start + 4]
    return bytes(file)


class _Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(logging.Formatter().format(record))
