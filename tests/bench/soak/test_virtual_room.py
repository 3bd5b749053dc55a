"""The virtual room of the soak suite and of the tests."""

from pathlib import Path

import pytest

from assistant.bench.soak.virtual_room import VirtualRoom
from assistant.errors import AssistantError, Code


def test_missing_tools_are_named_with_the_command_that_installs_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AssistantError) as error, VirtualRoom.opened():
        raise AssertionError("the room opened without a sound server")
    assert error.value.code is Code.ROOM_TOOLS_MISSING
    assert "paplay" in error.value.message
    assert "apt install pulseaudio" in error.value.message
