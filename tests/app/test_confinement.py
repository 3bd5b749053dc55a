"""`--confine`: the files of the user are out of reach, and nothing that the assistant does needs them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.host import landlock
from tests.app.test_daemon import running
from tests.room import Room, listen, sounds

TRY = """
import json, os, sys
from pathlib import Path
from assistant.app.confinement import confine
from assistant.config.schema import Config
from assistant.config import file

def attempt(what, path):
    try:
        what(Path(path))
        return "done"
    except PermissionError:
        return "refused"

version = confine(file.load(None), None)
home = Path.home()
print(json.dumps({
    "version": version,
    "read a letter": attempt(Path.read_bytes, home / "letter"),
    "list the home": attempt(lambda path: list(path.iterdir()), home),
    "write to the home": attempt(lambda path: path.write_text("x"), home / "new"),
    "write the configuration": attempt(lambda path: path.write_text("x"), home / ".config/assistant/config.yaml"),
    "write to the models": attempt(lambda path: path.write_text("x"), home / ".local/share/assistant/models/new"),
    "write to the program": attempt(lambda path: path.write_text("x"), Path(sys.prefix) / "new"),
    "read the configuration": attempt(Path.read_bytes, home / ".config/assistant/config.yaml"),
    "read a linked model": attempt(Path.read_bytes, home / "mine/model.bin"),
    "write the state": attempt(lambda path: path.write_text("x"), home / ".local/state/assistant/new"),
    "write to the temporary files": attempt(lambda path: path.write_text("x"), Path(os.environ["TMPDIR"]) / "new"),
    "import": attempt(lambda path: __import__("colorsys"), "/"),
}))
"""

REFUSED = {
    "read a letter",
    "list the home",
    "write to the home",
    "write the configuration",
    "write to the models",
    "write to the program",
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a letter, a configuration, and a model that is a link to where it is kept."""
    home = tmp_path / "home"
    for folder in (".config/assistant", ".local/share/assistant/models", "mine", "kept"):
        (home / folder).mkdir(parents=True)
    (tmp_path / "temporary").mkdir()
    (home / "letter").write_text("Dear John")
    (home / "kept" / "blob").write_text("weights")
    (home / "mine" / "model.bin").symlink_to(home / "kept" / "blob")
    (home / ".config" / "assistant" / "config.yaml").write_text(f"asr: {{model: {home}/mine}}\n")
    return home


def test_the_files_of_the_user_are_out_of_reach(home: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(home.parent / "temporary")}
    environment["ASSISTANT_MODELS"] = str(home / ".local/share/assistant/models")
    done = subprocess.run(
        [sys.executable, "-c", TRY], check=True, capture_output=True, text=True, env=environment, cwd=home
    )
    found = json.loads(done.stdout)
    assert found.pop("version") == landlock.version()
    refused = {what for what, how in found.items() if how == "refused"}
    assert refused == (REFUSED if landlock.version() else set())


def test_confined_it_answers_and_remembers(models: None, room: Room, tmp_path: Path) -> None:
    recorded = tmp_path / "room.wav"
    with running(room, "--confine") as daemon:
        assert daemon.until_message("confined by Landlock" if landlock.version() else "not confined")
        daemon.until("ready")
        daemon.until("listening")
        with room.recording(recorded):
            room.speak(Path("tests/speech/clips/q_what_time_is_it_r3.wav").resolve())
            turn = daemon.until("turn_finished")
    assert turn["error"] is None
    sides = listen(recorded)
    assert [start for start, _ in sounds(sides.answer) if start > sounds(sides.user)[-1][1]], "no answer was heard"
