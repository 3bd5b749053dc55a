"""The real huggingface_hub, in its own process, against a local server of the hub's protocol."""

from pathlib import Path

import pytest

from assistant.errors import AssistantError, Code
from assistant.models import checks, download, fetch
from assistant.models.catalog import Catalog, Hub, Model
from assistant.models.directory import ModelDirectory
from tests.models.small import (
    REVISION,
    Recorder,
    Server,
    cut_the_power,
    described,
    fetching_process,
    listed,
    noise,
    until_half_sent,
)

WEIGHTS = noise(4)
SETTINGS = b'{"rate": 22050}'


def voice(shelf: Path, revision: str = REVISION) -> Model:
    (shelf / "voice.onnx.json").write_bytes(SETTINGS)
    (shelf / "voice.onnx").write_bytes(WEIGHTS)
    return described(
        "voice",
        "tts",
        Hub(repository="someone/voices", revision=revision),
        listed("voice.onnx.json", SETTINGS, "en/voice.onnx.json"),
        listed("voice.onnx", WEIGHTS, "en/voice.onnx"),
        main="voice.onnx",
    )


def store_for(tmp_path: Path, model: Model) -> ModelDirectory:
    return ModelDirectory(tmp_path / "models", Catalog(models=(model,)))


def unfinished(store: ModelDirectory) -> list[Path]:
    return list((store.root / fetch.STAGING).rglob("*.incomplete"))


class CountUnfinished(Recorder):
    """Counts the partial files at every report of progress."""

    def __init__(self, store: ModelDirectory) -> None:
        super().__init__()
        self.unfinished: list[int] = []
        self._store = store

    def advance(self, model: Model, arrived: int) -> None:
        self.unfinished.append(len(unfinished(self._store)))


def test_the_files_of_the_pinned_commit_become_a_model(tmp_path: Path, shelf: Path, server: Server) -> None:
    model = voice(shelf)
    store = store_for(tmp_path, model)
    progress = Recorder()
    fetch.fetch([model], store, progress)
    assert store.locate("voice", "tts").read_bytes() == WEIGHTS
    assert checks.verify(model, store.directory(model)) == {}
    assert progress.arrived[-1] == model.size


def test_after_a_power_cut_complete_files_are_used_and_partial_ones_fetched_again(
    tmp_path: Path, shelf: Path, server: Server
) -> None:
    model = voice(shelf)
    store = store_for(tmp_path, model)
    server.stall_at = "voice.onnx"
    with fetching_process(model, store.root) as process:
        until_half_sent(server, process)
        cut_the_power(process)
    assert not store.directory(model).exists()
    assert len(unfinished(store)) == 1

    server.stall_at = None
    progress = CountUnfinished(store)
    fetch.fetch([model], store, progress)
    assert progress.unfinished[0] == 0, "partial files do not accumulate"
    assert store.locate("voice", "tts").read_bytes() == WEIGHTS
    assert server.requests == {"voice.onnx.json": 1, "voice.onnx": 2}
    assert sorted(path.name for path in (store.root / fetch.STAGING).iterdir()) == ["voice.lock"]


def test_bytes_that_differ_from_the_catalogue_are_refused(tmp_path: Path, shelf: Path, server: Server) -> None:
    model = voice(shelf)
    (shelf / "voice.onnx").write_bytes(noise(5))
    store = store_for(tmp_path, model)
    with pytest.raises(AssistantError, match=r"voice\.onnx of voice, as downloaded") as raised:
        fetch.fetch([model], store, Recorder())
    assert raised.value.code is Code.MODEL_CORRUPT
    assert not store.directory(model).exists()


def test_a_commit_that_the_hub_does_not_have_is_a_clear_error(tmp_path: Path, shelf: Path, server: Server) -> None:
    model = voice(shelf, revision="f" * 40)
    with pytest.raises(AssistantError, match=r"cannot fetch en/voice\.onnx\.json of someone/voices.*404") as raised:
        fetch.fetch([model], store_for(tmp_path, model), Recorder())
    assert raised.value.code is Code.MODEL_FETCH_FAILED


def test_a_file_with_more_bytes_than_the_catalogue_lists_is_given_up(
    tmp_path: Path, shelf: Path, server: Server
) -> None:
    model = voice(shelf)
    (shelf / "voice.onnx").write_bytes(noise(5, 20_000_000))
    store = store_for(tmp_path, model)
    with pytest.raises(AssistantError, match=f"has more than the {len(WEIGHTS)} bytes") as raised:
        fetch.fetch([model], store, Recorder())
    assert raised.value.code is Code.MODEL_FETCH_FAILED
    assert download.bytes_under(store.root) <= len(WEIGHTS) + 2 * download.SLACK
