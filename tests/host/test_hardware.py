"""What the machine has, on other machines described by their kernel's files."""

import os
from pathlib import Path

import pytest

from assistant.host.hardware import accelerators, available_memory_mb, describe_machine, memory_mb, usable_cores


@pytest.fixture(autouse=True)
def eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)))


def machine(root: Path, files: dict[str, str]) -> Path:
    """A root with `files`, one of them this process's control group unless told otherwise."""
    for name, text in {"proc/self/cgroup": "0::/system.slice/assistant.service\n", **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_without_a_quota_the_affinity_counts(tmp_path: Path) -> None:
    unlimited = {"sys/fs/cgroup/system.slice/assistant.service/cpu.max": "max 100000\n"}
    assert usable_cores(machine(tmp_path, unlimited)) == 8


def test_a_machine_without_control_groups_has_all_its_cores(tmp_path: Path) -> None:
    assert usable_cores(tmp_path) == 8


def test_a_quota_of_its_own_group_limits_the_cores(tmp_path: Path) -> None:
    quota = {"sys/fs/cgroup/system.slice/assistant.service/cpu.max": "350000 100000\n"}
    assert usable_cores(machine(tmp_path, quota)) == 3


def test_the_smallest_quota_of_all_groups_above_counts(tmp_path: Path) -> None:
    quotas = {
        "sys/fs/cgroup/system.slice/assistant.service/cpu.max": "600000 100000\n",
        "sys/fs/cgroup/system.slice/cpu.max": "200000 100000\n",
    }
    assert usable_cores(machine(tmp_path, quotas)) == 2


def test_a_container_sees_its_quota_at_the_root_of_the_hierarchy(tmp_path: Path) -> None:
    inside = {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "100000 50000\n"}
    assert usable_cores(machine(tmp_path, inside)) == 2


def test_a_quota_of_less_than_one_core_is_one(tmp_path: Path) -> None:
    inside = {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "20000 100000\n"}
    assert usable_cores(machine(tmp_path, inside)) == 1


def test_a_quota_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    inside = {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "garbage"}
    assert usable_cores(machine(tmp_path, inside)) == 8


def test_memory_is_what_is_installed(tmp_path: Path) -> None:
    assert memory_mb(machine(tmp_path, {"proc/meminfo": "MemTotal:        8046780 kB\nMemFree: 1 kB\n"})) == 7858


def test_a_memory_limit_of_a_group_counts(tmp_path: Path) -> None:
    limited = {
        "proc/meminfo": "MemTotal:        8046780 kB\n",
        "sys/fs/cgroup/system.slice/assistant.service/memory.max": "max\n",
        "sys/fs/cgroup/system.slice/memory.max": "1073741824\n",
    }
    assert memory_mb(machine(tmp_path, limited)) == 1024


def test_available_memory_is_what_the_kernel_can_free(tmp_path: Path) -> None:
    assert (
        available_memory_mb(machine(tmp_path, {"proc/meminfo": "MemTotal: 4096000 kB\nMemAvailable: 2048000 kB\n"}))
        == 2000
    )


def test_what_a_group_has_used_of_its_limit_is_not_available(tmp_path: Path) -> None:
    limited = {
        "proc/meminfo": "MemAvailable:    2048000 kB\n",
        "sys/fs/cgroup/system.slice/memory.max": str(1000 * 2**20),
        "sys/fs/cgroup/system.slice/memory.current": str(700 * 2**20),
    }
    assert available_memory_mb(machine(tmp_path, limited)) == 300


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ((), ()),
        (("dev/nvidiactl",), ("cuda", "vulkan")),
        (("proc/driver/nvidia/version",), ("cuda",)),
        (("dev/dri/renderD128",), ("vulkan",)),
        (("dev/dri/card0",), ()),
        (("dev/kfd", "dev/dri/renderD128"), ("rocm", "vulkan")),
    ],
)
def test_device_files_tell_which_accelerators_may_be_there(
    tmp_path: Path, files: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert accelerators(machine(tmp_path, dict.fromkeys(files, ""))) == expected


def test_the_processor_of_a_pc_is_named_by_cpuinfo(tmp_path: Path) -> None:
    pc = machine(tmp_path, {"proc/cpuinfo": "processor\t: 0\nmodel name\t: AMD EPYC 9B14\nmodel name\t: other\n"})
    assert describe_machine(pc)["cpu"] == "AMD EPYC 9B14"


def test_the_processor_of_a_board_is_named_by_its_device_tree(tmp_path: Path) -> None:
    board = {
        "proc/cpuinfo": "processor\t: 0\nBogoMIPS\t: 108.00\n",
        "proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0",
    }
    assert describe_machine(machine(tmp_path, board))["cpu"] == "Raspberry Pi 5 Model B Rev 1.0"


def test_the_description_of_this_machine_is_complete() -> None:
    found = describe_machine()
    assert set(found) == {"cpu", "cores", "memory_mb", "accelerators", "kernel", "python"}
    assert found["cpu"]
    assert int(found["memory_mb"]) > 0
