"""Check temperature and throttling, the usual reasons for an assistant that has become slow.

Everything is read from kernel files below `root`; a virtual machine has none of them.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from assistant.doctor.finding import Finding, ok, warning

ZONES = "sys/class/thermal/thermal_zone*"
POLICIES = "sys/devices/system/cpu/cpu[0-9]*/cpufreq"
COUNTS = "sys/devices/system/cpu/cpu[0-9]*/thermal_throttle/*_throttle_count"
FIRMWARE = "sys/devices/platform/soc/soc:firmware/get_throttled"

PROCESSORS = ("cpu", "soc", "pkg", "acpitz", "x86", "core", "k10temp", "bigcore", "littlecore")
"""Parts of the type of a processor's thermal zone; others are batteries, disks, wireless."""

DEFAULT_LIMIT_C = 80.0
"""Celsius at which processors slow down if the zone has no trip point: the soft limit of a Raspberry Pi."""

MARGIN_C = 5.0
PLAUSIBLE_C = (1.0, 150.0)
"""Plausible range in Celsius; disabled sensors report 0 or -274."""

MIN_FREQUENCY_SHARE = 0.95
"""Share of its highest frequency below which a processor counts as capped."""

MAX_THROTTLED_SHARE = 0.001
"""Share of the uptime that a processor may have been throttled without a warning."""

SCALING_DRIVERS = ("intel_pstate", "amd-pstate-epp", "amd_pstate_epp")
"""Drivers whose `powersave` is the ordinary governor that follows the load."""

BITS = {
    0: "under-voltage",
    1: "frequency capped",
    2: "throttled",
    3: "soft temperature limit",
}
"""Bits of `vcgencmd get_throttled` on a Raspberry Pi; 16 bits higher: has happened since boot."""

COOL = "improve the cooling: add a heat sink or fan, leave space around the case"
POWER = "use the board's own power supply and a short cable"


def check_heat(root: Path) -> Iterator[Finding]:
    yield _temperature(root)
    yield _throttling(root)
    yield _governor(root)


def _temperature(root: Path) -> Finding:
    zones = [zone for zone in sorted(root.glob(ZONES)) if _celsius(zone / "temp") is not None]
    zones = [zone for zone in zones if any(word in _kind(zone) for word in PROCESSORS)] or zones
    if not zones:
        return ok("temperature", "no sensor (a virtual machine?)")
    closest = max(zones, key=lambda zone: (_celsius(zone / "temp") or 0.0) - _limit(zone))
    now, limit = _celsius(closest / "temp") or 0.0, _limit(closest)
    found = f"{now:.0f} °C ({_kind(closest)}); throttled from {limit:.0f} °C"
    return ok("temperature", found) if now < limit - MARGIN_C else warning("temperature", found, COOL)


def _limit(zone: Path) -> float:
    """Return the Celsius at which the kernel or the firmware starts throttling."""
    limits = [
        celsius
        for kind in zone.glob("trip_point_*_type")
        if _read(kind) in {"passive", "hot", "critical"}
        and (celsius := _celsius(kind.with_name(kind.name.replace("_type", "_temp")))) is not None
    ]
    return min(limits, default=DEFAULT_LIMIT_C)


def _throttling(root: Path) -> Finding:
    if re.fullmatch("(0x)?[0-9a-f]+", text := _read(root / FIRMWARE)):
        return _firmware(int(text, 16))
    capped = [policy for policy in sorted(root.glob(POLICIES)) if 0 < _ratio(policy) < MIN_FREQUENCY_SHARE]
    if capped:
        limit, fastest = _number(capped[0] / "scaling_max_freq"), _number(capped[0] / "cpuinfo_max_freq")
        found = f"{len(capped)} processors are capped at {limit / 1e6:.1f} of {fastest / 1e6:.1f} GHz"
        return warning(
            "throttling", found, f"caused by heat or a power profile: {COOL}; `powerprofilesctl get` shows the profile"
        )
    return _counted(root)


def _firmware(bits: int) -> Finding:
    now = [name for bit, name in BITS.items() if bits & 1 << bit]
    before = [name for bit, name in BITS.items() if bits & 1 << (bit + 16)]
    if not now and not before:
        return ok("throttling", "none since boot")
    advice = POWER if "under-voltage" in now + before else COOL
    words = f"now: {', '.join(now)}" if now else f"since boot: {', '.join(before)}"
    return warning("throttling", words, advice)


def _counted(root: Path) -> Finding:
    """Read x86's counters: how often each core was throttled and, on newer kernels, for how long."""
    counts = sorted(root.glob(COUNTS))
    times = sum(_number(count) for count in counts)
    if not times:
        return ok("throttling", "none since boot" if counts or _policies(root) else "not reported by this kernel")
    lasting = [_number(count.with_name(count.name.replace("_count", "_total_time_ms"))) for count in counts]
    up_s = float((_read(root / "proc/uptime") or "0").split()[0])
    found = f"throttled by heat {times} times since boot, {max(lasting) / 1000:.0f} s"
    if any(lasting) and max(lasting) / 1000 < MAX_THROTTLED_SHARE * up_s:
        return ok("throttling", found)
    return warning("throttling", found, COOL)


def _governor(root: Path) -> Finding:
    policies = _policies(root)
    if not policies:
        return ok("governor", "not set by this kernel (a virtual machine?)")
    governors = sorted({_read(policy / "scaling_governor") for policy in policies})
    drivers = {_read(policy / "scaling_driver") for policy in policies}
    found = ", ".join(governors)
    if "powersave" in governors and not drivers & set(SCALING_DRIVERS):
        advice = "the processor stays at its lowest frequency; to change it: `sudo cpupower frequency-set -g schedutil`"
        return warning("governor", found, advice)
    return ok("governor", found)


def _policies(root: Path) -> list[Path]:
    return sorted(root.glob(POLICIES))


def _ratio(policy: Path) -> float:
    fastest = _number(policy / "cpuinfo_max_freq")
    return _number(policy / "scaling_max_freq") / fastest if fastest else 0.0


def _kind(zone: Path) -> str:
    return _read(zone / "type").lower()


def _celsius(file: Path) -> float | None:
    """Read the thousandths of a degree in `file` as Celsius; None without a plausible reading."""
    text = _read(file)
    degrees = int(text) / 1000 if text.lstrip("-").isdecimal() else 0.0
    return degrees if PLAUSIBLE_C[0] <= degrees <= PLAUSIBLE_C[1] else None


def _number(file: Path) -> int:
    text = _read(file)
    return int(text) if text.isdecimal() else 0


def _read(file: Path) -> str:
    """Read `file`; a sleeping sensor answers with an error and counts as missing."""
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
