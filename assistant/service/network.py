"""Network access that a configuration needs; the service has none unless a drop-in grants it."""

import ipaddress
from collections.abc import Collection, Iterator
from urllib.parse import urlsplit

from assistant.config.schema import Config
from assistant.service.files import DropIn

LOOPBACK_NAMES = frozenset({"localhost", "ip6-localhost"})


def network_warnings(config: Config, opened: Collection[DropIn]) -> Iterator[str]:
    """Yield a warning for each key of `config` that needs access none of the drop-ins in `opened` grants."""
    for key, address in _addresses(config):
        within = _stays_here(address)
        if "lan" in opened or (within and "loopback" in opened):
            continue
        option = "--loopback" if within else "--lan"
        yield f"{key} is set, but the service has no network access for it; install with {option} to grant it"


def _addresses(config: Config) -> Iterator[tuple[str, str]]:
    """Yield each key that needs network access, with the address it names."""
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
