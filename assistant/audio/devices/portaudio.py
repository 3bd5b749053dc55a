"""Sound devices through PortAudio: listing them, finding one by name, and running streams on them."""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from assistant.audio.devices.alsa import capture_messages
from assistant.audio.pcm import Samples
from assistant.errors import AssistantError, Code

PREFERRED_RATE = 48_000
"""Hz at which a device is opened where it can be, else at its default rate.

PortAudio states 44,100 as the default rate of every ALSA device that supports it, sound servers and most hardware run
at 48,000, and where the two differ, the sound server's conversion breaks PortAudio's buffering: an output stream of
50 ms at 44,100 Hz on a PulseAudio sink of 48,000 Hz had 127 underruns in 3 s, at 48,000 Hz none.
"""

LATENCY_S = 0.04
"""Buffer of a stream, in seconds. PortAudio asks for a quarter of it at a time.

What is in the buffer can no longer be ducked or stopped, so it is as short as possible. Output on PulseAudio beside a
recognition that never ends and three other processes on two cores had 29 underruns in 91 s with 40 ms, 27 with 50 ms,
14 with 60 ms, and twice as many with 30 ms; on idle cores it had none with any of them.
"""

MAX_DELAY_S = 2.0
"""Seconds. A longer delay that a device states is a fault of its driver, and ignored."""


class Direction(StrEnum):
    INPUT = "input"
    OUTPUT = "output"


NOUN = {Direction.INPUT: "microphone", Direction.OUTPUT: "loudspeaker"}


@dataclass(frozen=True)
class Device:
    """A sound device as PortAudio sees it."""

    index: int
    name: str
    host_api: str
    input_channels: int
    output_channels: int
    default_rate: int
    """Hz, as PortAudio states it; see `PREFERRED_RATE`."""
    is_default_input: bool
    is_default_output: bool

    def channels(self, direction: Direction) -> int:
        return self.input_channels if direction is Direction.INPUT else self.output_channels

    def is_default(self, direction: Direction) -> bool:
        return self.is_default_input if direction is Direction.INPUT else self.is_default_output


InputCallback = Callable[[Samples, float, bool], None]
"""Takes mono samples (valid during the call only), the monotonic time at which the last of them was captured, and
whether the device lost samples before them. Called in PortAudio's thread: must be quick and must not raise."""

OutputCallback = Callable[[Samples, float, bool], None]
"""Fills mono samples; takes the monotonic time at which the last of them will have left the device, and whether there
was an underrun before them. Called in PortAudio's thread: must be quick and must not raise."""


native_lock = threading.RLock()
"""Held while PortAudio opens, closes or lists devices, which it does not protect from each other."""


class Stream:
    """A running stream on a device, until it is closed."""

    def __init__(self, device: Device, direction: Direction, callback: Callable[..., None], rate: int) -> None:
        sounddevice = _library()
        kind = sounddevice.InputStream if direction is Direction.INPUT else sounddevice.OutputStream
        self.name = device.name
        self.rate = rate
        try:
            with native_lock:
                self._stream = kind(
                    device=device.index,
                    channels=_stream_channels(device, direction),
                    samplerate=rate,
                    latency=LATENCY_S,
                    dtype="float32",
                    callback=callback,
                )
                self._start()
        except sounddevice.PortAudioError as error:
            raise AssistantError(
                Code.DEVICE_FAILED,
                f"{NOUN[direction]} {device.name!r} cannot be opened at {rate} Hz: {error.args[0]}; is another program "
                "using it? `assistant devices` lists others",
            ) from error

    def _start(self) -> None:
        try:
            self._stream.start()
        except Exception:
            self._stream.close(ignore_errors=True)
            raise

    @property
    def runs(self) -> bool:
        """False once PortAudio has given the stream up: the device or the sound server has gone."""
        return bool(self._stream.active)

    def close(self) -> None:
        """End the stream at once; what is in its buffer is not played."""
        with native_lock:
            self._stream.abort(ignore_errors=True)
            self._stream.close(ignore_errors=True)


def list_devices() -> list[Device]:
    """List all devices, in PortAudio's order. Raises `AssistantError` (`device.library_missing`)."""
    sounddevice = _library()
    host_apis = sounddevice.query_hostapis()
    default_input, default_output = sounddevice.default.device
    return [
        Device(
            index=found["index"],
            name=found["name"],
            host_api=host_apis[found["hostapi"]]["name"],
            input_channels=found["max_input_channels"],
            output_channels=found["max_output_channels"],
            default_rate=round(found["default_samplerate"]),
            is_default_input=found["index"] == default_input,
            is_default_output=found["index"] == default_output,
        )
        for found in sounddevice.query_devices()
    ]


def rescan() -> None:
    """List devices anew, which PortAudio does only once by itself. Every stream must be closed."""
    sounddevice = _library()
    with native_lock:
        sounddevice._terminate()  # the library has no public way to see what was plugged in since
        sounddevice._initialize()


def find_device(name: str, direction: Direction) -> Device:
    """The device that can do `direction` and is called `name`: 'default', a full name, or a part of one name only.

    Upper and lower case are the same. Raises `AssistantError`: `device.library_missing`, or `device.missing` with the
    names that there are.
    """
    return choose(list_devices(), name, direction)


def choose(devices: list[Device], name: str, direction: Direction) -> Device:
    """`find_device` among `devices`."""
    able = [device for device in devices if device.channels(direction) > 0]
    if not able:
        raise AssistantError(Code.DEVICE_MISSING, no_device(direction))
    wanted = name.casefold()
    if wanted == "default":
        matching = [device for device in able if device.is_default(direction)]
    else:
        matching = [device for device in able if device.name.casefold() == wanted]
        matching = matching or [device for device in able if wanted in device.name.casefold()]
    if len(matching) == 1:
        return matching[0]
    names = ", ".join(repr(device.name) for device in matching or able)
    problem = f"{len(matching)} are called so" if matching else f"there is no {NOUN[direction]} of this name"
    raise AssistantError(Code.DEVICE_MISSING, f"audio.{direction}: {name!r}: {problem}; choose one of {names}")


def no_device(direction: Direction) -> str:
    """Say what to do on a machine without any device for `direction`."""
    return (
        f"there is no {NOUN[direction]}: plug one in, or, if PulseAudio or PipeWire has one, "
        "`sudo apt install libasound2-plugins`; `assistant devices` lists what is found"
    )


def best_rate(device: Device, direction: Direction) -> int:
    """Return the rate in Hz at which to open `device`."""
    sounddevice = _library()
    check = sounddevice.check_input_settings if direction is Direction.INPUT else sounddevice.check_output_settings
    try:
        check(
            device=device.index,
            channels=_stream_channels(device, direction),
            samplerate=PREFERRED_RATE,
            dtype="float32",
        )
    except sounddevice.PortAudioError:
        return device.default_rate
    return PREFERRED_RATE


def open_input(device: Device, rate: int, deliver: InputCallback) -> Stream:
    """Record `device`'s first channel from now on, at `best_rate`. Raises `AssistantError` (`device.failed`)."""

    def callback(samples: Any, frames: int, when: Any, status: Any) -> None:
        age = _plausible(when.currentTime - when.inputBufferAdcTime, frames / rate)
        deliver(samples[:, 0], time.monotonic() - age + frames / rate, status.input_overflow)

    return Stream(device, Direction.INPUT, callback, rate)


def open_output(device: Device, rate: int, fill: OutputCallback) -> Stream:
    """Play what `fill` provides from now on, at `best_rate`. Raises `AssistantError` (`device.failed`)."""

    def callback(samples: Any, frames: int, when: Any, status: Any) -> None:
        delay = _plausible(when.outputBufferDacTime - when.currentTime, LATENCY_S)
        fill(samples[:, 0], time.monotonic() + delay + frames / rate, status.output_underflow)
        samples[:, 1:] = samples[:, :1]

    return Stream(device, Direction.OUTPUT, callback, rate)


def _plausible(delay: float, otherwise: float) -> float:
    """Replace the delay of a driver that does not know it: such drivers state zero, or times of another clock."""
    return delay if 0 < delay < MAX_DELAY_S else otherwise


def _stream_channels(device: Device, direction: Direction) -> int:
    """Open both channels of a stereo loudspeaker: one would be its left side alone."""
    return min(2, device.output_channels) if direction is Direction.OUTPUT else 1


def _library() -> Any:
    """Import `sounddevice`, which initialises PortAudio, once and with its noise on stderr silenced."""
    # The variable makes the sound server use other buffers than ALSA's plug-in states to PortAudio: streams stood still
    # for ever after an underrun, and those of 100 ms never began.
    os.environ.pop("PULSE_LATENCY_MSEC", None)
    capture_messages()
    try:
        import sounddevice
    except OSError as error:
        raise AssistantError(
            Code.DEVICE_LIBRARY_MISSING, "the PortAudio library is missing; `sudo apt install libportaudio2`"
        ) from error
    return sounddevice
