"""Models from a Hugging Face repository at one commit. The only file that imports huggingface_hub.

It runs as a child process (`python -m assistant.models.hub`), so that a download can be stopped and watched as pip's
can. huggingface_hub 2.4 resumes a broken connection but begins a file anew in a new process; complete files of an
interrupted fetch are used.
"""

import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from assistant.errors import AssistantError, Code
from assistant.models import download
from assistant.models.catalog import File, Hub

QUIET = {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}


def fetch(
    source: Hub, files: Sequence[File], staging: Path, target: Path, *, held: int, report: Callable[[int], None]
) -> None:
    """Put `files` into the folder `target`, using `staging` for what is under way.

    `held` and `report` are those of `download.run`. Raises `AssistantError` (`model.fetch_failed`, `model.no_space`).
    """
    parts = staging / "hub"
    _forget_unfinished(parts)
    arrived = 0
    for file in files:
        for origin in file.origins:
            if not (parts / origin).is_file():
                _download(source, origin, parts, held, report)
            arrived += (parts / origin).stat().st_size
            report(arrived)
    for file in files:
        _join([parts / origin for origin in file.origins], target / file.path)


def _forget_unfinished(parts: Path) -> None:
    for unfinished in parts.rglob("*.incomplete"):
        unfinished.unlink(missing_ok=True)


def _download(source: Hub, origin: str, parts: Path, held: int, report: Callable[[int], None]) -> None:
    parts.mkdir(exist_ok=True)
    outcome = download.run(
        [sys.executable, "-m", "assistant.models.hub", source.repository, source.revision, origin, str(parts)],
        environment=QUIET,
        growing=parts,
        held=held,
        report=report,
    )
    if outcome.status == 0 and (parts / origin).is_file():
        return
    place = f"{source.repository} on huggingface.co"
    if outcome.disk_full:
        raise AssistantError(Code.MODEL_NO_SPACE, f"cannot fetch {origin} of {place}: no space left on the disk")
    raise AssistantError(
        Code.MODEL_FETCH_FAILED,
        f"cannot fetch {origin} of {place}: {outcome.last_line}; check the network, then run this again. "
        "With models that are there, --offline needs no network",
    )


def _join(parts: Sequence[Path], path: Path) -> None:
    if len(parts) == 1:
        parts[0].replace(path)
        return
    with path.open("wb") as joined:
        for part in parts:
            with part.open("rb") as content:
                shutil.copyfileobj(content, joined, 1 << 20)


def _main(repository: str, revision: str, origin: str, folder: str) -> None:
    """The child: fetch one file into `folder`; on failure one line on standard error and status 1."""
    from huggingface_hub import hf_hub_download

    try:
        hf_hub_download(repository, origin, revision=revision, local_dir=folder)
    except Exception as error:  # whatever huggingface_hub, its HTTP client or the disk raises: the parent words it
        print(_one_line(error), file=sys.stderr)
        sys.exit(1)


def _one_line(error: BaseException) -> str:
    """What it began with: huggingface_hub wraps a refused connection into advice about its own cache."""
    first = error
    while earlier := first.__cause__ or first.__context__:
        first = earlier
    return " ".join(f"{type(first).__name__}: {first}".split())


if __name__ == "__main__":
    _main(*sys.argv[1:])
