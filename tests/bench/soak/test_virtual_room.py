"""The room that the suite and the tests talk to the daemon in."""

from pathlib import Path

import pytest

from assistant.bench.soak.virtual_room import Room
from assistant.errors import AssistantError, Code


def test_what_is_not_installed_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AssistantError) as error, Room.opened():
        raise AssertionError("there is a room without a sound server")
    assert error.value.code is Code.ROOM_TOOLS_MISSING
    assert "paplay" in error.value.message
    assert "apt install pulseaudio" in error.value.message
