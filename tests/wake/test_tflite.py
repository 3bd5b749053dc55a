"""Model files that the wake word libraries would crash the process on, or run into nonsense."""

from pathlib import Path

import pymicro_wakeword
import pyopen_wakeword
import pytest

from assistant.errors import AssistantError, Code
from assistant.wake.words import load_model

MICRO = Path(pymicro_wakeword.__file__).parent / "models"
OPEN = Path(pyopen_wakeword.__file__).parent / "models"


def refusal(path: Path) -> Code:
    """The code with which the model at `path` is refused; its message names the file."""
    with pytest.raises(AssistantError, match=str(path.with_suffix(""))) as caught:
        load_model(str(path))
    return caught.value.code


def micro(folder: Path, model: bytes, *, old: str = "", new: str = "") -> Path:
    """A manifest in `folder`, that of okay_nabu with `old` replaced by `new`, beside `model`."""
    manifest = (MICRO / "okay_nabu.json").read_text().replace("okay_nabu.tflite", "mine.tflite").replace(old, new)
    (folder / "mine.tflite").write_bytes(model)
    (folder / "mine.json").write_text(manifest)
    return folder / "mine.json"


@pytest.mark.parametrize("left", [0.01, 0.5, 0.999])
def test_a_model_that_was_not_fetched_to_its_end_is_refused(tmp_path: Path, left: float) -> None:
    whole = (OPEN / "hey_jarvis.tflite").read_bytes()
    (tmp_path / "cut.tflite").write_bytes(whole[: int(len(whole) * left)])
    assert refusal(tmp_path / "cut.tflite") is Code.MODEL_CORRUPT
    whole = (MICRO / "okay_nabu.tflite").read_bytes()
    assert refusal(micro(tmp_path, whole[: int(len(whole) * left)])) is Code.MODEL_CORRUPT


@pytest.mark.parametrize(("place", "code"), [(200, Code.MODEL_CORRUPT), (-4000, Code.MODEL_UNLOADABLE)])
def test_a_model_with_a_damaged_part_is_refused(tmp_path: Path, place: int, code: Code) -> None:
    damaged = bytearray((MICRO / "okay_nabu.tflite").read_bytes())
    damaged[place : place + 2000] = bytes(2000)
    assert refusal(micro(tmp_path, bytes(damaged))) is code


@pytest.mark.parametrize("model", [OPEN / "melspectrogram.tflite", OPEN / "embedding_model.tflite"])
def test_a_model_that_hears_no_word_is_refused(model: Path) -> None:
    assert refusal(model) is Code.MODEL_UNLOADABLE


def test_a_model_of_the_other_engine_is_refused(tmp_path: Path) -> None:
    assert refusal(MICRO / "okay_nabu.tflite") is Code.MODEL_UNLOADABLE
    assert refusal(micro(tmp_path, (OPEN / "hey_jarvis.tflite").read_bytes())) is Code.MODEL_UNLOADABLE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0.85", '"high"'),
        ('"sliding_window_size": 5', '"sliding_window_size": 0'),
        ('"sliding_window_size": 5', '"sliding_window_size": -1'),
        ('"micro"', '"other"'),
    ],
)
def test_a_manifest_with_a_value_that_cannot_be_is_refused(tmp_path: Path, old: str, new: str) -> None:
    model = (MICRO / "okay_nabu.tflite").read_bytes()
    assert refusal(micro(tmp_path, model, old=old, new=new)) is Code.MODEL_UNLOADABLE
