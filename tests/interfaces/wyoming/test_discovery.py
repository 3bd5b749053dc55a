"""The announcement in the neighbourhood, asked for by another program of this machine."""

import socket

import anyio
import pytest
from zeroconf import ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from assistant.flow import Signal
from assistant.interfaces.wyoming.discovery import SERVICE, _reachable, announce

pytestmark = pytest.mark.anyio

HERE = "127.0.0.1"


@pytest.mark.parametrize(
    ("host", "address"),
    [("192.0.2.7", "192.0.2.7"), (HERE, HERE), ("2001:db8::1", ""), ("kitchen.example", ""), ("", "")],
)
def test_what_is_announced_is_where_others_reach_it(host: str, address: str) -> None:
    assert _reachable(host) == address


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_everywhere_is_the_address_in_the_network_or_none(host: str) -> None:
    found = _reachable(host)
    assert found == "" or any(socket.inet_aton(found))


async def test_it_is_found_with_its_port_and_gone_when_it_ends() -> None:
    changes: list[tuple[str, ServiceStateChange]] = []
    more = Signal()

    def changed(zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        changes.append((name, state_change))
        more.notify()

    async def until(state: ServiceStateChange) -> str:
        while not (names := [name for name, change in changes if change is state]):
            await more.wait()
        return names[0]

    other = AsyncZeroconf(interfaces=[HERE])
    browser = AsyncServiceBrowser(other.zeroconf, SERVICE, handlers=[changed])
    try:
        with anyio.fail_after(30):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(announce, f"tcp://{HERE}:10700")
                name = await until(ServiceStateChange.Added)
                service = AsyncServiceInfo(SERVICE, name)
                assert await service.async_request(other.zeroconf, 3000)
                assert (service.parsed_addresses(), service.port) == ([HERE], 10_700)
                tasks.cancel_scope.cancel()
            assert await until(ServiceStateChange.Removed) == name
    finally:
        await browser.async_cancel()
        await other.async_close()
