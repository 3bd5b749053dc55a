"""Models from a Hugging Face repository at one commit. The only file that imports huggingface_hub.

It runs as a child process, so that a download can be observed and stopped as pip's
can. huggingface_hub 2.4 resumes a broken connection but starts a file over in a new process; complete files of an
interrupted fetch are used.
"""

import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from assistant.errors import AssistantError, Code
from assistant.host import children
from assistant.models import download
from assistant.models.catalog import File, Hub

QUIET = {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}


def fetch(
    source: Hub, files: Sequence[File], staging: Path, target: Path, *, lock: int, report: Callable[[int], None]
) -> None:
    """Put `files` into the folder `target`, downloading to `staging`.

    `lock` and `report` are those of `download.run_child`. Raises `AssistantError` (`model.fetch_failed`,
    `model.no_space`).
    """
    parts = staging / "hub"
    _remove_unfinished(parts)
    arrived = 0
    for file in files:
        for origin in file.origins:
            if not (parts / origin).is_file():
                _download(source, origin, file.size, parts, lock, report)
            arrived += (parts / origin).stat().st_size
            report(arrived)
    for file in files:
        _join([parts / origin for origin in file.origins], target / file.path)


def _remove_unfinished(parts: Path) -> None:
    for unfinished in parts.rglob("*.incomplete"):
        unfinished.unlink(missing_ok=True)


def _download(source: Hub, origin: str, max_bytes: int, parts: Path, lock: int, report: Callable[[int], None]) -> None:
    parts.mkdir(exist_ok=True)
    result = download.run_child(
        children.own_module("assistant.models.hub", source.repository, source.revision, origin, str(parts.absolute())),
        environment=QUIET,
        folder=parts,
        lock=lock,
        report=report,
        max_bytes=max_bytes,
    )
    if result.too_large:
        shutil.rmtree(parts)
        raise AssistantError(
            Code.MODEL_FETCH_FAILED,
            f"{origin} of {source.repository} on huggingface.co has more than the {max_bytes} bytes that the catalogue "
            "lists; check the proxy or mirror (HF_ENDPOINT) in use",
        )
    if result.status == 0 and (parts / origin).is_file():
        return
    place = f"{source.repository} on huggingface.co"
    if result.disk_full:
        raise AssistantError(Code.MODEL_NO_SPACE, f"cannot fetch {origin} of {place}: no space left on the disk")
    raise AssistantError(
        Code.MODEL_FETCH_FAILED,
        f"cannot fetch {origin} of {place}: {result.last_line}; check the network, then try again. "
        "Once the models are fetched, --offline works without a network",
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
    """Fetch one file into `folder`; on failure print one line to standard error and exit with status 1."""
    from huggingface_hub import hf_hub_download

    try:
        hf_hub_download(repository, origin, revision=revision, local_dir=folder)
    except (
        Exception
    ) as error:  # whatever huggingface_hub, its HTTP client or the disk raises: the parent turns it into an error
        print(_one_line(error), file=sys.stderr)
        sys.exit(1)


def _one_line(error: BaseException) -> str:
    """Describe the root cause: huggingface_hub wraps a refused connection into advice about its own cache."""
    cause = error
    while earlier := cause.__cause__ or cause.__context__:
        cause = earlier
    return " ".join(f"{type(cause).__name__}: {cause}".split())


if __name__ == "__main__":
    _main(*sys.argv[1:])
