"""Heat and throttling, on machines described by their kernels' files."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from assistant.doctor import heat
from assistant.doctor.finding import Finding, FindingState
from tests.doctor.kernel import machine

ZONE = "sys/class/thermal/thermal_zone{}/"
POLICY = "sys/devices/system/cpu/cpu0/cpufreq/"
THROTTLE = "sys/devices/system/cpu/cpu0/thermal_throttle/"
FIRMWARE = "sys/devices/platform/soc/soc:firmware/get_throttled"


def found(root: Path, files: Mapping[str, str], check: str) -> Finding:
    return {finding.check: finding for finding in heat.check_heat(machine(root, files))}[check]


def zone(number: int, kind: str, celsius: float, **trips: float) -> dict[str, str]:
    at = ZONE.format(number)
    files = {at + "type": kind + "\n", at + "temp": f"{celsius * 1000:.0f}\n"}
    for index, (trip, limit) in enumerate(trips.items()):
        files |= {f"{at}trip_point_{index}_type": trip + "\n", f"{at}trip_point_{index}_temp": f"{limit * 1000:.0f}\n"}
    return files


def test_a_virtual_machine_without_sensors_passes(tmp_path: Path) -> None:
    findings = list(heat.check_heat(tmp_path))
    assert [finding.check for finding in findings] == ["temperature", "throttling", "governor"]
    assert {finding.state for finding in findings} == {FindingState.OK}


@pytest.mark.parametrize(
    ("celsius", "trips", "state"),
    [
        (55, {"passive": 75, "critical": 95}, FindingState.OK),
        (72, {"passive": 75, "critical": 95}, FindingState.WARNING),
        (72, {"active": 50, "critical": 105}, FindingState.OK),
        (70, {}, FindingState.OK),
        (79, {}, FindingState.WARNING),
        (79, {"passive": 0, "critical": 115}, FindingState.OK),
    ],
)
def test_a_processor_near_the_point_where_it_slows_down_is_a_warning(
    tmp_path: Path, celsius: float, trips: dict[str, float], state: FindingState
) -> None:
    temperature = found(tmp_path, zone(0, "cpu-thermal", celsius, **trips), "temperature")
    assert temperature.state is state
    assert f"{celsius:.0f} °C (cpu-thermal)" in temperature.found


def test_a_hot_battery_is_not_a_hot_processor(tmp_path: Path) -> None:
    zones = zone(0, "BAT0", 90) | zone(1, "x86_pkg_temp", 50)
    assert found(tmp_path, zones, "temperature").state is FindingState.OK


def test_of_several_zones_the_one_closest_to_its_limit_counts(tmp_path: Path) -> None:
    zones = zone(0, "soc-thermal", 70, passive=110) | zone(1, "gpu-cpu", 66, passive=70)
    assert found(tmp_path, zones, "temperature").found.startswith("66 °C")


@pytest.mark.parametrize("text", ["-274000\n", "0\n", "", "N/A\n"])
def test_a_sensor_that_is_switched_off_is_no_sensor(tmp_path: Path, text: str) -> None:
    off = zone(0, "cpu-thermal", 50) | {ZONE.format(0) + "temp": text}
    assert found(tmp_path, off, "temperature").found.startswith("no sensor")


@pytest.mark.parametrize(
    ("bits", "state", "says", "advice"),
    [
        ("0\n", FindingState.OK, "none", ""),
        ("0x0\n", FindingState.OK, "none", ""),
        ("50005\n", FindingState.WARNING, "now: under-voltage, throttled", heat.POWER),
        ("50000\n", FindingState.WARNING, "since boot: under-voltage, throttled", heat.POWER),
        ("e0008\n", FindingState.WARNING, "now: soft temperature limit", heat.COOL),
    ],
)
def test_a_raspberry_pi_tells_of_its_power_and_its_heat(
    tmp_path: Path, bits: str, state: FindingState, says: str, advice: str
) -> None:
    throttling = found(tmp_path, {FIRMWARE: bits}, "throttling")
    assert (throttling.state, throttling.advice) == (state, advice)
    assert throttling.found.startswith(says)


def test_a_processor_capped_below_its_highest_frequency_is_a_warning(tmp_path: Path) -> None:
    held = {POLICY + "scaling_max_freq": "1200000\n", POLICY + "cpuinfo_max_freq": "2400000\n"}
    assert found(tmp_path, held, "throttling").found == "1 processors are capped at 1.2 of 2.4 GHz"
    held[POLICY + "scaling_max_freq"] = "2400000\n"
    assert found(tmp_path, held, "throttling").state is FindingState.OK


@pytest.mark.parametrize(
    ("files", "state"),
    [
        ({"core_throttle_count": "0\n"}, FindingState.OK),
        ({"core_throttle_count": "7\n"}, FindingState.WARNING),
        ({"core_throttle_count": "7\n", "core_throttle_total_time_ms": "30\n"}, FindingState.OK),
        ({"core_throttle_count": "7\n", "core_throttle_total_time_ms": "90000\n"}, FindingState.WARNING),
    ],
)
def test_a_pc_counts_how_often_and_how_long_it_was_slowed_down(
    tmp_path: Path, files: dict[str, str], state: FindingState
) -> None:
    counted = {THROTTLE + name: text for name, text in files.items()} | {"proc/uptime": "3600.00 7000.00\n"}
    assert found(tmp_path, counted, "throttling").state is state


@pytest.mark.parametrize(
    ("governor", "driver", "state"),
    [
        ("schedutil", "cpufreq-dt", FindingState.OK),
        ("powersave", "cpufreq-dt", FindingState.WARNING),
        ("powersave", "acpi-cpufreq", FindingState.WARNING),
        ("powersave", "intel_pstate", FindingState.OK),
        ("powersave", "amd-pstate-epp", FindingState.OK),
    ],
)
def test_powersave_is_slow_except_where_it_only_is_called_so(
    tmp_path: Path, governor: str, driver: str, state: FindingState
) -> None:
    policy = {POLICY + "scaling_governor": governor + "\n", POLICY + "scaling_driver": driver + "\n"}
    assert found(tmp_path, policy, "governor").state is state
