"""Rooms in which the microphone hears the loudspeaker, simulated and with a sound server."""

import tempfile
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from assistant.audio.echo.reference import IDLE_S, Reference
from assistant.audio.pcm import BLOCK, LISTENING_RATE, AudioBlock, Samples
from assistant.bench.soak.virtual_room import RATE
from tests.room import Room

NOISE_DB = -65.0
"""Of a quiet room, in the microphone."""


def level_db(samples: Samples) -> float:
    """In dB of full scale."""
    return float(10 * np.log10(np.mean(samples.astype(np.float64) ** 2) + 1e-12))


def at_level(samples: Samples, db: float) -> Samples:
    """`samples` scaled so that what is loud in them is at `db` of full scale."""
    loud = samples[np.abs(samples) > 0.02 * np.abs(samples).max()]
    return samples * np.float32(10 ** ((db - level_db(loud)) / 20))


def reverberant(played: Samples, *, loss_db: float, delay_s: float = 0.06) -> Samples:
    """The echo of `played` in a living room (reverberation of 0.3 s), `loss_db` quieter and `delay_s` later."""
    times = np.arange(round(0.3 * LISTENING_RATE)) / LISTENING_RATE
    response = np.random.default_rng(1).standard_normal(len(times)) * 10 ** (-3 * times / 0.3) * 0.12
    response[0] = 1.0
    response *= 10 ** (-loss_db / 20) / np.sqrt((response**2).sum())
    response = np.pad(response, (round(delay_s * LISTENING_RATE), 0))
    size = len(played) + len(response)
    echo = np.fft.irfft(np.fft.rfft(played, size) * np.fft.rfft(response, size), size)
    return echo[: len(played)].astype(np.float32)


def room_noise(count: int) -> Samples:
    noise = np.random.default_rng(2).standard_normal(count) * 10 ** (NOISE_DB / 20)
    return noise.astype(np.float32)


class SimulatedMicrophone:
    """An `AudioSource` that has heard `samples`, beside a loudspeaker that has played `played` meanwhile.

    The timestamps of both jump by up to `jitter_s`. `gap` (in samples) is lost after half of the blocks.
    """

    name = "simulation"
    dropped = 7
    echo_free = None
    muted = False
    batched = False

    def __init__(
        self, samples: Samples, played: Samples, reference: Reference, *, jitter_s: float = 0.0, gap: int = 0
    ) -> None:
        self._samples = samples
        self._played = played
        self._reference = reference
        self._jitter_s = jitter_s
        self._gap = gap
        self._random = np.random.default_rng(3)

    def mute(self) -> None:
        raise NotImplementedError

    def unmute(self) -> None:
        raise NotImplementedError

    async def blocks(self) -> AsyncGenerator[AudioBlock, None]:
        played = quiet = 0
        half = len(self._samples) // 2 // BLOCK * BLOCK
        for start in [*range(0, half, BLOCK), *range(half + self._gap, len(self._samples) - BLOCK + 1, BLOCK)]:
            end = start + BLOCK
            while played < min(end + 0.05 * LISTENING_RATE, len(self._played)):
                period = self._played[played : played + 160]
                played += 160
                quiet = 0 if period.any() else quiet + len(period)
                silent = quiet > IDLE_S * LISTENING_RATE
                self._reference.put(period, self._moment(played), False, silent=silent)
            yield AudioBlock(self._samples[start:end], start, self._moment(end))

    def _moment(self, position: int) -> float:
        return 100 + position / LISTENING_RATE + float(self._random.uniform(-1, 1)) * self._jitter_s


class EchoingRoom(Room):
    """The microphone hears the loudspeaker some 40 ms later and `loss_db` quieter.

    Each has a sink of its own: when one sink's monitor is played back to it, PulseAudio's clock runs ever faster.
    """

    def __init__(self, home: Path, loss_db: float) -> None:
        super().__init__(home)
        self._loss_db = loss_db

    def start(self) -> None:
        super().start()
        [leak] = self._run("pactl", "list", "short", "sink-inputs").splitlines()
        self._run("pactl", "set-sink-input-volume", leak.split()[0], f"-{self._loss_db}dB")

    def _layout(self) -> Sequence[str]:
        return [
            f"load-module module-native-protocol-unix socket={self._socket} auth-anonymous=1",
            *(
                f"load-module module-null-sink sink_name={name} rate={RATE} channels=1 channel_map=mono"
                for name in ("voice", "speaker")
            ),
            "load-module module-loopback source=speaker.monitor sink=voice latency_msec=40",
            "set-default-sink speaker",
            "set-default-source voice.monitor",
        ]


@contextmanager
def open_echoing_room(loss_db: float) -> Iterator[Room]:
    """As `room.open_room`."""
    with tempfile.TemporaryDirectory(prefix="room") as home:
        room = EchoingRoom(Path(home), loss_db)
        try:
            room.start()
            yield room
        finally:
            room.stop()
