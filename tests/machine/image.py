"""A Debian with the project installed as a user would install it, for machines to boot from.

It consists of layers, the parts of an overlay file system: the base system, what the project depends on, the project,
the models, so that a change in the project makes only its own layer again (5 s; everything takes two minutes). Packages
come from the host's apt and pip; nothing is fetched inside the image.
"""

import hashlib
import platform
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from assistant.config.schema import Config
from assistant.models.directory import default_directory
from tests.layers import layer, locked, run, shell

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
    with locked(), tempfile.TemporaryDirectory() as scratch:
        wheel = _project_wheel(Path(scratch))
        base = layer("base", [_BASE, SUITE, *PACKAGES], lambda new: shell(_BASE, new, ",".join(PACKAGES), SUITE))
        dependencies = layer(
            "dependencies",
            [_INSTALL, base.name, EXTRAS, *_requirements(wheel)],
            lambda new: shell(_INSTALL, new, base, _dependency_wheels(wheel, Path(scratch) / "wheels")),
        )
        program = layer(
            "program",
            [_INSTALL, dependencies.name, _sum(wheel)],
            lambda new: shell(_INSTALL, new, f"{dependencies}:{base}", wheel.parent),
        )
        return Image((_models_layer(), program, dependencies, base))


def _models_layer() -> Path:
    store = default_directory()
    models = [store.catalog.model(name) for name in Config().models.values()]
    for model in models:
        store.check(model)
    sums = [file.sha256 for model in models for file in model.files]
    return layer("models", [_COPY, *sums], lambda new: shell(_COPY, new, *map(store.directory, models)))


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
    run(sys.executable, "-m", "pip", "--quiet", *arguments)
