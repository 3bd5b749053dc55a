"""Check processors, memory and disk against what the configured models need."""

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from assistant.doctor.finding import Finding, failed, ok, warning
from assistant.host import hardware
from assistant.models.catalog import Model

PROGRAM_MB = 570
"""MiB of the running daemon besides its models: its peak was 873 MiB with the default models, whose files have 305 MiB
(`load_engines`, then `peak_memory_mb`)."""

MIN_FREE_MB = 200
"""MiB of disk that should stay free for the state database and other programs."""

UNPACK_FACTOR = 2
"""A model being fetched is on disk twice while it is unpacked."""


def check_machine(
    models_mb: float, missing: Sequence[Model], folders: Sequence[Path], *, loaded: bool, limit_mb: float, root: Path
) -> Iterator[Finding]:
    """Yield the findings about processor, memory and disk.

    `models_mb` is the size of all configured models and `missing` the ones to fetch, into the first of `folders`; the
    last one holds the state database. `loaded` says that a daemon has the models in memory already, `limit_mb` is the
    memory limit of its unit.
    """
    yield _processor(root)
    yield _memory(PROGRAM_MB + models_mb, loaded, limit_mb, root)
    yield _disk(sum(model.download_size for model in missing) / 2**20, folders)


def _processor(root: Path) -> Finding:
    machine = hardware.describe_machine(root)
    cores = int(machine["cores"])
    found = f"{cores} {'core' if cores == 1 else 'cores'}, {machine['cpu']}"
    if cores > 1:
        return ok("processor", found)
    return warning(
        "processor", found, "answers will be slow; use two cores or more (and check CPUQuota= and CPUAffinity=)"
    )


def _memory(needed_mb: float, loaded: bool, limit_mb: float, root: Path) -> Finding:
    usable_mb, available_mb = min(limit_mb, hardware.memory_mb(root)), hardware.available_memory_mb(root)
    found = f"{_gigabytes(available_mb)} of {_gigabytes(usable_mb)} free; about {_gigabytes(needed_mb)} needed"
    if usable_mb < needed_mb:
        return failed(
            "memory", found, "choose smaller models (`assistant models list`) or raise the limit (MemoryMax=)"
        )
    if available_mb < needed_mb and not loaded:
        return warning("memory", found, "close other programs or choose smaller models (`assistant models list`)")
    return ok("memory", found)


def _disk(to_fetch_mb: float, folders: Sequence[Path]) -> Finding:
    """Check the folder with the least space to spare; models are fetched into the first one."""
    needed = {
        folder: MIN_FREE_MB + (UNPACK_FACTOR * to_fetch_mb if folder is folders[0] else 0.0) for folder in folders
    }
    free = {folder: shutil.disk_usage(_existing(folder)).free / 2**20 for folder in folders}
    tightest = min(folders, key=lambda folder: free[folder] - needed[folder])
    found = f"{_gigabytes(free[tightest])} free in {tightest}"
    if to_fetch_mb:
        found += f"; {to_fetch_mb:.0f} MB of models to fetch"
    if os.statvfs(_existing(folders[-1])).f_flag & os.ST_RDONLY:
        found = f"{folders[-1]} is on a read-only file system, so nothing can be saved"
        return failed("disk", found, "remount it read-write; `dmesg` shows whether the disk has failed")
    if free[tightest] < needed[tightest]:
        return failed("disk", found, f"free some space: {_gigabytes(needed[tightest])} are needed there")
    return ok("disk", found)


def _existing(folder: Path) -> Path:
    """Return `folder`, or its nearest parent that exists."""
    return next(
        above for above in (folder, *folder.parents) if os.path.isdir(above)
    )  # False without permission to look


def _gigabytes(megabytes: float) -> str:
    return f"{megabytes / 1024:.1f} GB"
