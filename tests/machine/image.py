"""A Debian with the project installed as a user would install it, for machines to boot from.

It consists of layers, the parts of an overlay file system: the base system, what the project depends on, the project,
the models. Each is made once and kept under `$XDG_CACHE_HOME`, named after what went into it, so that a change in the
project makes only its own layer again (5 s; everything takes two minutes). Packages come from the host's apt and pip;
nothing is fetched inside the image.
"""

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from assistant.config.schema import Config
from assistant.models.directory import default_directory

CHECKOUT = Path(__file__).parents[2]

SUITE = "bookworm"
"""The oldest Debian whose Python is new enough; a unit that works with its systemd (252) works with later ones."""

PYTHON = "3.11"
GLIBC = 36
"""The suite's Python and (2.)glibc, which decide which wheels fit."""

OLDEST_GLIBC = 17
"""What manylinux2014 means; no project publishes older wheels for this Python."""

SYSTEM = ("systemd", "systemd-sysv", "dbus", "procps", "python3", "python3-venv")
SOUND = ("pulseaudio", "pulseaudio-utils", "libasound2-plugins", "libportaudio2")
ENGINES = ("libgomp1",)
FAULTS = ("libfaketime",)
PACKAGES = (*SYSTEM, *SOUND, *ENGINES, *FAULTS)

EXTRAS = "echo,wyoming"

ENOUGH_S = 86_400
"""An older layer than this is not in use by any test and is removed when a new one takes its place."""

LAST_WORDS = 4_000
"""Characters shown of what a tool said that failed."""

_BASE = """
debootstrap --variant=minbase --include="$2" "$3" "$1"
rm -rf "$1"/var/cache/apt/archives/*.deb "$1"/var/lib/apt/lists/*
"""

_INSTALL = """
mkdir "$1.work" "$1.root"
mount -t overlay -o lowerdir="$2",upperdir="$1",workdir="$1.work" image "$1.root"
mkdir -p "$1.root/mnt/wheels"
mount --bind "$3" "$1.root/mnt/wheels"
chroot "$1.root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 sh -euc '
    test -e /opt/assistant || python3 -m venv /opt/assistant
    /opt/assistant/bin/pip install --quiet --no-cache-dir --no-index --no-deps /mnt/wheels/*.whl
'
"""

_COPY = """
mkdir -p "$1/var/lib/assistant/models"
shift_to="$1/var/lib/assistant/models"; shift
for model; do cp -a "$model" "$shift_to"; done
chmod -R a+rX "$shift_to"
"""


@dataclass(frozen=True)
class Image:
    """The folders that make up the system; nobody writes to them."""

    layers: tuple[Path, ...]
    """The uppermost first, as the option `lowerdir` of an overlay wants them."""


def make() -> Image:
    """The image of this checkout, with its default models.

    Raises `RuntimeError` without root, and with what a tool said that failed.
    """
    if os.geteuid() != 0:
        raise RuntimeError("making and booting a machine needs root: the same command with sudo before it")
    with _locked(), tempfile.TemporaryDirectory() as scratch:
        wheel = _project_wheel(Path(scratch))
        base = _layer("base", [_BASE, SUITE, *PACKAGES], lambda new: _shell(_BASE, new, ",".join(PACKAGES), SUITE))
        dependencies = _layer(
            "dependencies",
            [_INSTALL, base.name, EXTRAS, *_requirements(wheel)],
            lambda new: _shell(_INSTALL, new, base, _dependency_wheels(wheel, Path(scratch) / "wheels")),
        )
        program = _layer(
            "program",
            [_INSTALL, dependencies.name, _sum(wheel)],
            lambda new: _shell(_INSTALL, new, f"{dependencies}:{base}", wheel.parent),
        )
        return Image((_models_layer(), program, dependencies, base))


def cache() -> Path:
    """Where layers are kept; may be removed at any time that no test runs."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "assistant-machine"


def _layer(kind: str, contents: list[str], make: Callable[[Path], None]) -> Path:
    """The folder with what `make` puts into it, or put into it earlier. Appears complete or not at all."""
    layer = cache() / f"{kind}-{hashlib.sha256(repr(contents).encode()).hexdigest()[:16]}"
    if not layer.exists():
        with tempfile.TemporaryDirectory(dir=cache(), prefix=f".{kind}-") as scratch:
            new = Path(scratch) / "layer"
            new.mkdir(mode=0o755)
            make(new)
            new.rename(layer)
        _remove_older(kind)
    os.utime(layer)
    return layer


def _remove_older(kind: str) -> None:
    for layer in cache().glob(f"{kind}-*"):
        if layer.stat().st_mtime < time.time() - ENOUGH_S:
            shutil.rmtree(layer)


def _models_layer() -> Path:
    store = default_directory()
    models = [store.catalog.model(name) for name in Config().models.values()]
    for model in models:
        store.check(model)
    sums = [file.sha256 for model in models for file in model.files]
    return _layer("models", [_COPY, *sums], lambda new: _shell(_COPY, new, *map(store.directory, models)))


def _project_wheel(scratch: Path) -> Path:
    folder = scratch / "project"
    _pip("wheel", "--no-deps", "--wheel-dir", str(folder), str(CHECKOUT))
    (wheel,) = folder.iterdir()
    return wheel


def _dependency_wheels(project: Path, folder: Path) -> Path:
    """Everything that `project` with its extras needs, for the Python of the image whatever this one is."""
    arch = platform.machine()
    platforms = [f"manylinux_2_{minor}_{arch}" for minor in range(GLIBC, OLDEST_GLIBC - 1, -1)]
    fitting = [option for name in [*platforms, f"manylinux2014_{arch}"] for option in ("--platform", name)]
    _pip(
        *("download", "--only-binary=:all:", "--implementation", "cp", "--python-version", PYTHON, *fitting),
        *("--dest", str(folder), f"{project}[{EXTRAS}]"),
    )
    (folder / project.name).unlink()
    return folder


def _requirements(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        lines = archive.read(metadata).decode().splitlines()
    return [line for line in lines if line.startswith("Requires-Dist: ")]


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _pip(*arguments: str) -> None:
    _run(sys.executable, "-m", "pip", "--quiet", *arguments)


def _shell(script: str, *arguments: str | Path) -> None:
    """Run `script` in a mount namespace of its own: what it mounts is gone when it ends, however it ends."""
    _run("unshare", "--mount", "--propagation", "private", "sh", "-euc", script, "sh", *map(str, arguments))


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        said = done.stdout[-LAST_WORDS:]
        raise RuntimeError(f"the image cannot be made, {command[0]} ended with {done.returncode}:\n{said}")


@contextmanager
def _locked() -> Iterator[None]:
    """One process makes layers at a time; others wait and then find them."""
    cache().mkdir(parents=True, exist_ok=True)
    with (cache() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
