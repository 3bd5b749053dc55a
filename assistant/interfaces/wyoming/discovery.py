"""Tells the neighbourhood where the Wyoming services are (multicast DNS), so that Home Assistant offers to add them."""

import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import anyio

from assistant.config.schema import Wyoming
from assistant.interfaces.net import tcp

log = logging.getLogger(__name__)

SERVICE = "_wyoming._tcp.local."

GROUP = ("224.0.0.251", 5353)
"""Where multicast DNS is spoken (RFC 6762)."""

CHECK_S = 30.0
"""Between two looks at this machine's address, which changes with its network."""


def is_announced(settings: Wyoming) -> bool:
    """Whether `settings` name an address that is announced: one of the network."""
    listen = settings.listen
    return settings.announce and listen.startswith("tcp:") and tcp.host_and_port(listen)[0] not in tcp.LOOPBACK


def import_library() -> None:
    """Import the library ahead of `announce`, which takes 0.1 s. Where it is missing, `announce` says so."""
    with suppress(ImportError):
        import zeroconf.asyncio  # noqa: F401


async def announce(listen: str) -> None:
    """Announce the address `listen`, as `wyoming.listen`, until cancelled. What fails is only logged.

    An address of IPv6 alone is not announced.
    """
    host, port = tcp.host_and_port(listen)
    while True:
        if address := _reachable(host):
            try:
                async with _announced(address, port):
                    log.info("wyoming: announced at %s, port %d", address, port)
                    await _until_elsewhere(host, address)
            except ImportError:
                log.info("wyoming: not announced; that needs `pip install 'assistant[wyoming]'`")
                return
            except OSError as error:
                log.info("wyoming: not announced: %s", error)
        await anyio.sleep(CHECK_S)


async def _until_elsewhere(host: str, address: str) -> None:
    """Return once this machine is no longer reached at `address`."""
    while True:
        await anyio.sleep(CHECK_S)
        if _reachable(host) != address:
            return


def _reachable(host: str) -> str:
    """The IPv4 address at which others reach what listens on `host`; empty when there is none."""
    try:
        given = socket.inet_aton(host)
    except OSError:
        given = b"" if host != "::" else bytes(4)
    if any(given):
        return host
    if not given:
        return ""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(GROUP)  # sends nothing
        except OSError:
            return ""  # no network for now
        return str(probe.getsockname()[0])


@asynccontextmanager
async def _announced(address: str, port: int) -> AsyncIterator[None]:
    """Raises `OSError` where multicast is not possible, and `ImportError` without the library."""
    from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

    network = AsyncZeroconf(interfaces=[address])
    try:
        name = f"assistant on {socket.gethostname()}.{SERVICE}"
        service = AsyncServiceInfo(SERVICE, name, port=port, addresses=[socket.inet_aton(address)])
        await (await network.async_register_service(service, allow_name_change=True))
        yield
    finally:
        with anyio.CancelScope(shield=True), anyio.move_on_after(2.0):
            await network.async_unregister_all_services()
            await network.async_close()
