"""Processors, memory and disk of machines described by their kernels' files."""

import math
import os
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from assistant.doctor import machine
from assistant.doctor.finding import Finding, FindingState
from assistant.models import catalog
from tests.doctor.kernel import machine as described

DEFAULT_MB = 305
BOARD = {"proc/meminfo": "MemTotal: 4000000 kB\nMemAvailable: 3000000 kB\n"}
Usage = namedtuple("Usage", "total used free")


@pytest.fixture(autouse=True)
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(4)))


def found(
    root: Path, *, models_mb: float = DEFAULT_MB, fetched: bool = True, loaded: bool = False, limit_mb: float = math.inf
) -> dict[str, Finding]:
    missing = () if fetched else catalog.shipped().default_set
    findings = machine.check_machine(models_mb, missing, [root, root], loaded=loaded, limit_mb=limit_mb, root=root)
    return {finding.check: finding for finding in findings}


def test_a_board_with_enough_memory_for_the_default_models_passes(tmp_path: Path) -> None:
    report = found(described(tmp_path, BOARD))
    assert [finding.state for finding in report.values()] == [FindingState.OK] * 3
    assert report["processor"].found.startswith("4 cores, ")
    assert report["memory"].found == "2.9 GB of 3.8 GB free; about 0.9 GB needed"


def test_one_core_is_a_warning(tmp_path: Path) -> None:
    report = found(described(tmp_path, {**BOARD, "sys/fs/cgroup/cpu.max": "100000 100000\n"}))
    assert report["processor"].state is FindingState.WARNING


def test_models_that_do_not_fit_into_memory_at_all_have_failed(tmp_path: Path) -> None:
    memory = found(described(tmp_path, BOARD), models_mb=4000)["memory"]
    assert memory.state is FindingState.FAILED
    assert "smaller models" in memory.advice


def test_the_units_limit_counts_as_memory_that_is_not_there(tmp_path: Path) -> None:
    assert found(described(tmp_path, BOARD), limit_mb=512)["memory"].state is FindingState.FAILED


@pytest.mark.parametrize(("loaded", "state"), [(False, FindingState.WARNING), (True, FindingState.OK)])
def test_memory_that_others_use_matters_until_the_models_are_loaded(
    tmp_path: Path, loaded: bool, state: FindingState
) -> None:
    full = {"proc/meminfo": "MemTotal: 4000000 kB\nMemAvailable: 500000 kB\n"}
    assert found(described(tmp_path, full), loaded=loaded)["memory"].state is state


@pytest.mark.parametrize(
    ("free_mb", "fetched", "state"),
    [
        (300, True, FindingState.OK),
        (100, True, FindingState.FAILED),
        (700, False, FindingState.FAILED),
        (1000, False, FindingState.OK),
    ],
)
def test_the_disk_needs_room_for_what_is_remembered_and_what_is_to_be_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_mb: int, fetched: bool, state: FindingState
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, free_mb * 2**20))
    disk = found(described(tmp_path, BOARD), fetched=fetched)["disk"]
    assert disk.state is state
    assert ("of models to fetch" in disk.found) is not fetched


def test_a_folder_that_is_not_there_yet_is_judged_by_the_one_it_will_be_in(tmp_path: Path) -> None:
    root = described(tmp_path, BOARD)
    *_, disk = machine.check_machine(
        0, (), [root / "a/b/models", root / "state"], loaded=False, limit_mb=math.inf, root=root
    )
    assert disk.state is FindingState.OK
