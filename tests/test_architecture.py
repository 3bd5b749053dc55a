"""Imports run downwards, a third-party library has one file, and nothing is loaded before it is needed."""

import ast
import functools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "assistant"

LAYERS = (
    ("errors",),
    ("flow", "blocking", "events", "bus"),
    ("language",),
    ("understanding",),
    ("places",),
    ("agenda",),
    ("config",),
    ("store",),
    ("host",),
    ("audio",),
    ("vad", "wake", "turns", "asr", "llm", "tts"),
    ("models",),
    ("engines",),
    ("answers",),
    ("dialogue",),
    ("rooms",),
    ("interfaces.net", "interfaces.base"),
    ("interfaces.ipc", "interfaces.wyoming", "interfaces.web", "interfaces.realtime"),
    ("telemetry",),
    ("app",),
    ("client", "demo", "doctor", "service"),
    ("testing",),
    ("bench",),
    ("cli",),
    ("__main__",),
)
"""From the ground up. A module imports from its own entry and from the rows below, not from the other entries of its
row."""

GROUND = ("flow", "blocking", "events", "bus")
"""Single files that may use each other; a circle among them does not survive the first import."""

CROSSINGS = {
    ("asr", "vad.base"): "a recording is cut into utterances where voice activity finds none",
    ("asr", "turns.segmenter"): "a recording is cut into utterances by the rules of a conversation",
    ("wake", "vad.energy_gate"): "wake word models rest in a quiet room, as voice activity does",
    ("doctor", "client"): "the examination asks a running daemon how it is",
    ("doctor", "service"): "the examination looks at the installed service",
}
"""What an entry may import from another of its row, with the reason."""

CLIENT_IMPORTS = {"errors", "flow", "interfaces.ipc.rpc", "interfaces.net.unix_socket", "interfaces.net.stream"}
"""What a program that only talks to a daemon has to load."""

ONE_FILE = {
    "astral": "answers/skills/calendar.py",
    "av": "audio/decode.py",
    "ctranslate2": "asr/faster_whisper.py",
    "faster_whisper": "asr/faster_whisper.py",
    "dateutil": "answers/skills/feasts.py",
    "google.protobuf": "tts/vits.py",
    "holidays": "answers/skills/calendar.py",
    "httpx2": "llm/openai.py",
    "huggingface_hub": "models/hub.py",
    "jiwer": "bench/speed/wer.py",
    "livekit": "audio/echo/canceller.py",
    "onnx": "tts/vits.py",
    "onnxruntime": "host/onnx.py",
    "opentelemetry": "telemetry/tracing.py",
    "piper": "tts/piper.py",
    "prometheus_client": "telemetry/metrics.py",
    "pymicro_wakeword": "wake/microwakeword.py",
    "pyopen_wakeword": "wake/openwakeword.py",
    "simpleeval": "answers/skills/sums.py",
    "sounddevice": "audio/devices/portaudio.py",
    "soxr": "audio/resample.py",
    "text_to_num": "understanding/numerals.py",
    "xllamacpp": "llm/llama_native.py",
    "zeroconf": "interfaces/wyoming/discovery.py",
}
"""The only file that imports a library, and so the only one that knows its types and exceptions."""

ONE_FOLDER = {
    "hassil": ("understanding/",),
    "rich": ("cli/",),
    "typer": ("cli/", "__main__.py"),
    "wyoming": ("interfaces/wyoming/",),
    "yaml": ("bench/", "config/"),
}
"""Where libraries that are a vocabulary rather than an engine may be imported."""

EVERYWHERE = {"anyio", "msgspec", "numpy"}

MAX_FIELDS = 15
MAX_METHODS = 25
"""Of a class, properties included; more is a class that knows too much, unless it is in `LARGE`."""

LARGE = {
    "dialogue/conversation.py:Conversation": "the one place where listening, turns and what is said meet",
    "dialogue/turn/turn.py:Turn": "the face of a turn for the conversation, and a speaker for the stack",
    "rooms/room.py:Room": "all that an interface can ask of a room, most of it a line that hands on",
    "telemetry/metrics.py:Metrics": "a field for every family of metrics",
}
"""Classes that are larger, with the reason, which stands in their docstrings too."""

LAZY = ONE_FILE.keys() - {"dateutil", "prometheus_client", "simpleeval"}
"""Libraries that take long to load or may be absent: the functions that need them import them."""

IMPORT_EVERYTHING = """
import importlib, pkgutil, sys
import assistant

for module in pkgutil.walk_packages(assistant.__path__, "assistant."):
    importlib.import_module(module.name)
print(*sorted(sys.modules))
"""


@functools.cache
def imports() -> list[tuple[str, str]]:
    """Every import in the package, also those inside functions: the file, and the module or name that it imports."""
    return [
        (path.relative_to(PACKAGE).as_posix(), name)
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        for name in _imported(node)
    ]


def _imported(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            yield from (alias.name for alias in names)
        case ast.ImportFrom(module=str(module), level=0, names=names):
            yield from (f"{module}.{alias.name}" for alias in names)
        case ast.ImportFrom():
            raise AssertionError("imports are absolute here")


def internal() -> list[tuple[str, str]]:
    """Imports from this package, by their names in it."""
    return [(file, name.removeprefix("assistant.")) for file, name in imports() if name.startswith("assistant.")]


RANK = {entry: rank for rank, row in enumerate(LAYERS) for entry in row}


def entry(name: str) -> str | None:
    """The entry of the layers that the module or name `name` belongs to; None for the package itself."""
    return next((found for found in RANK if f"{name}.".startswith(f"{found}.")), None)


def of_file(file: str) -> str | None:
    return entry(file.removesuffix(".py").replace("/", "."))


def within(name: str, module: str) -> bool:
    return name == module or name.startswith(f"{module}.")


def is_allowed(source: str, name: str) -> bool:
    target = entry(name)
    if target is None or target == source or {source, target} <= set(GROUND):
        return True
    crosses = any(source == crossing and within(name, module) for crossing, module in CROSSINGS)
    return RANK[target] < RANK[source] or crosses


def against_the_rule() -> set[tuple[str, str]]:
    return {
        (file, name)
        for file, name in internal()
        if (source := of_file(file)) is not None and not is_allowed(source, name)
    }


def test_every_file_has_its_layer() -> None:
    files = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py")}
    assert {file for file in files if of_file(file) is None} == {"__init__.py", "interfaces/__init__.py"}


def test_imports_run_downwards() -> None:
    assert against_the_rule() == set()


@pytest.mark.parametrize("crossing", CROSSINGS, ids="->".join)
def test_every_crossing_is_in_use(crossing: tuple[str, str]) -> None:
    source, module = crossing
    assert any(of_file(file) == source and within(name, module) for file, name in internal())


def test_a_client_loads_little() -> None:
    wanted = {name for file, name in internal() if of_file(file) == "client" and entry(name) != "client"}
    assert {name for name in wanted if not any(within(name, module) for module in CLIENT_IMPORTS)} == set()


@pytest.mark.parametrize("library", ONE_FILE)
def test_a_library_has_one_file(library: str) -> None:
    assert {file for file, name in imports() if within(name, library)} == {ONE_FILE[library]}


@pytest.mark.parametrize("library", ONE_FOLDER)
def test_a_vocabulary_has_its_folders(library: str) -> None:
    users = {file for file, name in imports() if within(name, library)}
    assert users
    assert {file for file in users if not file.startswith(ONE_FOLDER[library])} == set()


def test_every_library_is_in_one_of_the_lists() -> None:
    listed = {*ONE_FILE, *ONE_FOLDER, *EVERYWHERE, *sys.stdlib_module_names, "assistant"}
    assert {name for _, name in imports() if not any(within(name, library) for library in listed)} == set()


@functools.cache
def sizes() -> dict[str, tuple[int, int]]:
    """Fields and methods of every class that has methods; one without is a record, as long as what it records."""
    return {
        f"{path.relative_to(PACKAGE).as_posix()}:{node.name}": (len(_fields(node)), len(_methods(node)))
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef) and _methods(node)
    }


def _methods(node: ast.ClassDef) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [part for part in node.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)]


def _fields(node: ast.ClassDef) -> set[str]:
    """What is declared in the class, and what its methods assign to `self`."""
    declared = {
        part.target.id for part in node.body if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
    }
    assigned = {
        part.attr
        for method in _methods(node)
        for part in ast.walk(method)
        if isinstance(part, ast.Attribute)
        and isinstance(part.ctx, ast.Store)
        and isinstance(part.value, ast.Name)
        and part.value.id == "self"
    }
    return declared | assigned


def test_a_class_is_small_or_says_why_not() -> None:
    large = {name for name, (fields, methods) in sizes().items() if fields > MAX_FIELDS or methods > MAX_METHODS}
    assert large == LARGE.keys()


def test_importing_everything_loads_no_engine() -> None:
    run = subprocess.run([sys.executable, "-c", IMPORT_EVERYTHING], capture_output=True, text=True, check=True)
    assert set(run.stdout.split()) & set(LAZY) == set()
