from pathlib import Path

import numpy as np
import pytest

from assistant.errors import AssistantError, Code
from assistant.host.onnx import session
from assistant.vad.silero import packaged_model

SILENCE = {
    "input": np.zeros((1, 576), np.float32),
    "h": np.zeros((1, 1, 128), np.float32),
    "c": np.zeros((1, 1, 128), np.float32),
}


def failure(path: Path) -> AssistantError:
    with pytest.raises(AssistantError) as raised:
        session(path, threads=1)
    assert str(path) in raised.value.message
    assert "\n" not in raised.value.message
    return raised.value


def test_a_model_runs_and_gives_its_outputs_in_order() -> None:
    speech, h, c = session(packaged_model(), threads=1).run(None, SILENCE)
    assert speech.shape == (1,)
    assert h.shape == c.shape == (1, 1, 128)


def test_only_the_outputs_asked_for_come_back() -> None:
    outputs = session(packaged_model(), threads=1).run(["hn"], SILENCE)
    assert [output.shape for output in outputs] == [(1, 1, 128)]


def test_threads_sleep_while_they_wait() -> None:
    options = session(packaged_model(), threads=3).get_session_options()  # type: ignore[attr-defined]
    assert options.intra_op_num_threads == 3
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
    assert options.get_session_config_entry("session.inter_op.allow_spinning") == "0"


def test_a_model_that_is_not_there_is_missing(tmp_path: Path) -> None:
    assert failure(tmp_path / "voice.onnx").code == Code.MODEL_MISSING


def test_a_folder_is_no_model(tmp_path: Path) -> None:
    assert failure(tmp_path).code == Code.MODEL_MISSING


@pytest.mark.parametrize("content", [b"", b"not a model at all", b"\x08\x08"], ids=["empty", "text", "beginning"])
def test_a_file_that_is_not_onnx_is_corrupt(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "voice.onnx"
    path.write_bytes(content)
    assert failure(path).code == Code.MODEL_CORRUPT


def test_half_a_model_is_corrupt(tmp_path: Path) -> None:
    path = tmp_path / "half.onnx"
    whole = packaged_model().read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert failure(path).code == Code.MODEL_CORRUPT


def test_a_model_with_an_unknown_operator_is_unloadable(tmp_path: Path) -> None:
    path = tmp_path / "strange.onnx"
    node = field(1, b"x") + field(2, b"y") + field(4, b"NoSuchOperator")
    graph = field(1, node) + field(2, b"g") + field(11, field(1, b"x")) + field(12, field(1, b"y"))
    path.write_bytes(b"\x08\x08" + field(7, graph) + field(8, b"\x10\x11"))
    assert failure(path).code == Code.MODEL_UNLOADABLE


def field(number: int, content: bytes) -> bytes:
    """A length-delimited field of a protocol buffer, of which an ONNX file is made."""
    return bytes([number << 3 | 2, len(content)]) + content
