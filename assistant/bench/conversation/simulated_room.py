"""A simulated room: a loudspeaker, a microphone that picks up its echo, and a user, on one clock in real time."""

from collections.abc import AsyncGenerator

import anyio
import numpy as np

from assistant.audio.echo.reference import Reference
from assistant.audio.pcm import BLOCK, LISTENING_RATE, AudioBlock, Samples
from assistant.audio.simulated.paced import PacedLoudspeaker

OUTPUT_LATENCY_S = 0.06
"""Output latency: from writing a sample to its sound. PulseAudio has 45 to 60 ms."""

PROPAGATION_S = 0.003
"""Propagation from the loudspeaker to the microphone: one metre of air."""

INPUT_LATENCY_S = 0.02
"""Input latency: from the end of a block until it can be read. Real devices have 10 to 25 ms."""

REVERBERATION_S = 0.3
"""Reverberation time T60 of a furnished living room (ISO 3382-2 finds 0.3 to 0.5 s)."""

FIRST_REFLECTIONS = 0.12
"""Standard deviation of the first reflections, relative to a direct sound of 1."""

NOISE_DB = -65.0
"""Level of the background noise in the microphone, in dB of full scale."""

MIN_GAP = round(0.1 * LISTENING_RATE)
"""Samples of silence that separate two sounds; a shorter silence is part of one sound."""

USER_DB = -26.0
"""Level of the user's speech in the microphone, in dB of full scale: that of a near talker, to which speech is scaled
for ITU-T P.56. The voices' speech is at about -20 dB."""


def at_speech_level(clip: Samples, db: float) -> Samples:
    """Scale `clip` so that its speech, without the pauses, is at `db` of full scale; silence stays silence."""
    loud = clip[np.abs(clip) > 0.02 * np.abs(clip).max()]
    if not len(loud):
        return clip
    level = 10 * np.log10(np.mean(np.square(loud, dtype=np.float64)) + 1e-12)
    return clip * np.float32(10 ** ((db - level) / 20))


class SimulatedRoom:
    """A `microphone` that picks up the user, noise, and a reverberant `loudspeaker`, `loss_db` below its level.

    Positions are samples on the microphone's clock, which starts at 0 when capture does.
    """

    def __init__(self, loss_db: float) -> None:
        self.loudspeaker = RoomLoudspeaker()
        self.microphone = RoomMicrophone(self.loudspeaker, _impulse_response(loss_db))

    @property
    def reference(self) -> Reference:
        """The playback reference for an echo canceller."""
        return self.loudspeaker.reference

    def say(self, speech: Samples) -> int:
        """Let the user say `speech`, starting now; return the position of its first sample."""
        return self.microphone.say(speech)

    @property
    def left_to_say_s(self) -> float:
        """Seconds until the user falls silent."""
        return self.microphone.left_to_say / LISTENING_RATE

    @property
    def now(self) -> int:
        """Current position."""
        return self.microphone.position(anyio.current_time())

    def silent_from(self, position: int) -> int:
        """Return where the sound that the loudspeaker was making at `position` ended; `position` if it was silent."""
        return max(position, self.microphone.position(self.loudspeaker.end_of_sound(self.microphone.moment(position))))

    @property
    def played_s(self) -> float:
        """Seconds of sound that the loudspeaker has made."""
        self.loudspeaker.catch_up()
        return self.loudspeaker.sounded / LISTENING_RATE


class RoomLoudspeaker(PacedLoudspeaker):
    """Plays at `LISTENING_RATE`, and keeps when it made a sound."""

    name = "simulated loudspeaker"

    def __init__(self) -> None:
        super().__init__(LISTENING_RATE, OUTPUT_LATENCY_S)
        self.reference = Reference(LISTENING_RATE)
        self.sounded = 0
        """Samples played, without silence."""
        self._sounds: list[list[int]] = []
        """First sample and end of each sound, as it leaves the loudspeaker, in samples on the monotonic clock."""
        self._air = np.zeros(0, np.float32)
        self._air_end = 0
        """The last second that was played, and the sample at which it ends."""

    def between(self, start: int, end: int) -> Samples:
        """Return what left the loudspeaker between two samples of the monotonic clock; zeros where that is not kept."""
        self.catch_up()
        found = np.zeros(end - start, np.float32)
        begin = self._air_end - len(self._air)
        first, last = max(start, begin), min(end, self._air_end)
        if first < last:
            found[first - start : last - start] = self._air[first - begin : last - begin]
        return found

    def end_of_sound(self, moment: float) -> float:
        """Return when the sound at `moment` ends, as far as is known; `moment` if there is none."""
        self.catch_up()
        at = moment * LISTENING_RATE
        for first, last in self._sounds:
            if first - MIN_GAP <= at < last:
                return last / LISTENING_RATE
        return moment

    def _taken(self, start: int, out: Samples, count: int) -> None:
        leaves = start + round(OUTPUT_LATENCY_S * LISTENING_RATE)
        end = leaves + len(out)
        self._air = np.concatenate([self._air, out])[-LISTENING_RATE:]
        self._air_end = end
        self.reference.put(out, end / LISTENING_RATE, False)
        if count:
            self.sounded += count
            if self._sounds and leaves - self._sounds[-1][1] < MIN_GAP:
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
        self._started = 0
        """When capture started, in samples on the monotonic clock."""
        self._end = 0

    def mute(self) -> None:
        """Do nothing: the microphone stays on."""

    def unmute(self) -> None:
        """Do nothing: the microphone is on."""

    def say(self, speech: Samples) -> int:
        """Mix `speech` in, starting now; return its position."""
        self._said = [(start, said) for start, said in self._said if start + len(said) > self._end]
        self._said.append((self._end, speech))
        return self._end

    @property
    def left_to_say(self) -> int:
        return max([0, *(start + len(said) - self._end for start, said in self._said)])

    def position(self, moment: float) -> int:
        return round(moment * LISTENING_RATE) - self._started

    def moment(self, position: int) -> float:
        return (self._started + position) / LISTENING_RATE

    async def blocks(self) -> AsyncGenerator[AudioBlock, None]:
        self._started = round(anyio.current_time() * LISTENING_RATE)
        while True:
            captured_at = self.moment(self._end + BLOCK)
            await anyio.sleep_until(captured_at + INPUT_LATENCY_S)
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
        played = self._loudspeaker.between(self._started + start - tail, self._started + start + BLOCK)
        size = 1 << (len(played) + tail).bit_length()
        echo = np.fft.irfft(np.fft.rfft(played, size) * np.fft.rfft(self._response, size), size)
        return echo[tail : tail + BLOCK].astype(np.float32)


def _impulse_response(loss_db: float) -> Samples:
    """Return a direct sound and exponentially decaying noise (Polack's model), with an energy of `-loss_db`."""
    times = np.arange(round(REVERBERATION_S * LISTENING_RATE)) / LISTENING_RATE
    decay = FIRST_REFLECTIONS * 10 ** (-3 * times / REVERBERATION_S)
    response = np.random.default_rng(1).standard_normal(len(times)) * decay
    response[0] = 1.0
    response *= 10 ** (-loss_db / 20) / np.sqrt(np.sum(response**2))
    path: Samples = np.concatenate([np.zeros(round(PROPAGATION_S * LISTENING_RATE)), response]).astype(np.float32)
    return path
