"""What the engines' libraries find in the environment, and that nothing but the program puts it there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

NAMES = {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME", "OPENBLAS_NUM_THREADS", "ORT_DISABLE_TELEMETRY"}

WATCH_NUMPY = f"""
import os, runpy, sys

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "numpy":
            print("numpy sees", *sorted({sorted(NAMES)} & os.environ.keys()))

sys.meta_path.insert(0, Watch())
sys.argv = ["assistant", "transcribe", "no-such-file.wav"]
"""


def printed(program: str, **environment: str) -> str:
    """What `program` prints in an environment that holds none of the variables but those given."""
    clean = {name: value for name, value in os.environ.items() if name not in NAMES}
    done = subprocess.run([sys.executable, "-c", program], env=clean | environment, capture_output=True, text=True)
    return done.stdout


@pytest.mark.parametrize(
    "entry",
    ["runpy.run_module('assistant', run_name='__main__')", "import assistant.__main__; assistant.__main__.main()"],
    ids=["as_a_module", "as_a_console_script"],
)
def test_the_program_sets_them_before_numpy_is_imported(entry: str) -> None:
    assert printed(WATCH_NUMPY + entry).split() == ["numpy", "sees", *sorted(NAMES)]


@pytest.mark.parametrize(("given", "expected"), [({}, "PASSIVE 1"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE 1")])
def test_what_the_user_has_set_stays(given: dict[str, str], expected: str) -> None:
    show = "import os; from assistant.host import libraries; libraries.prepare()"
    show += "; print(os.environ['OMP_WAIT_POLICY'], os.environ['OPENBLAS_NUM_THREADS'])"
    assert printed(show, **given).split() == expected.split()


def test_importing_the_package_sets_nothing() -> None:
    program = (
        "import os; before = dict(os.environ); import assistant, assistant.app.daemon; print(os.environ == before)"
    )
    assert printed(program) == "True\n"


@pytest.mark.parametrize(
    "load",
    [
        "from assistant.host.onnx import session as load; load(path, 1)",
        "from assistant.tts.piper import Piper as load; load(path, 1, 1.0)",
    ],
    ids=["session", "piper"],
)
def test_onnx_runtime_is_never_loaded_before_it_is_told_to_report_nothing(load: str, tmp_path: Path) -> None:
    """Whatever else becomes of a model that is not there."""
    program = f"""
import contextlib, os, sys
from pathlib import Path

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "onnxruntime":
            print(os.environ.get("ORT_DISABLE_TELEMETRY"))

sys.meta_path.insert(0, Watch())
path = Path({str(tmp_path / "none.onnx")!r})
with contextlib.suppress(Exception):
    {load}
"""
    assert printed(program) == "1\n"
