"""Whisper through faster-whisper and CTranslate2, on a window trimmed to the utterance.

Whisper was trained on windows of 30 s and pads every input to that length. Encoding only the audio and a little silence
gives the same words in a tenth of the time, provided that the decoder emits timestamps: with them it ends after the
sentence; without them it often repeats the sentence until it is cut off.
"""

import logging
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Any, Literal

import numpy as np

from assistant.asr.base import SpeechRecognizer, Transcription
from assistant.asr.guards import Hypothesis, Verdict, judge
from assistant.asr.repetition import count_said, find_repetition
from assistant.asr.streaming import UNSPACED
from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.blocking import NeverStop, StopFlag
from assistant.errors import AssistantError, Code

log = logging.getLogger(__name__)

FULL_WINDOW_S = 30.0
"""Length of the windows that Whisper was trained on."""

PADDING_S = 1.0
MIN_WINDOW_S = 6.0
"""Silence appended to the audio, and the shortest window that is encoded, in seconds.

Measured with whisper-base, int8, two threads, over 25 English recordings, each cut as the pipeline cuts it, 0.1 and
0.45 s after the end of speech (226 words with a reference): word error rate 11.5% on the full window in 2.5 s (median,
on a busy machine); with 1 s of padding and a minimum of 6 s 11.9% in 0.33 s, a minimum of 4 s 12.4% in 0.29 s. Two
beams take 20 ms longer and give 12.4% in both cases; padding with faint noise instead of zeros gives 11.9%. Without
timestamps nine of the transcripts repeated themselves. `assistant bench` prints the comparison for what it plays.
"""

TOKENS_PER_SECOND = 10
MIN_TOKENS = 12
"""A transcript has at most `MIN_TOKENS` and so many more for each second of audio. Fast Korean, the densest of the
recordings, has 6 a second."""

LEAD_S = 0.1
MAX_LEAD_S = 1.5
DIGITAL_SILENCE = 1.5 / 32_768
"""Seconds of silence that are kept before the first sound, seconds up to which there may be more, and the amplitude
up to which it is digital: zeros, or a last bit that flickers, as noise gates, satellites and browsers send. (After a
longer silence comes no utterance as voice activity cuts it, but a bark or a click, which a longer window tells better.)

With it the trimmed window mishears the first words. Word error rate on 22 English questions and commands, without, with
0.2, 0.5 and 1 s of zeros before them: 13.4, 14.9, 14.9 and 26.9% (full window 10.4 to 11.2%); cut to 0.1 s: 10.4% after
zeros of any length. Faint noise instead of the zeros (-80 to -60 dB) leaves 13.4 to 29.1%, and to cut whatever is quiet
gains no more (`assistant bench` prints the comparison for what it plays).
"""

BEAMS = 5
"""Width of the search on the full window, where the first attempt was doubtful. Greedy search goes on with "no, no, no"
for ever on a recording that ends "…, I said the blue one", which five beams find."""

FRAME_S = 0.01
ENCODED_S = 0.02
"""Seconds of a frame of the spectrogram, and of one that the encoder makes of two."""

LOUD_DB = 25.0
LEVELS_PER_S = 100
"""Decibels below the loudest 10 ms down to which sound is speech, and how often a second that is asked."""

EXPECTED_WEIGHT = 8.0
"""How many times likelier another language must be than the expected one. Detection is unreliable on short questions:
two English recordings of 1.2 s and 1.5 s are taken for Indonesian (0.35 to 0.28) and Hebrew (0.75 to 0.25), while every
question in another language is at least 50 times likelier in its own than in English."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A hypothesis, its language, and the window that was encoded."""

    hypothesis: Hypothesis
    language: str
    language_probability: float
    window_s: float
    encoded: Any
    """What the encoder made of it, CTranslate2's own."""
    counted: bool = False
    """How often its words are repeated has been compared with the audio."""


class FasterWhisper(SpeechRecognizer):
    """A Whisper model in CTranslate2's format; `path` is its folder.

    `device` auto selects CUDA when CTranslate2 finds a device. If a device fails, at load or at first use, the CPU
    takes over with a warning. `threads` applies to the CPU. Raises `AssistantError` (`model.missing`,
    `model.unloadable`).
    """

    def __init__(self, path: Path, device: Literal["auto", "cpu", "cuda"], threads: int) -> None:
        if not (path / "model.bin").is_file():
            raise AssistantError(
                Code.MODEL_MISSING, f"{path}: no CTranslate2 model here; fetch one with `assistant models pull`"
            )
        self._path = path
        self._threads = threads
        self.expected_language: str | None = None  # set before the first use
        self.languages: Collection[str] = ()
        """Those that are spoken, of which one is detected; none for any."""
        self._tokenizers: dict[str, tuple[Any, Sequence[int]]] = {}
        self._whisper = self._load(_cuda_or_cpu(device))

    @property
    def name(self) -> str:
        return self._path.name

    @property
    def device(self) -> str:
        return str(self._whisper.model.device)

    def transcribe(
        self,
        audio: Samples,
        *,
        language: str | None,
        stop: StopFlag,
        draft: bool = False,
        full_window: bool = False,
    ) -> Transcription:
        began = time.monotonic()
        audio_s = len(audio) / LISTENING_RATE
        if audio_s > FULL_WINDOW_S:
            raise ValueError(f"an utterance of {audio_s:.1f} s; Whisper takes at most {FULL_WINDOW_S:.0f} s")
        audio = _without_digital_silence(audio)
        window_s = FULL_WINDOW_S if full_window else _trimmed_window(len(audio) / LISTENING_RATE)
        decoded = self._decode(audio, language, window_s, stop)
        verdict = judge(decoded.hypothesis)
        again = verdict in (Verdict.SUSPECT, Verdict.IMPROBABLE)
        if again and not draft and not stop.is_set():
            log.debug("decoding again on the full window: %s", decoded.hypothesis)
            decoded = self._decode(audio, language, FULL_WINDOW_S, stop, beams=BEAMS)
            if verdict is Verdict.SUSPECT:
                decoded = self._counted(decoded, audio)
            verdict = judge(decoded.hypothesis)
        dropped = verdict is Verdict.NOISE or (verdict is Verdict.IMPROBABLE and full_window) or (again and draft)
        text = "" if dropped else decoded.hypothesis.text
        return Transcription(
            text=text,
            language=decoded.language,
            language_probability=round(decoded.language_probability, 3),
            seconds=time.monotonic() - began,
            audio_s=audio_s,
            window_s=decoded.window_s,
            inconclusive=again and draft,
            doubtful=bool(text) and (verdict is not Verdict.WORDS and not decoded.counted),
        )

    def warm_up(self) -> None:
        """Recognise a second of silence, because the first run allocates. If a GPU fails at it, change to the CPU."""
        silence = np.zeros(LISTENING_RATE, np.float32)
        try:
            self.transcribe(silence, language="en", stop=NeverStop())
        except AssistantError as error:
            if self.device == "cpu":
                raise
            log.warning("%s failed at first use (%s); speech recognition runs on the CPU", self.device, error.message)
            self._whisper = self._load("cpu")
            self.transcribe(silence, language="en", stop=NeverStop())

    def _decode(
        self, audio: Samples, language: str | None, window_s: float, stop: StopFlag, *, beams: int = 1
    ) -> Decoded:
        try:
            encoded = self._whisper.encode(self._features(audio, window_s))
            if stop.is_set():
                return Decoded(Hypothesis("", 0.0, 0.0, ended=True), language or "", 0.0, window_s, encoded)
            probability = 1.0
            if language is None:
                language, probability = self._detect(encoded)
            hypothesis = self._generate(encoded, language, audio, beams)
        except (RuntimeError, ValueError) as error:
            raise AssistantError(Code.ASR_FAILED, f"{self.name} on {self.device}: {error}") from error
        return Decoded(hypothesis, language, probability, window_s, encoded)

    def _counted(self, decoded: Decoded, audio: Samples) -> Decoded:
        """Correct how often something is said in a row, if the audio tells."""
        spaced = decoded.language not in UNSPACED
        found = find_repetition(decoded.hypothesis.text, spaced=spaced)
        if found is None:
            return replace(decoded, counted=decoded.hypothesis.ended)
        tokenizer, _ = self._tokenizer(decoded.language)

        def aligned(parts: Sequence[str]) -> Sequence[float]:
            pieces = [tokenizer.encode(f" {part}" if spaced else part) if part else [] for part in parts]
            return self._align(decoded.encoded, tokenizer, pieces, len(audio) / LISTENING_RATE)

        count = count_said(found, aligned, _speech_span(audio))
        if count is None:
            return decoded
        hypothesis = replace(decoded.hypothesis, text=found.text(count), ended=True)
        return replace(decoded, hypothesis=hypothesis, counted=True)

    def _align(self, encoded: Any, tokenizer: Any, pieces: Sequence[Sequence[int]], audio_s: float) -> Sequence[float]:
        """Return when each of `pieces` begins, and when the last one ends, by the attention of the decoder."""
        tokens = [token for piece in pieces for token in piece]
        frames = round(audio_s / FRAME_S)
        try:
            found = self._whisper.model.align(encoded, tokenizer.sot_sequence, [tokens], frames)[0]
        except (RuntimeError, ValueError) as error:
            raise AssistantError(Code.ASR_FAILED, f"{self.name} on {self.device}: {error}") from error
        begins = [0.0] * (len(tokens) + 1)
        seen = -1
        for token, frame in found.alignments:
            if token > seen:
                begins[seen + 1 : token + 1] = [frame * ENCODED_S] * (token - seen)
                seen = token
        begins[seen + 1 :] = [found.alignments[-1][1] * ENCODED_S] * (len(begins) - seen - 1)
        places = accumulate((len(piece) for piece in pieces), initial=0)
        return [begins[place] for place in places]

    def _features(self, audio: Samples, window_s: float) -> np.ndarray:
        """Compute the log-mel spectrogram of `audio` padded to the window, shape (mel bands, frames of 10 ms)."""
        padded = np.pad(audio, (0, max(0, round(window_s * LISTENING_RATE) - len(audio))))
        features: np.ndarray = self._whisper.feature_extractor(padded, padding=0)
        return features[:, : features.shape[1] // 2 * 2]  # the encoder halves the number of frames

    def _detect(self, encoded: Any) -> tuple[str, float]:
        if not self._whisper.model.is_multilingual:
            return "en", 1.0
        found = {token[2:-2]: probability for token, probability in self._whisper.model.detect_language(encoded)[0]}
        spoken = {code: found[code] for code in self.languages if code in found} or found
        likeliest = max(
            spoken, key=lambda code: spoken[code] * (EXPECTED_WEIGHT if code == self.expected_language else 1.0)
        )
        return likeliest, spoken[likeliest] / (sum(spoken.values()) or 1.0)

    def _generate(self, encoded: Any, language: str, audio: Samples, beams: int) -> Hypothesis:
        audio_s = len(audio) / LISTENING_RATE
        tokenizer, suppressed = self._tokenizer(language)
        prompt = self._whisper.get_prompt(tokenizer, [])
        max_tokens = round(MIN_TOKENS + TOKENS_PER_SECOND * audio_s)
        result = self._whisper.model.generate(
            encoded,
            [prompt],
            beam_size=beams,
            max_length=min(
                self._whisper.max_length, 2 * (len(prompt) + max_tokens)
            ),  # CTranslate2 generates half as many
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=suppressed,
        )[0]
        tokens = result.sequences_ids[0]
        begins_s, ends_s = _speech_span(audio)
        return Hypothesis(
            text=tokenizer.decode(list(_spoken_tokens(tokens, tokenizer.timestamp_begin, audio_s))).strip(),
            average_log_probability=result.scores[0] * len(tokens) / (len(tokens) + 1),
            no_speech_probability=result.no_speech_prob,
            ended=len(tokens) < max_tokens,
            spaced=language not in UNSPACED,
            speech_s=ends_s - begins_s,
        )

    def _tokenizer(self, language: str) -> tuple[Any, Sequence[int]]:
        """Return the tokeniser for `language` and the tokens that are not speech, such as notes and brackets."""
        if language not in self._tokenizers:
            from faster_whisper.tokenizer import Tokenizer
            from faster_whisper.transcribe import get_suppressed_tokens

            multilingual = self._whisper.model.is_multilingual
            tokenizer = Tokenizer(
                self._whisper.hf_tokenizer, multilingual, task="transcribe", language=language if multilingual else "en"
            )
            self._tokenizers[language] = tokenizer, get_suppressed_tokens(tokenizer, [-1])
        return self._tokenizers[language]

    def _load(self, device: str) -> Any:
        from faster_whisper import WhisperModel

        try:
            return WhisperModel(
                str(self._path),
                device=device,
                compute_type="int8" if device == "cpu" else "float16",
                cpu_threads=self._threads,
            )
        except Exception as error:  # CTranslate2 and tokenizers raise bare RuntimeError, ValueError and Exception
            if device != "cpu":
                log.warning("speech recognition cannot use %s (%s); it runs on the CPU", device, error)
                return self._load("cpu")
            raise AssistantError(
                Code.MODEL_UNLOADABLE,
                f"{self._path}: not a Whisper model that CTranslate2 can load ({error}); fetch it again",
            ) from error


def _cuda_or_cpu(device: Literal["auto", "cpu", "cuda"]) -> str:
    if device != "auto":
        return device
    import ctranslate2

    return "cuda" if ctranslate2.get_cuda_device_count() else "cpu"


def _without_digital_silence(audio: Samples) -> Samples:
    """Return `audio` from `LEAD_S` before its first sound on, if that comes soon enough."""
    loudest = float(np.abs(audio).max(initial=0.0))
    sound = np.flatnonzero(np.abs(audio) > min(DIGITAL_SILENCE, 0.01 * loudest))
    if not len(sound) or sound[0] > MAX_LEAD_S * LISTENING_RATE:
        return audio
    return audio[max(0, int(sound[0]) - int(LEAD_S * LISTENING_RATE)) :]


def _trimmed_window(audio_s: float) -> float:
    return min(FULL_WINDOW_S, max(MIN_WINDOW_S, audio_s + PADDING_S))


def _spoken_tokens(tokens: Sequence[int], timestamp_begin: int, audio_s: float) -> Iterator[int]:
    """Yield the text tokens but those of segments that begin after the audio has ended: hallucinations in padding."""
    start = 0.0
    for token in tokens:
        if token >= timestamp_begin:
            start = (token - timestamp_begin) * 0.02  # Whisper's timestamps are in units of 20 ms
        elif start < audio_s:
            yield token


def _speech_span(audio: Samples) -> tuple[float, float]:
    """Return where the first and the last sound at most `LOUD_DB` below the loudest are, in seconds."""
    frame = LISTENING_RATE // LEVELS_PER_S
    power = np.square(audio[: len(audio) // frame * frame].reshape(-1, frame)).mean(axis=1)
    loud = np.flatnonzero(power > power.max(initial=0.0) * 10 ** (-LOUD_DB / 10))
    return (float(loud[0]) / LEVELS_PER_S, float(loud[-1] + 1) / LEVELS_PER_S) if len(loud) else (0.0, 0.0)
