"""Recordings from files: WAV of every kind, and every other format that PyAV reads, as far as they can be read.

FFmpeg, inside PyAV, accepts WAV files as recorders and streams leave them (a length of zero, of 4 GB, or longer than
the file), so one path serves all formats. What it cannot decode is left out and counted, as a person would want it.

Files of strangers are decoded in a child process (`assistant.audio.foreign`); in this one, only recordings of our own.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import numpy as np

from assistant.audio import wav_header
from assistant.audio.channels import ChannelLevels, mixed, spoken_channels
from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.audio.resample import Resampler
from assistant.errors import AssistantError, Code

if TYPE_CHECKING:
    from av import AudioFrame, AudioStream, Packet
    from av.container import InputContainer

INTEGER_SCALE = {"u8": 2.0**7, "s16": 2.0**15, "s32": 2.0**31, "s64": 2.0**63}
"""Full scale of FFmpeg's integer sample formats; it delivers 24 bits as the upper ones of 32."""

TRUSTED_LENGTH = {"wav", "w64", "flac", "mov", "ogg", "aiff"}
"""Formats (the first of FFmpeg's names) that state their length; in others FFmpeg guesses it from bit rates."""

FILLED_LATER = {"wav", "w64"}
"""Formats whose length is written when the recording ends, and is therefore often wrong."""

MIN_SHARE = 0.1
"""Share of a recording that has to be readable: with less, hardly a word would be whole."""

MIN_LOST_SHARE = 0.01
"""Share of its stated length by which an intact file may be shorter: packets and encoder delay round it.

Intact FLAC, AAC, Opus and AIFF files of 0.3 to 10 s have 0.99 or more of it.
"""

MAX_FAILURES = 100
"""Failures to find the next packet after which the rest of a file is given up."""

GAP_S = (0.1, 60.0)
"""Seconds that the next packet may be late for its time to be filled with silence. Less is the rounding of time stamps,
more is a clock that was set."""

MAX_TRACKS = 8
MAX_CHANNELS = 64
"""Of more, the others are not listened to."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A recording at `LISTENING_RATE`, and what was wrong with it, a sentence each."""

    samples: Samples
    warnings: tuple[str, ...]


def read_audio(path: Path, *, max_s: float) -> Samples:
    """Decode the recording in `path`, in this process. Raises as `decode` does."""
    with opened(path) as file:
        return joined(decode(file, name=str(path), max_s=max_s)).samples


def opened(path: Path) -> BinaryIO:
    """Open `path` to read it. Raises `AssistantError` (`audio.unreadable`) for what is no file."""
    try:
        if path.exists() and not path.is_file():
            raise _unreadable(str(path), "not a file")
        return path.open("rb")
    except OSError as error:
        raise _unreadable(str(path), error.strerror or str(error)) from error


Pieces = Generator[Samples, None, tuple[str, ...]]
"""Yields the audio, and returns the warnings."""


def joined(pieces: Pieces) -> Decoded:
    """Decode to the end. A recording with float samples beyond full scale is scaled down as a whole."""
    found: list[Samples] = []
    while True:
        try:
            found.append(next(pieces))
        except StopIteration as end:
            return scaled(found, end.value)


def scaled(pieces: Sequence[Samples], warnings: tuple[str, ...]) -> Decoded:
    """Join `pieces`, none of whose samples is then beyond full scale."""
    samples = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
    peak = np.abs(samples).max(initial=1.0)
    return Decoded(samples / peak if peak > 1.0 else samples, warnings)


def decode(file: BinaryIO, *, name: str, max_s: float) -> Pieces:
    """Decode the recording in `file`: of several tracks and channels those that somebody speaks on.

    What cannot be decoded is left out, which a warning tells. `name` stands for the file in messages. Raises
    `AssistantError`: `audio.unreadable` if hardly anything can be decoded; `audio.too_long`, before decoding where the
    file states its length, otherwise after `max_s` seconds.
    """
    import av

    try:
        file = wav_header.mended(file)
        choice = _choose(file, name, max_s)
        warnings = yield from _decoded(file, choice, name, max_s)
    except av.FFmpegError as error:
        raise _unreadable(name, "not a recording in a known format, or damaged") from error
    except OSError as error:
        raise _unreadable(name, error.strerror or str(error)) from error
    return (*choice.warnings, *warnings)


@dataclass(frozen=True)
class _Choice:
    """What of a file is to be recognised."""

    track: int = 0
    """Number among `_tracks`."""
    channels: tuple[int, ...] = ()
    """Averaged; none for the only one."""
    warnings: tuple[str, ...] = ()


def _choose(file: BinaryIO, name: str, max_s: float) -> _Choice:
    """Listen to the tracks and channels of `file` if it has several."""
    with _container(file) as container:
        tracks = _tracks(container)
        if not tracks:
            raise _unreadable(name, "no sound in it in a known format")
        _check_stated_length(container, tracks[0], name, max_s)
        if len(tracks) == 1 and tracks[0].channels <= 1:
            return _Choice()
        levels = _listen(container, tracks, name, max_s)
    best = max(range(len(tracks)), key=lambda track: max(levels[track].ranges, default=0.0))
    found = levels[best]
    warnings = [f"it has {len(tracks)} tracks; the one that is most like speech, {best + 1}, is taken"]
    channels = spoken_channels(found.ranges, found.correlation) if found.ranges else ()
    return _Choice(best, channels, tuple(warnings) if len(tracks) > 1 else ())


def _listen(
    container: "InputContainer", tracks: Sequence["AudioStream"], name: str, max_s: float
) -> list[ChannelLevels]:
    levels = [ChannelLevels() for _ in tracks]
    seconds = [0.0 for _ in tracks]
    places = {track.index: place for place, track in enumerate(tracks)}
    losses = _Losses()
    for packet in _packets(container, tracks):
        place = places[packet.stream_index]
        for frame in losses.frames(packet):
            seconds[place] += frame.samples / frame.sample_rate
            if seconds[place] > max_s:
                raise _too_long(name, f"more than {_length(max_s)}", max_s)
            levels[place].take(np.nan_to_num(_channels(frame)[:MAX_CHANNELS]), frame.sample_rate)
    return levels


def _decoded(file: BinaryIO, choice: _Choice, name: str, max_s: float) -> Pieces:
    """Yield the audio of what was chosen, at `LISTENING_RATE`, as it is decoded."""
    with _container(file) as container:
        track = _tracks(container)[choice.track]
        losses = _Losses()
        total = 0
        for piece in _resampled(container, track, choice.channels, losses):
            total += len(piece)
            if total > max_s * LISTENING_RATE:
                raise _too_long(name, f"more than {_length(max_s)}", max_s)
            yield piece
        stated_s = _stated_s(container, track)
        if stated_s is not None and _form(container) not in FILLED_LATER:
            losses.expect(stated_s, total / LISTENING_RATE)
    return losses.warnings(name, total / LISTENING_RATE)


class _Losses:
    """Decodes packets, and counts what is lost of them."""

    def __init__(self) -> None:
        self.lost_s = 0.0
        """Of what is not there."""
        self.silenced_s = 0.0
        """Of what is silence instead."""
        self._good = self._bad = 0
        self._usual_s = 0.0

    def frames(self, packet: "Packet[AudioStream]") -> list["AudioFrame"]:
        """Decode `packet`; none if it cannot be."""
        import av

        try:
            frames = packet.decode()
        except av.FFmpegError:
            if packet.size:
                self._bad += 1
                self.lost_s += _seconds(packet) or self._usual_s
            return []
        self._good += bool(frames)
        if frames:
            self._usual_s = sum(frame.samples for frame in frames) / frames[0].sample_rate
        return frames

    def expect(self, stated_s: float, decoded_s: float) -> None:
        """Compare what was decoded with the length that the file states."""
        missing_s = stated_s - decoded_s
        if missing_s > MIN_LOST_SHARE * stated_s:
            self.lost_s = max(self.lost_s, missing_s)

    def warnings(self, name: str, decoded_s: float) -> tuple[str, ...]:
        """Tell what was lost beside the `decoded_s` seconds. Raises `AssistantError` if that is nearly everything."""
        lost_s, whole_s = self.lost_s + self.silenced_s, decoded_s + self.lost_s
        if self._bad + lost_s == 0:
            return ()
        if whole_s - lost_s < MIN_SHARE * whole_s or self._good < MIN_SHARE * (self._good + self._bad):
            how = f"cut short or damaged: {whole_s - lost_s:.1f} s of {whole_s:.1f} s can be read"
            raise _unreadable(name, how, "copy or export it again")
        lost = f"{lost_s:.1f} s" if lost_s >= 0.1 else "less than 0.1 s"
        return (f"it is damaged or cut short: {lost} of {whole_s:.1f} s could not be read",)


def _container(file: BinaryIO) -> "InputContainer":
    import av

    file.seek(0)
    # A playlist could make FFmpeg fetch from the network: it gets an open file and may open nothing else.
    return av.open(file, "r", options={"protocol_whitelist": "none"}, metadata_errors="replace")


def _packets(container: "InputContainer", tracks: Sequence["AudioStream"]) -> Iterator["Packet[AudioStream]"]:
    """Yield the packets of `tracks`; what lies between them and is none is skipped."""
    import av

    for _ in range(MAX_FAILURES):
        try:
            for packet in container.demux(*tracks):
                yield cast("Packet[AudioStream]", packet)
        except av.FFmpegError:
            continue
        return


def _resampled(
    container: "InputContainer", track: "AudioStream", channels: Sequence[int], losses: _Losses
) -> Iterator[Samples]:
    """Yield the audio of `track` at `LISTENING_RATE`; the rate may change on the way."""
    resampler: Resampler | None = None
    rate = 0
    due_s: float | None = None
    for packet in _packets(container, [track]):
        for frame in losses.frames(packet):
            if resampler is None or frame.sample_rate != rate:
                if resampler is not None:
                    yield resampler.finish()
                rate = frame.sample_rate
                resampler = Resampler(rate, LISTENING_RATE)
            begins_s = frame.time
            if due_s is not None and begins_s is not None and GAP_S[0] < begins_s - due_s < GAP_S[1]:
                yield resampler.push(np.zeros(round((begins_s - due_s) * rate), np.float32))
            if begins_s is not None:
                due_s = begins_s + frame.samples / rate
            yield resampler.push(_numbers(mixed(_channels(frame), channels), rate, losses))
    if resampler is not None:
        yield resampler.finish()


def _numbers(samples: Samples, rate: int, losses: _Losses) -> Samples:
    """Silence what is no number, which the resampler would spread over its neighbours."""
    wrong = ~np.isfinite(samples)
    if wrong.any():
        losses.silenced_s += float(wrong.sum()) / rate
        samples = np.where(wrong, np.float32(0), samples)
    return samples


def _channels(frame: "AudioFrame") -> Samples:
    """Return the samples of `frame` in [-1, 1], shape (channels, n)."""
    values = frame.to_ndarray()
    if frame.format.is_packed:
        values = values.reshape(-1, frame.layout.nb_channels).T
    if frame.format.name.startswith("u8"):
        values = values.astype(np.float64) - 128.0
    scale = INTEGER_SCALE.get(frame.format.name.removesuffix("p"), 1.0)
    with np.errstate(over="ignore", invalid="ignore"):
        return (values / scale).astype(np.float32)


def _tracks(container: "InputContainer") -> list["AudioStream"]:
    """Return the tracks with sound in a known format."""
    return [track for track in container.streams.audio if track.codec_context is not None][:MAX_TRACKS]


def _form(container: "InputContainer") -> str:
    return container.format.name.partition(",")[0]


def _stated_s(container: "InputContainer", track: "AudioStream") -> float | None:
    if _form(container) not in TRUSTED_LENGTH or track.duration is None or track.time_base is None:
        return None
    return float(track.duration * track.time_base)


def _seconds(packet: "Packet[AudioStream]") -> float:
    if not packet.duration or packet.time_base is None:
        return 0.0
    return float(packet.duration * packet.time_base)


def _check_stated_length(container: "InputContainer", track: "AudioStream", name: str, max_s: float) -> None:
    stated_s = _stated_s(container, track)
    if stated_s is not None and stated_s > max_s:
        raise _too_long(name, _length(stated_s), max_s)


def _unreadable(name: str, why: str, hint: str = "give a sound file, for example WAV or MP3") -> AssistantError:
    return AssistantError(Code.AUDIO_UNREADABLE, f"{name}: {why}; {hint}")


def _too_long(name: str, length: str, max_s: float) -> AssistantError:
    return AssistantError(
        Code.AUDIO_TOO_LONG, f"{name}: {length} of audio; at most {_length(max_s)} are taken here: cut it into parts"
    )


def _length(seconds: float) -> str:
    """Format a length of time for people."""
    if seconds < 120:
        return f"{seconds:.3g} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02} min"
