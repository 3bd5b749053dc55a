"""What a configuration needs of the network, which the service has none of unless it is told so."""

import ipaddress
from collections.abc import Collection, Iterator
from urllib.parse import urlsplit

from assistant.config.schema import Config
from assistant.service.files import DropIn

LOOPBACK_NAMES = frozenset({"localhost", "ip6-localhost"})


def warnings(config: Config, opened: Collection[DropIn]) -> Iterator[str]:
    """A line for each key of `config` that the drop-ins `opened` leave without what it needs."""
    for key, address in _addresses(config):
        within = _stays_here(address)
        if "lan" in opened or (within and "loopback" in opened):
            continue
        option = "--loopback, for connections within this machine," if within else "--lan, for the local network,"
        yield f"{key} is set, and the service has no way to it; {option} opens one"


def _addresses(config: Config) -> Iterator[tuple[str, str]]:
    """Keys that need more than local sockets, each with the address that it names."""
    if config.wyoming.listen.startswith("tcp:"):
        yield "wyoming.listen", config.wyoming.listen
    for satellite in config.wyoming.satellites:
        if satellite.startswith("tcp:"):
            yield "wyoming.satellites", satellite
    if config.metrics.http_port:
        yield "metrics.http_port", "tcp://127.0.0.1"
    if config.metrics.otlp_endpoint:
        yield "metrics.otlp_endpoint", config.metrics.otlp_endpoint
    if config.llm.engine == "openai":
        yield "llm.base_url", config.llm.base_url


def _stays_here(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in LOOPBACK_NAMES
