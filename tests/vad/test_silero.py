import wave
from pathlib import Path

import numpy as np
import pytest

from assistant.audio.pcm import BLOCK, BLOCK_S, LISTENING_RATE, Samples, from_int16
from assistant.bench.clips import Clip
from assistant.errors import AssistantError, Code
from assistant.host.onnx import session
from assistant.vad.silero import CONTEXT, STATE, Silero, packaged_model


def audio_of(clip: Clip) -> Samples:
    """The clip and half a second of silence, in whole blocks."""
    with wave.open(str(clip.path)) as wav:
        assert (wav.getframerate(), wav.getnchannels(), wav.getsampwidth()) == (LISTENING_RATE, 1, 2)
        samples = from_int16(np.frombuffer(wav.readframes(wav.getnframes()), np.int16))
    padded = len(samples) + LISTENING_RATE // 2
    return np.pad(samples, (0, padded - padded % BLOCK - len(samples)))


def blocks_of(audio: Samples) -> list[Samples]:
    return list(audio.reshape(-1, BLOCK))


def probabilities(audio: Samples, detector: Silero) -> list[float]:
    return [detector.probability(block) for block in blocks_of(audio)]


def of_the_whole_recording(audio: Samples) -> list[float]:
    """The same model, run once over all blocks."""
    blocks = audio.reshape(-1, BLOCK)
    contexts = np.vstack((np.zeros((1, CONTEXT), np.float32), blocks[:-1, -CONTEXT:]))
    state = np.zeros(STATE, np.float32)
    feed = {"input": np.hstack((contexts, blocks)), "h": state, "c": state}
    return [float(value) for value in session(packaged_model(), threads=1).run(None, feed)[0]]


@pytest.fixture(scope="module")
def detector() -> Silero:
    return Silero()


@pytest.mark.parametrize("name", ["q_grapefruit_in_french", "dict_arenas_es", "noise_room_1"])
def test_block_by_block_it_hears_what_it_hears_in_the_whole(clips: dict[str, Clip], name: str) -> None:
    audio = audio_of(clips[name])
    assert probabilities(audio, Silero()) == pytest.approx(of_the_whole_recording(audio), abs=1e-4)


def test_it_does_not_write_to_the_block(detector: Silero) -> None:
    block = np.full(BLOCK, 0.25, np.float32)
    detector.probability(block)
    assert (block == 0.25).all()


def test_it_keeps_no_reference_to_the_block_that_the_caller_reuses(clips: dict[str, Clip]) -> None:
    audio = audio_of(clips["cmd_set_timer"])
    buffer, detector, heard = np.zeros(BLOCK, np.float32), Silero(), []
    for block in blocks_of(audio):
        buffer[:] = block
        heard.append(detector.probability(buffer))
        buffer[:] = 0.5
    assert heard == probabilities(audio, Silero())


def test_reset_begins_a_new_stream(clips: dict[str, Clip]) -> None:
    audio = audio_of(clips["cmd_set_timer"])
    detector = Silero()
    first = probabilities(audio, detector)
    detector.reset()
    assert probabilities(audio, detector) == first


def test_without_reset_the_stream_goes_on(clips: dict[str, Clip]) -> None:
    audio = audio_of(clips["cmd_set_timer"])
    detector = Silero()
    assert probabilities(audio, detector) != probabilities(audio, detector)


def test_speech_is_found_where_it_is(clips: dict[str, Clip]) -> None:
    """Of every recording whose speech is without a pause at least four blocks in five are speech."""
    detector = Silero()
    for name in ("q_grapefruit_in_french", "q_date_today_r3", "q_weather_today_zh_az", "cmd_set_timer", "cmd_yes"):
        clip = clips[name]
        assert clip.speech_start_s is not None
        assert clip.speech_end_s is not None
        detector.reset()
        heard = probabilities(audio_of(clip), detector)
        inside = heard[int(clip.speech_start_s / BLOCK_S) + 1 : int(clip.speech_end_s / BLOCK_S)]
        assert np.mean([value >= 0.5 for value in inside]) >= 0.8, name


def test_the_end_of_speech_is_found_within_a_tenth_of_a_second(clips: dict[str, Clip]) -> None:
    detector = Silero()
    for clip in clips.values():
        if clip.end_confidence != "high" or clip.speech_end_s is None:
            continue
        detector.reset()
        heard = probabilities(audio_of(clip), detector)
        last = max(index for index, value in enumerate(heard) if value >= 0.5)
        assert (last + 1) * BLOCK_S == pytest.approx(clip.speech_end_s, abs=0.1), clip.name


@pytest.mark.parametrize(
    "name",
    ["noise_silence_room", "noise_room_1", "noise_dog_bark", "noise_office_ambience", "noise_music_jazz"],
)
def test_rooms_dogs_and_music_are_no_speech(clips: dict[str, Clip], detector: Silero, name: str) -> None:
    detector.reset()
    assert max(probabilities(audio_of(clips[name]), detector)) < 0.5


@pytest.mark.parametrize("shape", [(BLOCK - 1,), (BLOCK + 1,), (0,), (1, BLOCK)])
def test_a_block_of_another_size_is_refused(detector: Silero, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="512 samples"):
        detector.probability(np.zeros(shape, np.float32))


def test_another_file_can_be_named(tmp_path: Path) -> None:
    with pytest.raises(AssistantError) as raised:
        Silero(tmp_path / "other.onnx")
    assert raised.value.code == Code.MODEL_MISSING
