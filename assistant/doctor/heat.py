"""Heat, and a processor that runs slower than it could: the usual reason for an assistant that has become slow.

All of it is read from files of the kernel below `root`; a virtual machine has none of them.
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
"""What the type of a thermal zone has in it that is a processor's; others are batteries, disks, wireless."""

SLOWED_C = 80.0
"""Celsius from which processors slow down where the zone does not say: the soft limit of a Raspberry Pi."""

NEAR_C = 5.0
PLAUSIBLE_C = (1.0, 150.0)
"""Sensors that are switched off say 0 or -274."""

FASTEST = 0.95
"""Share of its highest frequency below which a processor counts as held back."""

MISSED_SHARE = 0.001
"""Share of the time since the start that a processor may have been slowed down by heat before it is worth a word."""

FIXED = ("intel_pstate", "amd-pstate-epp", "amd_pstate_epp")
"""Drivers whose `powersave` is the ordinary governor that follows the load."""

BITS = {
    0: "under-voltage",
    1: "frequency capped",
    2: "throttled",
    3: "soft temperature limit",
}
"""Of `vcgencmd get_throttled` on a Raspberry Pi; 16 bits higher: has happened since the start."""

COOL = "improve the cooling: a heat sink or fan, free air around it"
POWER = "use the board's own power supply and a short cable"


def check(root: Path) -> Iterator[Finding]:
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
    found = f"{now:.0f} °C ({_kind(closest)}); it slows down at {limit:.0f} °C"
    return ok("temperature", found) if now < limit - NEAR_C else warning("temperature", found, COOL)


def _limit(zone: Path) -> float:
    """Celsius at which the kernel or the firmware begins to slow the processor down."""
    limits = [
        celsius
        for kind in zone.glob("trip_point_*_type")
        if _read(kind) in {"passive", "hot", "critical"}
        and (celsius := _celsius(kind.with_name(kind.name.replace("_type", "_temp")))) is not None
    ]
    return min(limits, default=SLOWED_C)


def _throttling(root: Path) -> Finding:
    if re.fullmatch("(0x)?[0-9a-f]+", text := _read(root / FIRMWARE)):
        return _firmware(int(text, 16))
    capped = [policy for policy in sorted(root.glob(POLICIES)) if 0 < _ratio(policy) < FASTEST]
    if capped:
        limit, fastest = _number(capped[0] / "scaling_max_freq"), _number(capped[0] / "cpuinfo_max_freq")
        found = f"{len(capped)} processors are held at {limit / 1e6:.1f} of {fastest / 1e6:.1f} GHz"
        return warning("throttling", found, f"by heat or a power profile: {COOL}; `powerprofilesctl get`")
    return _counted(root)


def _firmware(bits: int) -> Finding:
    now = [name for bit, name in BITS.items() if bits & 1 << bit]
    before = [name for bit, name in BITS.items() if bits & 1 << (bit + 16)]
    if not now and not before:
        return ok("throttling", "none since the start")
    advice = POWER if "under-voltage" in now + before else COOL
    words = f"now: {', '.join(now)}" if now else f"since the start: {', '.join(before)}"
    return warning("throttling", words, advice)


def _counted(root: Path) -> Finding:
    """x86 counts how often each core was slowed down, and newer kernels for how long."""
    counts = sorted(root.glob(COUNTS))
    times = sum(_number(count) for count in counts)
    if not times:
        return ok("throttling", "none since the start" if counts or _policies(root) else "not known to this kernel")
    lasting = [_number(count.with_name(count.name.replace("_count", "_total_time_ms"))) for count in counts]
    up_s = float((_read(root / "proc/uptime") or "0").split()[0])
    found = f"slowed down by heat {times} times since the start, {max(lasting) / 1000:.0f} s"
    if any(lasting) and max(lasting) / 1000 < MISSED_SHARE * up_s:
        return ok("throttling", found)
    return warning("throttling", found, COOL)


def _governor(root: Path) -> Finding:
    policies = _policies(root)
    if not policies:
        return ok("governor", "not the kernel's to choose (a virtual machine?)")
    governors = sorted({_read(policy / "scaling_governor") for policy in policies})
    drivers = {_read(policy / "scaling_driver") for policy in policies}
    found = ", ".join(governors)
    if "powersave" in governors and not drivers & set(FIXED):
        advice = "it stays at its lowest frequency: `sudo cpupower frequency-set -g schedutil`"
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
    """Thousandths of a degree in `file`; None where no sensor gives them."""
    text = _read(file)
    degrees = int(text) / 1000 if text.lstrip("-").isdecimal() else 0.0
    return degrees if PLAUSIBLE_C[0] <= degrees <= PLAUSIBLE_C[1] else None


def _number(file: Path) -> int:
    text = _read(file)
    return int(text) if text.isdecimal() else 0


def _read(file: Path) -> str:
    """A sensor that is asleep answers with an error; it says as little as one that is not there."""
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
