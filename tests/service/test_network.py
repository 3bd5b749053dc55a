from typing import Any

import msgspec
import pytest

from assistant.config.schema import Config
from assistant.service.files import DropIn
from assistant.service.network import network_warnings


def warned(opened: tuple[DropIn, ...], **sections: Any) -> list[str]:
    return list(network_warnings(msgspec.convert(sections, Config), opened))


def test_the_default_needs_no_network() -> None:
    assert warned(()) == []


@pytest.mark.parametrize(
    ("key", "sections"),
    [
        ("wyoming.listen", {"wyoming": {"listen": "tcp://127.0.0.1:10700"}}),
        ("wyoming.listen", {"wyoming": {"listen": "tcp://localhost:10700"}}),
        ("metrics.http_port", {"metrics": {"http_port": 9101}}),
        ("metrics.otlp_endpoint", {"metrics": {"otlp_endpoint": "http://[::1]:4318/v1/traces"}}),
        ("llm.base_url", {"llm": {"engine": "openai"}}),
    ],
)
def test_connections_within_the_machine_need_loopback(key: str, sections: dict[str, Any]) -> None:
    (warning,) = warned((), **sections)
    assert warning.startswith(f"{key} is set")
    assert "--loopback" in warning
    assert warned(("loopback",), **sections) == []
    assert warned(("lan",), **sections) == []


@pytest.mark.parametrize("wyoming", [{"listen": "tcp://0.0.0.0:10700"}, {"satellites": ["tcp://kitchen.local:10700"]}])
def test_connections_to_other_machines_need_lan(wyoming: dict[str, Any]) -> None:
    (warning,) = warned(("loopback",), wyoming=wyoming)
    assert "--lan" in warning
    assert warned(("lan",), wyoming=wyoming) == []


def test_local_sockets_need_nothing() -> None:
    wyoming = {"listen": "unix:///run/assistant/wyoming.sock", "satellites": ["unix:///run/a.sock"]}
    assert warned((), wyoming=wyoming) == []
