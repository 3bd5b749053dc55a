"""Recognition on a trimmed window against Whisper's full 30 s: the time saved, and the words that differ."""

from collections.abc import Callable

import numpy as np

from assistant.asr.faster_whisper import FasterWhisper
from assistant.audio.decode import read_audio
from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.bench.clips import Clip
from assistant.bench.speed.report import WindowResult
from assistant.bench.speed.wer import corpus_error_rate
from assistant.bench.spread import spread
from assistant.blocking import NeverStop

BEFORE_S = 0.32
AFTER_S = 0.05
"""Audio that the pipeline passes on around the speech of a clip: the pre-roll, and the silence before the soft end."""


ZEROS_S = 0.5
HUM = ((50.0, 0.005), (150.0, 0.003))
"""Digital silence before the speech, as noise gates and browsers send it, and hum: frequencies in Hz, amplitudes."""


def _after_zeros(audio: Samples) -> Samples:
    return np.concatenate([np.zeros(round(ZEROS_S * LISTENING_RATE), np.float32), audio])


def _in_hum(audio: Samples) -> Samples:
    moments = np.arange(len(audio)) / LISTENING_RATE
    hum = sum(amplitude * np.sin(2 * np.pi * frequency * moments) for frequency, amplitude in HUM)
    return (audio + hum).astype(np.float32)


WINDOWS: dict[str, Callable[[Samples], Samples]] = {
    "trimmed": lambda audio: audio,
    "full": lambda audio: audio,
    "trimmed, after zeros": _after_zeros,
    "trimmed, in hum": _in_hum,
}
"""What is compared, and what is done to the audio before."""


def compare_windows(recognizer: FasterWhisper, clips: list[Clip]) -> list[WindowResult]:
    """Recognise every clip whose transcript and onset are known in each of `WINDOWS`, one right after the other."""
    known = [clip for clip in clips if clip.transcript and clip.speech_start_s is not None]
    if not known:
        return []
    texts: dict[str, list[str]] = {window: [] for window in WINDOWS}
    seconds: dict[str, list[float]] = {window: [] for window in WINDOWS}
    for clip in known:
        audio = _as_segmented(clip)
        for window, prepare in WINDOWS.items():
            is_full = window == "full"
            found = recognizer.transcribe(prepare(audio), language=clip.language, stop=NeverStop(), full_window=is_full)
            texts[window].append(found.text)
            seconds[window].append(found.seconds)
    return [_window_result(window, known, texts, seconds[window]) for window in texts]


def _window_result(window: str, clips: list[Clip], texts: dict[str, list[str]], seconds: list[float]) -> WindowResult:
    referenced = [
        (clip.transcript or "", text, clip.language or "en")
        for clip, text in zip(clips, texts[window], strict=True)
        if clip.has_reference
    ]
    agreement = [
        (full, text, clip.language or "en")
        for clip, full, text in zip(clips, texts["full"], texts[window], strict=True)
    ]
    return WindowResult(
        window=window,
        wer=round(corpus_error_rate(referenced), 4),
        disagreement=round(corpus_error_rate(agreement), 4),
        seconds=spread(seconds),
    )


def _as_segmented(clip: Clip) -> Samples:
    """Cut `clip` as the pipeline would."""
    audio = read_audio(clip.path, max_s=60)
    end = (clip.speech_end_s or len(audio) / LISTENING_RATE) + AFTER_S
    start = max(0.0, (clip.speech_start_s or 0.0) - BEFORE_S)
    padded = np.pad(audio, (0, max(0, round(end * LISTENING_RATE) - len(audio))))
    return padded[round(start * LISTENING_RATE) : round(end * LISTENING_RATE)]
