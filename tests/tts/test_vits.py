"""The two halves of a Piper network generate the same audio as the whole."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from piper.phoneme_ids import phonemes_to_ids

from assistant.errors import AssistantError, Code
from assistant.host.onnx import Tensor, session
from assistant.tts.piper import Piper
from assistant.tts.vits import PIECES, Vits


@pytest.fixture(scope="module")
def network(voice_path: Path) -> Vits:
    return Vits(voice_path, threads=2)


def feeds(voice: Piper, voice_path: Path, text: str) -> dict[str, Tensor]:
    """Make the inputs for `text`, without the noise, so that the output is the same each time."""
    settings = json.loads(voice_path.with_name(f"{voice_path.name}.json").read_text())
    ids = phonemes_to_ids(voice.phonemes(text)[0], settings["phoneme_id_map"])
    return {
        "input": np.array([ids], np.int64),
        "input_lengths": np.array([len(ids)], np.int64),
        "scales": np.array([0.0, 1.0, 0.0], np.float32),
    }


@pytest.mark.parametrize("text", ["Sure.", "The capital of France is Paris, and that of Italy is Rome."])
def test_the_joined_pieces_are_the_samples_of_one_run(network: Vits, voice: Piper, voice_path: Path, text: str) -> None:
    given = feeds(voice, voice_path, text)
    joined = np.concatenate(list(network.run(given)))
    whole = session(voice_path, threads=2).run(None, given)[0].reshape(-1)
    assert joined.shape == whole.shape
    assert np.abs(joined - whole).max() < 1e-4


def test_the_pieces_grow(network: Vits, voice: Piper, voice_path: Path) -> None:
    sizes = [len(piece) // 256 for piece in network.run(feeds(voice, voice_path, "One two three four five six."))]
    assert sizes[:2] == list(PIECES[:2])
    assert network.streams


def test_a_network_that_cannot_be_split_runs_as_a_whole(voice: Piper, voice_path: Path, tmp_path: Path) -> None:
    model = onnx.load(voice_path)
    for weight in model.graph.initializer:
        if weight.name == "dec.conv_pre.weight":
            weight.name = "renamed"
    for node in model.graph.node:
        for index, name in enumerate(node.input):
            if name == "dec.conv_pre.weight":
                node.input[index] = "renamed"
    path = tmp_path / "other.onnx"
    onnx.save(model, path)
    network = Vits(path, threads=2)
    assert not network.streams
    assert len(list(network.run(feeds(voice, voice_path, "One two three four five six.")))) == 1


def test_a_file_that_is_not_a_network_is_reported_like_any_model(tmp_path: Path) -> None:
    path = tmp_path / "voice.onnx"
    path.write_bytes(b"no voice")
    with pytest.raises(AssistantError) as raised:
        Vits(path, threads=1)
    assert raised.value.code is Code.MODEL_CORRUPT
