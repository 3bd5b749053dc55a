"""Microphone and loudspeaker at work for two seconds: a program of its own, because sound systems hang.

PortAudio waits for ever for a sound server that stands still, in native code that no thread can be called back from. So
`devices.check` runs this file as a process, with a deadline, and reads its findings one by one; a library that crashes
takes nothing else with it either.

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
from assistant.audio.check import check_audio
from assistant.audio.devices.loudspeaker import Loudspeaker
from assistant.audio.devices.microphone import Microphone
from assistant.audio.devices.portaudio import NOUN, Direction, best_rate, find_device
from assistant.audio.pcm import LISTENING_RATE, AudioBlock, Samples, level
from assistant.doctor import tone
from assistant.doctor.finding import Finding, State, failed, ok, warning
from assistant.errors import AssistantError, Code

SETTLE_S = 1.2
"""From opening both devices until anything is measured: idle loudspeakers swallow the first 0.5 s, headsets change
their profile, and a PulseAudio null sink holds its monitor back for 1 s when something is first played."""

TAIL_S = 0.5
"""Recorded after the tone, whose end the buffers of the devices hold back."""

PACE = 0.05
"""How far the number of samples may be from what the clock says. Over 1.7 s in the virtual room it was at most 1.3% off
in 26 trials, 12 of them on busy cores; a device that runs at 44,100 Hz and says 48,000 is 8% off."""

LEVELS = "see the levels in `pavucontrol` or `alsamixer`"
ADVICE = re.compile(r"; |\? (?=see)|: (?=plug)")

OPENS = (Code.DEVICE_FAILED, Code.DEVICE_MISSING)


class Task(msgspec.Struct, frozen=True):
    """What is to be tried."""

    microphone: str
    loudspeaker: str
    play: bool = True
    """False: look for the devices, and leave them closed."""
    volume: float = 1.0
    holder: str = ""
    """What a running daemon says of its devices; empty without one. It may be the only one who can have them."""

    def name(self, direction: Direction) -> str:
        return self.microphone if direction is Direction.INPUT else self.loudspeaker


@dataclass
class Trial:
    """What came of it."""

    blocks: list[AudioBlock] = field(default_factory=list)
    underflows: int = 0
    began_at: float | None = None
    """When the tone was handed to the loudspeaker."""
    problems: dict[Direction, AssistantError] = field(default_factory=dict)
    ready: anyio.Event = field(default_factory=anyio.Event)
    """The microphone delivers, or will not."""
    over: anyio.Event = field(default_factory=anyio.Event)


def examine(task: Task) -> Iterator[Finding]:
    """The checks `microphone`, `loudspeaker`, and with `play` also `hearing`, `playing`, `echo`.

    What cannot be tried because a device is not there is left out.
    """
    there = set()
    for direction in Direction:
        finding = _look_for(task, direction)
        yield finding
        if finding.state is State.OK:
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


def _look_for(task: Task, direction: Direction) -> Finding:
    check = NOUN[direction]
    try:
        device = find_device(task.name(direction), direction)
        rate = best_rate(device, direction)
    except AssistantError as error:
        return _held(check, task) if _may_be_held(task, error) else _failed(check, error)
    return ok(check, f"{device.name!r} ({device.host_api}), at {rate} Hz")


async def _try(task: Task, there: set[Direction]) -> Trial:
    trial = Trial()
    async with anyio.create_task_group() as tasks:
        if Direction.INPUT in there:
            tasks.start_soon(_hear, task, trial)
        else:
            trial.ready.set()
        if Direction.OUTPUT in there:
            tasks.start_soon(_play, task, trial)
        else:
            tasks.start_soon(_wait, trial)
    return trial


async def _wait(trial: Trial) -> None:
    """As long as the tone would last."""
    await trial.ready.wait()
    await anyio.sleep(SETTLE_S + len(tone.tone()) / earcons.RATE + TAIL_S)
    trial.over.set()


async def _hear(task: Task, trial: Trial) -> None:
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


async def _play(task: Task, trial: Trial) -> None:
    await trial.ready.wait()
    try:
        with Loudspeaker(task.loudspeaker) as loudspeaker:
            loudspeaker.volume = task.volume
            await anyio.sleep(SETTLE_S)
            playback = loudspeaker.play(earcons.RATE)
            await playback.write(tone.tone())
            await playback.drain()
            trial.began_at = playback.started_at
            await anyio.sleep(TAIL_S)
            trial.underflows = loudspeaker.underruns
    except AssistantError as error:
        trial.problems[Direction.OUTPUT] = error
    finally:
        trial.over.set()


def _hearing(task: Task, trial: Trial) -> Finding:
    if (problem := trial.problems.get(Direction.INPUT)) is not None:
        return _held("hearing", task) if _may_be_held(task, problem) else _failed("hearing", problem)
    heard = np.concatenate([block.samples for block in trial.blocks])
    try:
        remarks = check_audio(heard, where="the microphone")
    except AssistantError as error:
        return _failed("hearing", error)
    if remarks:
        found, _, advice = remarks[0].partition("; ")
        return warning("hearing", found, f"{advice}: {LEVELS}")
    off = _pace(trial.blocks) - 1
    if abs(off) > PACE:
        found = f"it delivers {abs(off):.0%} {'more' if off > 0 else 'less'} than its rate says"
        return warning("hearing", found, "its driver or cable is at fault: try another port or device")
    peak = 20 * float(np.log10(np.abs(heard).max()))
    return ok("hearing", f"level {level(heard):.0f} dB, at most {peak:.0f} dB; samples come in time")


def _playing(task: Task, trial: Trial) -> Finding:
    if (problem := trial.problems.get(Direction.OUTPUT)) is not None:
        return _held("playing", task) if _may_be_held(task, problem) else _failed("playing", problem)
    if trial.underflows:
        gaps = "a gap" if trial.underflows == 1 else f"{trial.underflows} gaps"
        found = f"a test sound was played with {gaps}"
        return warning("playing", found, "the machine is too busy, which is heard as clicks: see `top`")
    return ok("playing", "a test sound was played without a gap; did you hear it?")


def _echo(task: Task, began_at: float, blocks: list[AudioBlock]) -> Finding:
    leak = tone.find(_since(began_at, blocks), task.volume**2)
    if leak is None:
        return ok("echo", "the microphone does not hear the sound (headphones? too soft?)")
    found = f"the microphone hears the sound at {leak.db:+.0f} dB, {leak.delay_s * 1000:.0f} ms later"
    if leak.db > 0:
        return warning("echo", found, f"move them apart, or lower one of them: {LEVELS}")
    return ok("echo", found)


def _pace(blocks: list[AudioBlock]) -> float:
    """Samples that came, for each that the clock says; 1 where too few came to tell."""
    settled = [block for block in blocks if block.start >= SETTLE_S * LISTENING_RATE]
    if len(settled) < 2:
        return 1.0
    passed_s = settled[-1].captured_at - settled[0].captured_at
    return (settled[-1].end - settled[0].end) / LISTENING_RATE / passed_s


def _since(moment: float, blocks: list[AudioBlock]) -> Samples:
    """What was heard from `moment` of the monotonic clock on, to one block."""
    return np.concatenate([np.zeros(0, np.float32), *(block.samples for block in blocks if block.captured_at > moment)])


def _may_be_held(task: Task, error: AssistantError) -> bool:
    return bool(task.holder) and error.code in OPENS


def _held(check: str, task: Task) -> Finding:
    return ok(check, f"in use by the running assistant: {task.holder}")


def _failed(check: str, error: AssistantError) -> Finding:
    """Messages of errors end with what to do."""
    found, *advice = ADVICE.split(error.message, maxsplit=1)
    return failed(check, found, *(advice or ["`assistant devices` shows what there is"]))


def main(tell: Callable[[bytes], object] = sys.stdout.buffer.write) -> None:
    """Print each finding as a line of JSON as soon as it is there."""
    for finding in examine(msgspec.json.decode(sys.argv[1], type=Task)):
        tell(msgspec.json.encode(finding) + b"\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
