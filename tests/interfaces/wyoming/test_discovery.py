"""The announcement in the neighbourhood, asked for by another program of this machine."""

import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
import anyio.lowlevel
import pytest
from zeroconf import ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from assistant.config.schema import Wyoming
from assistant.flow import Signal
from assistant.interfaces.wyoming import discovery
from assistant.interfaces.wyoming.discovery import SERVICE, _reachable, announce, is_announced

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


@pytest.mark.parametrize(
    ("settings", "announced"),
    [
        (Wyoming(), False),
        (Wyoming(listen="tcp://127.0.0.1:10700"), False),
        (Wyoming(listen="unix:///run/w.sock"), False),
        (Wyoming(listen="tcp://0.0.0.0:10700"), True),
        (Wyoming(listen="tcp://192.0.2.7:10700"), True),
        (Wyoming(listen="tcp://192.0.2.7:10700", announce=False), False),
    ],
)
def test_an_address_of_the_network_is_announced(settings: Wyoming, announced: bool) -> None:
    assert is_announced(settings) is announced


@dataclass
class Network:
    """The addresses that this machine has, one look after another, and what is announced at them."""

    addresses: list[str]
    failure: Exception | None = None
    log: list[str] = field(default_factory=list)

    def reachable(self, host: str) -> str:
        return self.addresses.pop(0) if self.addresses else ""

    @asynccontextmanager
    async def announced(self, address: str, port: int) -> AsyncIterator[None]:
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        self.log.append(f"begin {address}")
        try:
            yield
        finally:
            self.log.append(f"end {address}")

    async def until(self, monkeypatch: pytest.MonkeyPatch, length: int) -> list[str]:
        """What has happened once the log is so long, or the announcement has been given up."""
        monkeypatch.setattr(discovery, "_reachable", self.reachable)
        monkeypatch.setattr(discovery, "_announced", self.announced)
        monkeypatch.setattr(discovery, "CHECK_S", 0)
        with anyio.fail_after(10):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(announce, "tcp://0.0.0.0:10700")
                while len(self.log) < length and (self.addresses or self.failure):
                    await anyio.lowlevel.checkpoint()
                tasks.cancel_scope.cancel()
        return self.log


async def test_a_machine_that_moves_is_announced_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(["", "192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.2", "192.0.2.2", "192.0.2.2", "192.0.2.2"])
    log = await network.until(monkeypatch, 3)
    assert log[:3] == ["begin 192.0.2.1", "end 192.0.2.1", "begin 192.0.2.2"]


async def test_a_network_without_multicast_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(["192.0.2.1"] * 5, OSError("no such device"))
    assert (await network.until(monkeypatch, 1))[0] == "begin 192.0.2.1"


async def test_without_the_library_nothing_is_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "zeroconf.asyncio", None)
        with anyio.fail_after(10):
            await announce(f"tcp://{HERE}:10700")  # returns
