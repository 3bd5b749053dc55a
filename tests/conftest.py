"""What the tests share: the default models and their engines, the virtual room, the recordings, the event loop."""

import os
from collections.abc import Iterator
from pathlib import Path

import anyio
import onnxruntime
import pytest

from assistant.app.loading import load_engines
from assistant.asr.faster_whisper import FasterWhisper
from assistant.bench.clips import Clip, read_clips
from assistant.cli.models import pull_missing
from assistant.config.schema import Config
from assistant.engines.engines import Engines
from assistant.llm.llama import LlamaCpp
from assistant.models.directory import locate
from assistant.tts.piper import Piper
from tests import stalls
from tests.programs import Programs, Ran
from tests.room import Room, open_room

SPEECH = Path(__file__).parent / "speech"

stalls.watch()

REAL = {"models", "room", "debian"}
"""Fixtures that stand for something real, which takes its time; a test that needs one, also by way of another fixture,
is marked `realtime`. A test that opens a room of its own has the mark written down."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _no_stalls() -> Iterator[None]:
    """The event loop of a test never stands still."""
    stalls.found.clear()
    yield
    assert stalls.found == []


@pytest.fixture(scope="session")
def models() -> None:
    """The default models, fetched where they are not; also for a test whose programs are processes that load them."""
    pull_missing(list(Config().models.values()), offline=False)


@pytest.fixture(scope="session")
def room() -> Iterator[Room]:
    """A virtual room that goes on for all; a test that leaves it in disorder opens one of its own."""
    with open_room() as room:
        yield room


@pytest.fixture(scope="session")
def clips() -> dict[str, Clip]:
    """Every recording under tests/speech by its name, for example `q_what_time_is_it_r3`."""
    return {clip.name: clip for clip in read_clips([SPEECH])}


@pytest.fixture(scope="session")
def whisper_path(models: None) -> Path:
    return locate("whisper-base", "asr")


@pytest.fixture(scope="session")
def whisper(whisper_path: Path) -> FasterWhisper:
    """Whisper base on the CPU, for somebody who speaks English as a rule."""
    recognizer = FasterWhisper(whisper_path, "cpu", threads=2)
    recognizer.expected_language = "en"
    return recognizer


@pytest.fixture(scope="session")
def gguf_path(models: None) -> Path:
    return locate("smollm2-135m-instruct", "llm")


@pytest.fixture(scope="session")
def model(gguf_path: Path) -> Iterator[LlamaCpp]:
    """SmolLM2-135M with 512 tokens of context on the CPU."""
    model = LlamaCpp(gguf_path, "cpu", context_tokens=512, threads=1, batch_threads=2)
    yield model
    model.close()


@pytest.fixture(scope="session")
def voice_path(models: None) -> Path:
    return locate("en_US-joe-medium", "tts")


@pytest.fixture(scope="session")
def voice(voice_path: Path) -> Piper:
    """Joe, at his own speed; of a run that goes through the same tests he says the same."""
    onnxruntime.set_seed(1)
    voice = Piper(voice_path, threads=2, speed=1.0)
    voice.warm_up()
    return voice


@pytest.fixture(scope="session")
def turn_path(models: None) -> Path:
    return locate("smart-turn-v3.2", "turn")


@pytest.fixture(scope="session")
def engines(models: None) -> Iterator[Engines]:
    """Every engine of the default configuration."""
    loaded = load_engines(Config())
    yield loaded
    anyio.run(loaded.aclose)


@pytest.fixture(scope="session", autouse=True)
def _programs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programs]:
    """The programs of all tests marked `program`, begun before the first test."""
    programs = Programs()
    marks = {item.nodeid: item.get_closest_marker("program") for item in request.session.items}
    if any(marks.values()):
        request.getfixturevalue("models")
    for name, mark in marks.items():
        if mark is not None:
            programs.begin(name, mark.args, tmp_path_factory.mktemp("program"))
    yield programs
    programs.close()


@pytest.fixture
def ran(models: None, _programs: Programs, request: pytest.FixtureRequest) -> Ran:
    """The program that the test's mark `program` names, when it has ended."""
    return _programs.until_ended(request.node.nodeid)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Pure rules come first, then the programs that have run beside them, then what wants the machine for itself."""
    for item in items:
        if isinstance(item, pytest.Function) and REAL & set(item.fixturenames):
            item.add_marker("realtime")
    items.sort(
        key=lambda item: (
            item.get_closest_marker("realtime") is not None,
            item.get_closest_marker("program") is None,
        )
    )


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test fails the run: a check that did not happen is not a check that passed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
