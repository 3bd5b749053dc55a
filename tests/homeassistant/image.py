"""A Debian in a folder with the Python and the Home Assistant of `requirements.lock`, from Debian's archive and PyPI.

Nothing in it is configured or started: the packages are only unpacked. It takes two minutes to make and is kept.
"""

import subprocess
from pathlib import Path

from tests.layers import layer, locked, shell

LOCK = Path(__file__).parent / "requirements.lock"
"""Home Assistant, and what its integrations here need; `integrations` of `config.py` says which."""

SUITE = "forky"
"""The oldest Debian whose Python (3.14) is new enough."""

PACKAGES = (
    *("base-files", "bash", "dash", "coreutils", "libgomp1", "media-types", "tzdata", "ca-certificates"),
    *("python3.14", "python3.14-venv", "python3.14-dev", "g++"),
)

PYTHON = "/srv/ha/bin/python"
FFMPEG = "/srv/ffmpeg"

_MAKE = """
mmdebstrap --quiet --mode=root --variant=extract --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \\
    --aptopt='Acquire::Check-Valid-Until "false"' --include="$3" "$2" "$1" "$4" 2>/dev/null
mkdir -p "$1"/etc/ssl/certs "$1"/srv/config "$1"/root
cp /etc/ssl/certs/ca-certificates.crt "$1"/etc/ssl/certs/
cp -L /etc/resolv.conf /etc/hosts "$1"/etc/
cp "$5" "$1"/srv/requirements.lock
mount --bind /dev "$1"/dev
mount -t proc proc "$1"/proc
chroot "$1" /usr/bin/env -i PATH=/usr/bin HOME=/root LANG=C.UTF-8 \\
    PIP_CERT=/etc/ssl/certs/ca-certificates.crt bash -euc '
    python3.14 -m venv /srv/ha
    /srv/ha/bin/pip install --quiet --no-cache-dir --no-deps -r /srv/requirements.lock
    mv /srv/ha/lib/python3.14/site-packages/imageio_ffmpeg/binaries/ffmpeg-linux* /srv/ffmpeg
    chmod +x /srv/ffmpeg
'
"""


def make() -> Path:
    """The folder; nobody writes to it. Raises `RuntimeError` without root, and with what a tool said that failed."""
    contents = [_MAKE, SUITE, *PACKAGES, LOCK.read_text()]
    with locked():
        return layer(
            "homeassistant", contents, lambda new: shell(_MAKE, new, SUITE, ",".join(PACKAGES), _mirror(), LOCK)
        )


def _mirror() -> str:
    """Where the host gets its packages from."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)"]
    targets = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return next(target for target in targets if "security" not in target)
