"""A machine with a real systemd: a container that boots an image, on a small disk of its own, without a network.

Everything it changes lies in memory and is gone with it. Its mounts belong to the process that supervises it, which
dies with this one, so that nothing stays behind when a test is killed.
"""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.machine.image import Image

PATIENCE_S = 60.0
"""More than any command in a machine needs, or its start."""

DISK = "384M"
"""What the machine may write until its disk is full: a model (148 MB) twice, and a little."""

CGROUPS = [Path("/sys/fs/cgroup", hierarchy) for hierarchy in ("systemd", "unified", "")]
"""Where control groups for services may be: mixed with those of version 1, or all of version 2."""

LANGUAGE = "LANG=C.UTF-8"

_SUPERVISED = ["unshare", "--mount", "--propagation=private", "--pid", "--mount-proc", "--fork", "--kill-child"]
"""Namespaces whose first process is the supervisor: with it go all mounts and everything that runs in the machine."""

_BOOT = """
for group in $3; do mkdir "$group"; echo $$ >"$group/cgroup.procs"; done
mount -t tmpfs -o mode=0755,size="$4" machine "$1"
mkdir "$1/changes" "$1/work" "$1/root"
mount -t overlay -o metacopy=on,lowerdir="$2",upperdir="$1/changes",workdir="$1/work" machine "$1/root"
exec systemd-nspawn --quiet --directory="$1/root" --boot --register=no --keep-unit --private-network \\
    --machine=machine --console=pipe --resolv-conf=off --timezone=off --link-journal=no
"""


class Machine:
    """One that runs. `leader` is its process 1, as the host sees it."""

    def __init__(self, leader: int) -> None:
        self._leader = leader

    @property
    def leader(self) -> int:
        return self._leader

    def path(self, inside: str) -> Path:
        """A file of the machine, as the host reaches it; sockets too."""
        return Path(f"/proc/{self._leader}/root") / inside.lstrip("/")

    def write(self, inside: str, text: str) -> None:
        path = self.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(self, *command: str, user: str = "root") -> str:
        """What `command` prints. Raises `AssertionError` with all it said when it fails."""
        done = self.attempt(*command, user=user)
        assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout

    def attempt(self, *command: str, user: str = "root") -> subprocess.CompletedProcess[str]:
        """Run `command`, which may fail."""
        return subprocess.run(
            self.inside(*command, user=user), check=False, capture_output=True, text=True, timeout=PATIENCE_S
        )

    def inside(self, *command: str, user: str = "root") -> list[str]:
        """The command of the host that runs `command` in the machine; who kills the one kills the other."""
        identity = [f"--reuid={user}", f"--regid={user}", "--init-groups"] if user != "root" else []
        enter = ["nsenter", f"--target={self._leader}", "--all"]
        return [*enter, "setpriv", "--pdeathsig=KILL", "--reset-env", *identity, "env", LANGUAGE, *command]

    def processes(self) -> list[int]:
        """Everything that runs in it, as the host sees it, process 1 first."""
        namespace = os.readlink(f"/proc/{self._leader}/ns/pid")
        return sorted(int(entry.name) for entry in Path("/proc").glob("[0-9]*") if _namespace(entry) == namespace)


@contextmanager
def booted(image: Image) -> Iterator[Machine]:
    """A machine for as long as the context lasts. Raises `RuntimeError` with its console when it does not come up."""
    name = f"assistant-machine-{os.getpid()}-{time.monotonic_ns()}"
    groups = [root / name for root in CGROUPS if (root / "cgroup.procs").exists()]
    with tempfile.TemporaryDirectory(prefix="machine") as home, tempfile.TemporaryFile() as console:
        supervisor = subprocess.Popen(
            [
                *("setpriv", "--pdeathsig=KILL", *_SUPERVISED, "sh", "-euc", _BOOT, "sh"),
                *(home, ":".join(map(str, image.layers)), " ".join(map(str, groups)), DISK),
            ],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
        )
        try:
            yield _wait_for_boot(supervisor)
        except TimeoutError as error:
            console.seek(0)
            raise RuntimeError(f"{error}; its console:\n{console.read().decode(errors='replace')}") from error
        finally:
            supervisor.send_signal(signal.SIGKILL)
            supervisor.wait()
            for group in groups:
                _remove_group(group)


def wait_until(condition: Callable[[], bool], otherwise: str, *, within_s: float = PATIENCE_S) -> None:
    """Return once `condition` holds. Raises `TimeoutError` with `otherwise`."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{otherwise} within {within_s:.0f} s")
        time.sleep(0.05)


def _wait_for_boot(supervisor: subprocess.Popen[bytes]) -> Machine:
    def came_up() -> bool:
        if supervisor.poll() is not None:
            raise TimeoutError(f"the machine ended with {supervisor.returncode}")
        found.extend(_process_1(supervisor.pid))
        return bool(found) and _is_running(Machine(found[0]))

    found: list[int] = []
    wait_until(came_up, "the machine does not come up")
    return Machine(found[0])


def _is_running(machine: Machine) -> bool:
    return machine.attempt("systemctl", "is-system-running").stdout == "running\n"


def _process_1(supervisor: int) -> Iterator[int]:
    """The descendant that is process 1 of a process namespace in that of the supervisor's child."""
    for child in _children(supervisor):
        for pid in _children(child):
            if _numbers(pid)[-1:] == ["1"]:
                yield pid


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _numbers(pid: int) -> list[str]:
    """Of a process, in each namespace that it is in."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return []
    return next(line.split()[1:] for line in status.splitlines() if line.startswith("NSpid:"))


def _namespace(process: Path) -> str | None:
    try:
        return os.readlink(process / "ns" / "pid")
    except OSError:
        return None


def _remove_group(group: Path) -> None:
    """Its processes have been killed, but may not be gone yet."""

    def removed() -> bool:
        try:
            for folder, _, _ in os.walk(group, topdown=False):
                Path(folder).rmdir()
        except OSError:
            return False
        return not group.exists()

    wait_until(removed, f"{group} is still in use")
