"""`assistant run --confine`: the process gives up the user's files, for what no user's service manager can enforce."""

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from assistant.config import file as config_file
from assistant.config.schema import Config
from assistant.errors import AssistantError, Code
from assistant.host import landlock
from assistant.host.landlock import DEVICE, READ, RUN, WRITE, Access
from assistant.interfaces.net import unix_socket
from assistant.models import directory
from assistant.store.store import default_path

log = logging.getLogger(__name__)

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/opt", "/nix", "/gnu", "/etc", "/proc", "/sys")
"""Folders in which no user keeps anything."""

RUNTIME = ("/run/systemd", "/run/dbus", "/run/pulse", "/run/udev")
"""What is read beneath /run, where file systems of the user are mounted too."""

HOLD_SOCKETS = Access.READ_DIR | Access.MAKE_DIR | Access.REMOVE_DIR | Access.MAKE_SOCK | Access.REMOVE_FILE
"""What is done in the folder of a session, which has the user's mounts too: folders with sockets come and go."""

SOUND = ("pulse", "pipewire", "alsa", "../.asoundrc", "../.pulse", "../.pulse-cookie")
"""What sound libraries read, in the user's folder of configurations or beside it."""


def confine(config: Config, config_path: Path | None) -> int:
    """Give up all files but the system's, the program's, its models, configuration and state, for good.

    No thread may run yet, because the ones that do stay as they are. Returns the version of Landlock, 0 where the
    kernel has none, which the log says. Raises `AssistantError` (`service.failed`).
    """
    if len(os.listdir("/proc/self/task")) != 1:
        raise RuntimeError("a thread is running already, and would keep its access to files")
    for folder in (default_path().parent, unix_socket.own_path().parent):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # or there would be nothing to allow
    try:
        version = landlock.restrict(_allowed(config, config_path), bind=None, connect=None)
    except OSError as error:
        raise AssistantError(
            Code.SERVICE_FAILED, f"the files of the user cannot be given up ({error}); run without --confine"
        ) from error
    if version:
        log.info("confined by Landlock %d: of your files it can use only its own", version)
    else:
        log.warning("not confined: this kernel has no Landlock (Linux 5.13 and later), or it is switched off")
    return version


def _allowed(config: Config, config_path: Path | None) -> Iterator[tuple[Path, Access]]:
    for folder in (*SYSTEM, *RUNTIME, sys.prefix, sys.base_prefix, *map(str, _imported_from())):
        yield Path(folder), RUN
    yield Path("/dev"), DEVICE
    for folder in ("/dev/shm", tempfile.gettempdir()):
        yield Path(folder), WRITE
    if session := os.environ.get("XDG_RUNTIME_DIR"):
        yield Path(session), HOLD_SOCKETS
        for folder in ("assistant", "pulse"):
            yield Path(session) / folder, WRITE
    yield default_path().parent, WRITE
    settings = config_path or config_file.default_path()
    yield settings.parent, READ  # the folder, because an editor replaces the file
    yield settings.resolve().parent, READ
    configurations = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    for name in SOUND:
        yield configurations / name, READ
    yield directory.root(), READ
    for named in (*config.models.values(), *(config.wake.words if config.wake != "none" else ())):
        yield from _with_targets(Path(named).expanduser())


def _with_targets(path: Path) -> Iterator[tuple[Path, Access]]:
    """Allow a model of the user's own, what lies beside it, and what the links in its folder point to."""
    if not path.is_absolute() and os.sep not in str(path):
        return  # a name of the catalogue
    folder = path if path.is_dir() else path.parent
    yield folder, READ
    for file in [path, *folder.iterdir()] if folder.is_dir() else ():
        if file.is_symlink():
            yield file.resolve(), READ


def _imported_from() -> Iterator[Path]:
    """Where modules come from, but not a folder that has all the user's, as the current one may be."""
    home = Path.home().resolve()
    for folder in {Path(entry).resolve() for entry in sys.path}:
        if not home.is_relative_to(folder):
            yield folder
