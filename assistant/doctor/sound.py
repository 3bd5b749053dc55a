"""Use microphone and loudspeaker for two seconds, in a process of its own, because sound systems hang.

PortAudio waits forever for a sound server that hangs, in native code that cannot be interrupted. So
`devices.check_devices` runs this file as a process with a deadline and reads its findings one by one; a crash in a
library does no harm either.

    python -m assistant.doctor.sound '{"microphone": "default", "loudspeaker": "default"}'
"""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field

import anyio
import msgspec
import numpy as np

from assistant.audio import earcons
from assistant.audio.check import FOR_MICROPHONES, check_audio
from assistant.audio.devices.loudspeaker import Loudspeaker
from assistant.audio.devices.microphone import Microphone
from assistant.audio.devices.portaudio import NOUN, Direction, best_rate, find_device
from assistant.audio.pcm import LISTENING_RATE, AudioBlock, Samples, level
from assistant.doctor import tone
from assistant.doctor.finding import Finding, FindingState, failed, ok, warning
from assistant.errors import AssistantError, Code

SETTLE_S = 1.2
"""Seconds from opening both devices to the first measurement: idle loudspeakers swallow the first 0.5 s, headsets
change their profile, and a PulseAudio null sink delays its monitor by 1 s when something is first played."""

TAIL_S = 0.5
"""Seconds recorded after the tone, because the devices' buffers delay its end."""

MAX_RATE_ERROR = 0.05
"""Largest deviation of the sample count from the clock. Over 1.7 s in the virtual room it was at most 1.3% in 26
trials, 12 of them on busy cores; a device that runs at 44,100 Hz but claims 48,000 is 8% off."""

LEVELS = "adjust the levels in `pavucontrol` or `alsamixer`"
ADVICE = re.compile(r"; |\? (?=see)|: (?=plug)")

NO_DEVICE = "none"
"""Value of `audio.input` and `audio.output` for a daemon without a sound card."""

OPENS = (Code.DEVICE_FAILED, Code.DEVICE_MISSING)


class SoundTask(msgspec.Struct, frozen=True):
    """What to probe."""

    microphone: str
    loudspeaker: str
    play: bool = True
    """False: look up the devices without opening them."""
    volume: float = 1.0
    holder: str = ""
    """What a running daemon reports about its devices, which it may hold exclusively; empty without a daemon."""

    def name(self, direction: Direction) -> str:
        return self.microphone if direction is Direction.INPUT else self.loudspeaker


@dataclass
class SoundTrial:
    """Recording and errors of one probe."""

    blocks: list[AudioBlock] = field(default_factory=list)
    underflows: int = 0
    began_at: float | None = None
    """Monotonic time at which the tone was handed to the loudspeaker."""
    problems: dict[Direction, AssistantError] = field(default_factory=dict)
    ready: anyio.Event = field(default_factory=anyio.Event)
    """Set when the microphone delivers or has failed."""
    over: anyio.Event = field(default_factory=anyio.Event)


def probe(task: SoundTask) -> Iterator[Finding]:
    """Yield the findings `microphone`, `loudspeaker`, and with `play` also `hearing`, `playing`, `echo`.

    Checks of a missing device, or of one configured as none, are left out.
    """
    there = set()
    for direction in Direction:
        if task.name(direction) == NO_DEVICE:
            yield ok(NOUN[direction], "none, as configured")
            continue
        finding = _look_for(task, direction)
        yield finding
        if finding.state is FindingState.OK:
            there.add(direction)
    if not task.play:
        return
    trial = anyio.run(_try, task, there)
    if Direction.INPUT in there:
        yield _hearing(task, trial)
    if Direction.OUTPUT in there:
        yield _playing(task, trial)
    if trial.began_at is not None and trial.blocks and not trial.problems:
        yield _echo(task, trial.began_at, trial.blocks)


def _look_for(task: SoundTask, direction: Direction) -> Finding:
    check = NOUN[direction]
    try:
        device = find_device(task.name(direction), direction)
        rate = best_rate(device, direction)
    except AssistantError as error:
        return _held(check, task) if _may_be_held(task, error) else _failed(check, error)
    return ok(check, f"{device.name!r} ({device.host_api}), at {rate} Hz")


async def _try(task: SoundTask, there: set[Direction]) -> SoundTrial:
    trial = SoundTrial()
    async with anyio.create_task_group() as tasks:
        if Direction.INPUT in there:
            tasks.start_soon(_record, task, trial)
        else:
            trial.ready.set()
        if Direction.OUTPUT in there:
            tasks.start_soon(_play, task, trial)
        else:
            tasks.start_soon(_wait_for_tone, trial)
    return trial


async def _wait_for_tone(trial: SoundTrial) -> None:
    """Wait as long as the tone would take, for a machine without a loudspeaker."""
    await trial.ready.wait()
    await anyio.sleep(SETTLE_S + len(tone.tone_samples()) / earcons.RATE + TAIL_S)
    trial.over.set()


async def _record(task: SoundTask, trial: SoundTrial) -> None:
    try:
        with Microphone(task.microphone) as microphone:
            async with aclosing(microphone.blocks()) as blocks:
                async for block in blocks:
                    trial.blocks.append(block)
                    trial.ready.set()
                    if trial.over.is_set():
                        return
    except AssistantError as error:
        trial.problems[Direction.INPUT] = error
    finally:
        trial.ready.set()


async def _play(task: SoundTask, trial: SoundTrial) -> None:
    await trial.ready.wait()
    try:
        with Loudspeaker(task.loudspeaker) as loudspeaker:
            loudspeaker.volume = task.volume
            await anyio.sleep(SETTLE_S)
            playback = loudspeaker.play(earcons.RATE)
            await playback.write(tone.tone_samples())
            await playback.drain()
            trial.began_at = playback.started_at
            await anyio.sleep(TAIL_S)
            trial.underflows = loudspeaker.underruns
    except AssistantError as error:
        trial.problems[Direction.OUTPUT] = error
    finally:
        trial.over.set()


def _hearing(task: SoundTask, trial: SoundTrial) -> Finding:
    if (problem := trial.problems.get(Direction.INPUT)) is not None:
        return _held("hearing", task) if _may_be_held(task, problem) else _failed("hearing", problem)
    heard = np.concatenate([block.samples for block in trial.blocks])
    try:
        remarks = check_audio(heard, where="the microphone", advice=FOR_MICROPHONES)
    except AssistantError as error:
        return _failed("hearing", error)
    if remarks:
        found, _, advice = remarks[0].partition("; ")
        return warning("hearing", found, f"{advice}: {LEVELS}")
    off = _rate_ratio(trial.blocks) - 1
    if abs(off) > MAX_RATE_ERROR:
        found = f"it delivers {abs(off):.0%} {'more' if off > 0 else 'fewer'} samples than its rate implies"
        return warning("hearing", found, "the driver or cable is probably faulty: try another port or device")
    peak = 20 * float(np.log10(np.abs(heard).max()))
    return ok("hearing", f"level {level(heard):.0f} dB, at most {peak:.0f} dB; samples arrive in time")


def _playing(task: SoundTask, trial: SoundTrial) -> Finding:
    if (problem := trial.problems.get(Direction.OUTPUT)) is not None:
        return _held("playing", task) if _may_be_held(task, problem) else _failed("playing", problem)
    if trial.underflows:
        gaps = "a gap" if trial.underflows == 1 else f"{trial.underflows} gaps"
        found = f"a test sound was played with {gaps}"
        return warning("playing", found, "you will hear clicks because the machine is too busy: see `top`")
    return ok("playing", "a test sound was played without a gap; did you hear it?")


def _echo(task: SoundTask, began_at: float, blocks: list[AudioBlock]) -> Finding:
    leak = tone.find_tone(_since(began_at, blocks), task.volume**2)
    if leak is None:
        return ok("echo", "the microphone does not pick up the sound (headphones? too quiet?)")
    found = f"the microphone picks up the sound at {leak.db:+.0f} dB, {leak.delay_s * 1000:.0f} ms later"
    if leak.db > 0:
        return warning("echo", found, f"move microphone and loudspeaker apart or lower one of them: {LEVELS}")
    return ok("echo", found)


def _rate_ratio(blocks: list[AudioBlock]) -> float:
    """Return the ratio of received to expected samples; 1 if there are too few to tell."""
    settled = [block for block in blocks if block.start >= SETTLE_S * LISTENING_RATE]
    if len(settled) < 2:
        return 1.0
    passed_s = settled[-1].captured_at - settled[0].captured_at
    return (settled[-1].end - settled[0].end) / LISTENING_RATE / passed_s


def _since(moment: float, blocks: list[AudioBlock]) -> Samples:
    """Return the samples recorded after `moment` on the monotonic clock, to the precision of a block."""
    return np.concatenate([np.zeros(0, np.float32), *(block.samples for block in blocks if block.captured_at > moment)])


def _may_be_held(task: SoundTask, error: AssistantError) -> bool:
    return bool(task.holder) and error.code in OPENS


def _held(check: str, task: SoundTask) -> Finding:
    return ok(check, f"in use by the running assistant: {task.holder}")


def _failed(check: str, error: AssistantError) -> Finding:
    """Turn `error` into a finding; its message ends with what to do."""
    found, *advice = ADVICE.split(error.message, maxsplit=1)
    return failed(check, found, *(advice or ["`assistant devices` lists what is available"]))


def main(write: Callable[[bytes], object] = sys.stdout.buffer.write) -> None:
    """Print each finding as a line of JSON as soon as it is known."""
    for finding in probe(msgspec.json.decode(sys.argv[1], type=SoundTask)):
        write(msgspec.json.encode(finding) + b"\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
