"""What comes with an extra is asked for only where the configuration wants it."""

import sys

import pytest

from assistant.app import daemon
from assistant.config.schema import Wyoming
from assistant.errors import AssistantError, Code


def test_an_extra_that_is_wanted_and_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [name for name in sys.modules if name.startswith(("assistant.interfaces.wyoming", "wyoming"))]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "wyoming", None)
    assert daemon.find_wyoming(Wyoming()) is None
    with pytest.raises(AssistantError) as error:
        daemon.find_wyoming(Wyoming(listen="tcp://127.0.0.1:10700"))
    assert error.value.code is Code.WYOMING_LIBRARY_MISSING
    assert "pip install 'assistant[wyoming]'" in error.value.message
