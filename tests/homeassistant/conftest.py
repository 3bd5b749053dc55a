"""One Home Assistant and one daemon for all tests, in a network of their own."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.homeassistant import image, network
from tests.homeassistant.daemon import PORT, Daemon, serving
from tests.homeassistant.home import Home, connected, running


@pytest.fixture(scope="package")
def alone(models: None) -> Iterator[None]:
    """A network in which nobody else is; everything that is fetched has been."""
    image.make()
    with network.of_its_own():
        yield


@pytest.fixture(scope="package")
def assistant(alone: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with serving(tmp_path_factory.mktemp("assistant")) as daemon:
        yield daemon


@pytest.fixture(scope="package")
def token(alone: None) -> Iterator[str]:
    with running() as token:
        yield token


@pytest.fixture
async def home(token: str, assistant: Daemon) -> AsyncIterator[Home]:
    """A client of Home Assistant, which knows the assistant."""
    async with connected(token) as home:
        if not any(state["entity_id"] == "stt.assistant" for state in await home.get("/api/states")):
            await home.add_wyoming("127.0.0.1", PORT)
        yield home
