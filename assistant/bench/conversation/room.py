"""A simulated room: a loudspeaker, a microphone that hears it, and users who speak. On one clock, in real time."""

from collections.abc import AsyncGenerator

import anyio
import numpy as np

from assistant.audio.echo.reference import Reference
from assistant.audio.pcm import BLOCK, LISTENING_RATE, AudioBlock, Samples
from assistant.audio.simulated.paced import PacedLoudspeaker

OUT_S = 0.06
"""How long after it was taken a sample leaves the loudspeaker. PulseAudio takes them 45 to 60 ms before that."""

PATH_S = 0.003
"""From the loudspeaker to the microphone: one metre of air."""

IN_S = 0.02
"""How long after its end a block of the microphone can be read; 10 to 25 ms on real devices."""

REVERBERATION_S = 0.3
"""Time in which the echo decays by 60 dB: a furnished living room (ISO 3382-2 finds 0.3 to 0.5 s)."""

DIRECT = 0.12
"""Standard deviation of the first reflections, where the direct sound is 1."""

NOISE_DB = -65.0
"""Level of the room's noise, in dB of full scale of the microphone."""

SHORT_GAP = round(0.1 * LISTENING_RATE)
"""Sounds that follow each other sooner are one."""


def speaking(clip: Samples, db: float) -> Samples:
    """`clip`, scaled so that its speech is at `db` of full scale; pauses do not count."""
    loud = clip[np.abs(clip) > 0.02 * np.abs(clip).max()]
    level = 10 * np.log10(np.mean(np.square(loud, dtype=np.float64)) + 1e-12)
    return clip * np.float32(10 ** ((db - level) / 20))


class Room:
    """`microphone` hears the user, a quiet noise, and `loudspeaker`, `loss_db` quieter and reverberant.

    Positions are samples of the microphone's clock, 0 when it is first listened to.
    """

    def __init__(self, loss_db: float) -> None:
        self.loudspeaker = RoomLoudspeaker()
        self.microphone = RoomMicrophone(self.loudspeaker, _impulse_response(loss_db))

    @property
    def reference(self) -> Reference:
        """What is played, for an echo canceller."""
        return self.loudspeaker.reference

    def say(self, speech: Samples) -> int:
        """Let the user say `speech`, from the next moment on; returns the position of its first sample."""
        return self.microphone.say(speech)

    @property
    def being_said_s(self) -> float:
        """Seconds until the user has said everything."""
        return self.microphone.being_said / LISTENING_RATE

    @property
    def now(self) -> int:
        """The position of the present."""
        return self.microphone.position(anyio.current_time())

    def silent_from(self, position: int) -> int:
        """Where the sound of the loudspeaker that lasted at `position` ended, or `position` if there was none."""
        return max(position, self.microphone.position(self.loudspeaker.end_of_sound(self.microphone.moment(position))))

    @property
    def played_s(self) -> float:
        """Seconds of sound so far."""
        self.loudspeaker.catch_up()
        return self.loudspeaker.sounded / LISTENING_RATE


class RoomLoudspeaker(PacedLoudspeaker):
    """Plays at `LISTENING_RATE`, and remembers when."""

    name = "simulated loudspeaker"

    def __init__(self) -> None:
        super().__init__(LISTENING_RATE, OUT_S)
        self.reference = Reference(LISTENING_RATE)
        self.sounded = 0
        self._sounds: list[list[int]] = []
        """First and last sample of each, since the clock's zero, as they leave the loudspeaker."""
        self._air = np.zeros(0, np.float32)
        self._air_end = 0
        """The last seconds that were played, and the sample after them."""

    def between(self, start: int, end: int) -> Samples:
        """What left the loudspeaker, by samples since the clock's zero; zeros for what is not kept or not yet known."""
        self.catch_up()
        found = np.zeros(end - start, np.float32)
        begin = self._air_end - len(self._air)
        first, last = max(start, begin), min(end, self._air_end)
        if first < last:
            found[first - start : last - start] = self._air[first - begin : last - begin]
        return found

    def end_of_sound(self, moment: float) -> float:
        """When the sound that is in the air at `moment` ends, as far as is known; `moment` if there is none."""
        self.catch_up()
        at = moment * LISTENING_RATE
        for first, last in self._sounds:
            if first - SHORT_GAP <= at < last:
                return last / LISTENING_RATE
        return moment

    def _taken(self, start: int, out: Samples, count: int) -> None:
        leaves = start + round(OUT_S * LISTENING_RATE)
        end = leaves + len(out)
        self._air = np.concatenate([self._air, out])[-LISTENING_RATE:]
        self._air_end = end
        self.reference.put(out, end / LISTENING_RATE, False)
        if count:
            self.sounded += count
            if self._sounds and leaves - self._sounds[-1][1] < SHORT_GAP:
                self._sounds[-1][1] = leaves + count
            else:
                self._sounds.append([leaves, leaves + count])


class RoomMicrophone:
    """An `AudioSource` without echo cancellation."""

    name = "simulated microphone"
    dropped = 0
    echo_free = None
    muted = False
    batched = False

    def __init__(self, loudspeaker: RoomLoudspeaker, response: Samples) -> None:
        self._loudspeaker = loudspeaker
        self._response = response
        self._noise = np.random.default_rng(2)
        self._said: list[tuple[int, Samples]] = []
        self._began = 0
        """Samples since the clock's zero when it was first listened to."""
        self._end = 0

    def mute(self) -> None:
        """It stays on."""

    def unmute(self) -> None:
        """It is on."""

    def say(self, speech: Samples) -> int:
        self._said = [(start, said) for start, said in self._said if start + len(said) > self._end]
        self._said.append((self._end, speech))
        return self._end

    @property
    def being_said(self) -> int:
        return max([0, *(start + len(said) - self._end for start, said in self._said)])

    def position(self, moment: float) -> int:
        return round(moment * LISTENING_RATE) - self._began

    def moment(self, position: int) -> float:
        return (self._began + position) / LISTENING_RATE

    async def blocks(self) -> AsyncGenerator[AudioBlock, None]:
        self._began = round(anyio.current_time() * LISTENING_RATE)
        while True:
            captured_at = self.moment(self._end + BLOCK)
            await anyio.sleep_until(captured_at + IN_S)
            start = self._end
            samples = self._capture(start)
            self._end += BLOCK
            yield AudioBlock(samples, start, captured_at)

    def _capture(self, start: int) -> Samples:
        heard = self._noise.standard_normal(BLOCK).astype(np.float32) * np.float32(10 ** (NOISE_DB / 20))
        heard += self._echo(start)
        for first, speech in self._said:
            begin, end = max(first, start), min(first + len(speech), start + BLOCK)
            if begin < end:
                heard[begin - start : end - start] += speech[begin - first : end - first]
        captured: Samples = np.clip(heard, -1.0, 1.0)
        return captured

    def _echo(self, start: int) -> Samples:
        tail = len(self._response) - 1
        played = self._loudspeaker.between(self._began + start - tail, self._began + start + BLOCK)
        size = 1 << (len(played) + tail).bit_length()
        echo = np.fft.irfft(np.fft.rfft(played, size) * np.fft.rfft(self._response, size), size)
        return echo[tail : tail + BLOCK].astype(np.float32)


def _impulse_response(loss_db: float) -> Samples:
    """A direct sound and exponentially decaying noise (Polack's model), with the energy of the loss."""
    times = np.arange(round(REVERBERATION_S * LISTENING_RATE)) / LISTENING_RATE
    response = np.random.default_rng(1).standard_normal(len(times)) * 10 ** (-3 * times / REVERBERATION_S) * DIRECT
    response[0] = 1.0
    response *= 10 ** (-loss_db / 20) / np.sqrt(np.sum(response**2))
    path: Samples = np.concatenate([np.zeros(round(PATH_S * LISTENING_RATE)), response]).astype(np.float32)
    return path
