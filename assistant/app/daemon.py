"""The daemon: builds the parts from the configuration, owns the one root task group, and ends on a signal."""

import gc
import logging
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import anyio
from anyio.abc import TaskGroup

from assistant import blocking
from assistant.answers.order import build_responders
from assistant.answers.skills.house import house_of, place_of
from assistant.app import signals, status
from assistant.app.ahead import import_ahead
from assistant.app.loading import load_engines
from assistant.app.running import Running
from assistant.app.signals import ENDING_S, end_softly
from assistant.app.sound import SoundCard, open_sound_card
from assistant.audio.devices.supervisor import DeviceSupervisor
from assistant.bus import Bus
from assistant.config.schema import Config
from assistant.config.schema import Metrics as MetricsSettings
from assistant.config.schema import Wyoming as WyomingSettings
from assistant.engines.detectors import Detectors, load_detectors
from assistant.engines.engines import Engines
from assistant.errors import AssistantError, Code, reason_of, single_error
from assistant.events import Emitter, Error, Event, Level, PartialTranscript, Ready, ReplyText, RoomClosed, RoomOpened
from assistant.host.notify import Notifier, notifier, watchdog_s
from assistant.host.process import exit_within, freeze_heap, limit_heap, seconds_since_start
from assistant.host.watchdog import Watchdog
from assistant.interfaces.ipc.server import IpcServer
from assistant.interfaces.net import unix_socket
from assistant.rooms.outages import Outages
from assistant.rooms.registry import Rooms
from assistant.rooms.ringing import Ringer
from assistant.rooms.room import Room
from assistant.rooms.shared import Shared
from assistant.store.rooms import LOCAL_ROOM
from assistant.store.store import Store, default_path, open_store, store_in_memory
from assistant.telemetry import scrape
from assistant.telemetry.metrics import Metrics
from assistant.telemetry.tracing import open_tracer

if TYPE_CHECKING:
    from assistant.interfaces.wyoming.server import WyomingServer

log = logging.getLogger(__name__)


async def run(config: Config, emit: Emitter, reload: Callable[[], Config], *, wait_s: float = 0.0) -> None:
    """Converse until SIGTERM, SIGINT or `shutdown`. `reload` reads the configuration again, also at SIGHUP.

    Waits `wait_s` seconds for a microphone and a loudspeaker that are not there yet. Raises `AssistantError` when a
    part that it cannot live without fails.
    """
    limit_heap()
    manager = notifier()
    try:
        with single_error():
            await _run(config, emit, reload, wait_s, manager)
    except AssistantError as error:
        manager.status(f"{error.code}: {error.message}")
        raise


async def _run(config: Config, emit: Emitter, reload: Callable[[], Config], wait_s: float, manager: Notifier) -> None:
    """Until everything is loaded nothing has to be put in order, so a signal has its default effect: the end."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    place = place_of(config.place)
    with ExitStack() as parts:
        listener = parts.enter_context(unix_socket.opened(config.ipc))
        wyoming_server = find_wyoming(config.wyoming)
        bus, metrics = Bus(), Metrics()
        scraped = parts.enter_context(scrape.listening(config.metrics.http_port))
        parts.enter_context(observing(config.metrics, metrics, bus, emit))
        store = open_store_or_memory(default_path(), config.state.history_hours)
        card = await open_sound_card(config.audio, parts, wait_s=wait_s, waiting=partial(_wait_for_device, manager))
        engines, detectors = await _load(config, manager)
        async with AsyncExitStack() as closing, anyio.create_task_group() as root:
            closing.push_async_callback(engines.aclose)  # last: it may take long
            closing.callback(store.close)
            closing.push(partial(_end_in_time, manager, emit))  # first
            house = house_of(store, place=place)
            responders = build_responders(config, engines, house)
            rooms = Rooms(Shared(engines, responders, bus.emit, store, house), config)
            running = Running(rooms, bus, metrics, reload, partial(_end, root, card))
            await root.start(signals.follow, running, manager, bus.emit)
            root.start_soon(store.run, bus.emit)
            if scraped is not None:
                root.start_soon(scrape.serve_metrics, scraped, metrics)
            bus.emit(_ready(card, engines))
            async with _local_room(rooms, card, detectors) as room:
                root.start_soon(Ringer(house, rooms, bus).run)
                watchdog = _supervise(running, room, card, manager, root, parts, store)
                ipc = IpcServer(running)
                _watch(running, engines, card, ipc)
                if wyoming_server is not None:
                    await root.start(wyoming_server(running).run)
                if listener is not None:
                    root.start_soon(ipc.serve, listener)
                await watchdog.until_input()
                parts.callback(gc.unfreeze)  # or libraries report leaks at the end
                freeze_heap()
                manager.ready()
                await anyio.sleep_forever()


def open_store_or_memory(path: Path, history_hours: float) -> Store:
    """Open what outlives the process; where the disk refuses, remember in memory, which the log says.

    Raises `AssistantError` (`store.newer`).
    """
    try:
        return open_store(path, history_hours=history_hours)
    except AssistantError as error:
        if error.code is not Code.STATE_UNWRITABLE:
            raise
        log.error("%s: %s; what is said and set is kept in memory only", error.code, error.message)
        return store_in_memory(path, history_hours=history_hours, trouble=error.message)


async def _load(config: Config, manager: Notifier) -> tuple[Engines, Detectors | None]:
    """Load the engines, and what listens in the daemon's own room, side by side."""
    found: list[Detectors] = []

    async def load_for_room() -> None:
        words = None if config.wake == "none" else config.wake.words
        found.append(await blocking.call(lambda stop: load_detectors(words), name="loading"))

    async with anyio.create_task_group() as loading:
        loading.start_soon(partial(blocking.call, lambda stop: import_ahead(config), name="loading"))
        if config.audio.has_sound:
            loading.start_soon(load_for_room)
        engines = await blocking.call(lambda stop: load_engines(config, report=_progress(manager)), name="loading")
    return engines, found[0] if found else None


@asynccontextmanager
async def _local_room(rooms: Rooms, card: SoundCard | None, detectors: Detectors | None) -> AsyncIterator[Room]:
    """Open the daemon's own room: with the sound card, or for questions in text only."""
    if card is None:
        async with rooms.open_silent(LOCAL_ROOM) as room:
            yield room
    else:
        async with rooms.open(LOCAL_ROOM, card.source, card.loudspeaker, detectors=detectors) as room:
            yield room


def _supervise(
    running: Running,
    room: Room,
    card: SoundCard | None,
    manager: Notifier,
    root: TaskGroup,
    parts: ExitStack,
    store: Store,
) -> Watchdog:
    """Keep the devices open, say what the daemon is doing, and watch over it."""
    outages = Outages(room, running.bus.emit, root)
    if card is not None:
        running.supervisor = DeviceSupervisor(card.microphone, card.loudspeaker, outages.observe)
        root.start_soon(running.supervisor.run)
    watchdog = Watchdog(manager, watchdog_s(), input_excused=partial(_needs_no_input, running, room))
    parts.enter_context(running.bus.subscribe(partial(_observe, watchdog, room)))
    show = partial(_show, manager, running, room, outages, store)
    parts.enter_context(running.bus.subscribe(partial(_show_after, show, room)))
    show()
    root.start_soon(watchdog.run)
    return watchdog


def _observe(watchdog: Watchdog, room: Room, event: Event) -> None:
    """Sound from elsewhere is no proof that the daemon's own microphone works."""
    if event.room == room.name:
        watchdog.observe(event)


def _needs_no_input(running: Running, room: Room) -> bool:
    """Whether no sound may come from the daemon's own room."""
    return not room.has_sound or room.is_muted or (running.supervisor is not None and running.supervisor.input_lost)


def _ready(card: SoundCard | None, engines: Engines) -> Ready:
    return Ready(
        start_s=round(seconds_since_start(), 3),
        microphone=card.microphone.name if card is not None else "",
        loudspeaker=card.loudspeaker.name if card is not None else "",
        devices=engines.devices,
    )


def _end(root: TaskGroup, card: SoundCard | None) -> None:
    root.start_soon(end_softly, card.loudspeaker if card is not None else None, root.cancel_scope.cancel)


def _progress(manager: Notifier) -> Callable[[str, float], None]:
    """Make the callback that shows which models are being loaded."""
    return lambda names, done: manager.status(status.loading(names, done))


def _wait_for_device(manager: Notifier, reason: AssistantError) -> None:
    log.warning("waiting: %s", reason.message)
    manager.status(f"waiting: {reason.message}")


def _show(manager: Notifier, running: Running, room: Room, outages: Outages, store: Store) -> None:
    """Say what the daemon is doing, and whether it will remember."""
    others = [other.name for other in running.rooms if other is not room]
    manager.status(status.describe(room.state, room.config, outages.reasons, others, store.trouble))


def _show_after(show: Callable[[], None], room: Room, event: Event) -> None:
    """Call `show` if what the daemon is doing in its `room` may have changed with `event`."""
    concerns = event.room in ("", room.name) or isinstance(event, RoomOpened | RoomClosed)
    if concerns and not isinstance(event, Level | PartialTranscript | ReplyText):
        show()


def _end_in_time(
    manager: Notifier,
    emit: Emitter,
    kind: type[BaseException] | None,
    error: BaseException | None,
    trace: TracebackType | None,
) -> None:
    """Bound the time of what comes now: it must not keep the process from ending, nor the reason from being said."""
    manager.stopping()
    reason = reason_of(error)
    if reason is None:
        exit_within(ENDING_S, 0 if error is None else 1)
    else:
        last = Error(code=reason.code, message=reason.message)
        exit_within(ENDING_S, reason.exit_status, lambda: emit(last))


@contextmanager
def observing(settings: MetricsSettings, metrics: Metrics, bus: Bus, emit: Emitter) -> Iterator[None]:
    """Have `emit`, `metrics` and whatever else the settings want hear of all that happens."""
    with ExitStack() as parts:
        parts.enter_context(bus.subscribe(emit))
        parts.enter_context(bus.subscribe(metrics.observe))
        if settings.otlp_endpoint:
            parts.enter_context(bus.subscribe(parts.enter_context(open_tracer(settings.otlp_endpoint)).observe))
        yield


def find_wyoming(settings: WyomingSettings) -> "type[WyomingServer] | None":
    """Import what serves Wyoming;

    None where it is not configured. Raises `AssistantError` (`wyoming.library_missing`).
    """
    if not settings.listen and not settings.satellites:
        return None
    try:
        from assistant.interfaces.wyoming.server import WyomingServer
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("wyoming"):
            raise
        raise AssistantError(
            Code.WYOMING_LIBRARY_MISSING,
            "wyoming.listen and wyoming.satellites need the library: pip install 'assistant[wyoming]'",
        ) from error
    return WyomingServer


def _watch(running: Running, engines: Engines, card: SoundCard | None, ipc: IpcServer) -> None:
    """Let the metrics read what the parts count themselves."""
    metrics = running.metrics
    if card is not None:
        card.watch(metrics)
    metrics.watch_gauge("assistant_ipc_clients", "Connections to the socket.", lambda: ipc.clients)
    metrics.watch_counter(
        "assistant_ipc_dropped_events", "Events that clients read too slowly for.", lambda: ipc.dropped
    )
    metrics.watch_gauge("assistant_wyoming_clients", "Connections over Wyoming.", lambda: running.wyoming_clients)
    metrics.watch_engines(engines.queues)
