"""The daemon: builds the parts from the configuration, owns the one root task group, and ends on a signal."""

import gc
import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING

import anyio
from anyio.abc import TaskGroup

from assistant import blocking
from assistant.answers.history import History
from assistant.app import signals, status
from assistant.app.loading import load_engines
from assistant.app.running import Running
from assistant.app.signals import ENDING_S, end_softly
from assistant.audio.base import AudioSource
from assistant.audio.devices.loudspeaker import Loudspeaker
from assistant.audio.devices.microphone import Microphone
from assistant.audio.devices.opening import open_devices
from assistant.audio.devices.supervisor import DeviceSupervisor
from assistant.audio.echo.canceller import EchoCanceller
from assistant.audio.echo.source import EchoCancelledSource
from assistant.audio.volume import Volume
from assistant.config.schema import Audio, Config
from assistant.config.schema import Metrics as MetricsSettings
from assistant.config.schema import Wyoming as WyomingSettings
from assistant.dialogue.conversation import Conversation
from assistant.errors import AssistantError, Code, single_error
from assistant.events import Emitter, Event, Level, PartialTranscript, Ready, ReplyText
from assistant.host.notify import Notifier, notifier, watchdog_s
from assistant.host.process import end_within, keep_heap_small, seconds_since_start, spare_what_is_here
from assistant.host.watchdog import Watchdog
from assistant.interfaces.ipc.hub import EventHub
from assistant.interfaces.ipc.service import Service
from assistant.interfaces.net import place
from assistant.rooms.outages import Outages
from assistant.store.database import default_path, open_state
from assistant.telemetry.metrics import Metrics, serve_metrics
from assistant.telemetry.tracing import open_tracer

if TYPE_CHECKING:
    from assistant.interfaces.wyoming.server import WyomingServer

log = logging.getLogger(__name__)


async def run(config: Config, emit: Emitter, reload: Callable[[], Config], *, wait_s: float = 0.0) -> None:
    """Converse until SIGTERM, SIGINT or `shutdown`. `reload` reads the configuration again, also at SIGHUP.

    Waits `wait_s` seconds for a microphone and a loudspeaker that are not there yet. Raises `AssistantError` when a
    part that it cannot live without fails.
    """
    keep_heap_small()
    supervisor = notifier()
    try:
        with single_error():
            await _run(config, emit, reload, wait_s, supervisor)
    except AssistantError as error:
        supervisor.status(f"{error.code}: {error.message}")
        raise


async def _run(
    config: Config, emit: Emitter, reload: Callable[[], Config], wait_s: float, supervisor: Notifier
) -> None:
    """Until everything is loaded nothing has to be put in order, so a signal has its default effect: the end."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    with ExitStack() as parts:
        listener = parts.enter_context(place.opened(config.ipc))
        wyoming_server = find_wyoming(config.wyoming)
        metrics, hub = Metrics(), EventHub()
        audience = [emit, metrics.observe, hub.emit]
        tell = parts.enter_context(observing(config.metrics, metrics, audience))
        state = open_state(default_path(), history_hours=config.state.history_hours)
        microphone, loudspeaker = await open_devices(
            config.audio, parts, wait_s=wait_s, waiting=partial(_wait_for_device, supervisor)
        )
        engines = await blocking.call(lambda stop: load_engines(config, tell=_progress(supervisor)), name="loading")
        parts.callback(engines.close)
        parts.callback(state.close)
        parts.push(partial(_end_in_time, supervisor))
        async with anyio.create_task_group() as root:
            ears = hearing(config.audio, microphone, loudspeaker)
            history = History(config.llm, state.exchanges(), state.add)
            conversation = Conversation(engines, config, history, ears, loudspeaker, tell)
            outages = Outages(conversation, tell, root)
            keeper = DeviceSupervisor(microphone, loudspeaker, outages.tell)
            running = Running(
                config=config,
                engines=engines,
                conversation=conversation,
                history=history,
                microphone=microphone,
                loudspeaker=loudspeaker,
                volume=Volume(loudspeaker, config.sound),
                metrics=metrics,
                hub=hub,
                reload=reload,
                end=partial(_end, root, loudspeaker),
                state=state,
                keeper=keeper,
            )
            running.restore()
            watchdog = Watchdog(supervisor, watchdog_s(), input_excused=lambda: microphone.muted or keeper.input_lost)
            audience += [watchdog.observe, partial(_show, supervisor, running, outages)]
            await root.start(signals.follow, running, supervisor, tell)
            root.start_soon(state.run, tell)
            root.start_soon(running.volume.run)
            service = Service(running)
            watch(metrics, loudspeaker, ears, service)
            tell(
                Ready(
                    start_s=round(seconds_since_start(), 3),
                    microphone=microphone.name,
                    loudspeaker=loudspeaker.name,
                    devices=engines.devices,
                )
            )
            await root.start(conversation.run)
            root.start_soon(keeper.run)
            if wyoming_server is not None:
                await root.start(wyoming_server(config, engines).run)
            root.start_soon(watchdog.run)
            if listener is not None:
                root.start_soon(service.serve, listener)
            await watchdog.until_input()
            parts.callback(gc.unfreeze)  # or libraries report at the end what nobody has freed
            spare_what_is_here()
            supervisor.ready()


def _end(root: TaskGroup, loudspeaker: Loudspeaker) -> None:
    root.start_soon(end_softly, loudspeaker, root.cancel_scope.cancel)


def _progress(supervisor: Notifier) -> Callable[[str, float], None]:
    """Says which models are being loaded."""
    return lambda names, done: supervisor.status(status.loading(names, done))


def _wait_for_device(supervisor: Notifier, reason: AssistantError) -> None:
    log.warning("waiting: %s", reason.message)
    supervisor.status(f"waiting: {reason.message}")


def _show(supervisor: Notifier, running: Running, outages: Outages, event: Event) -> None:
    """Say what the daemon is doing now that `event` has happened."""
    if not isinstance(event, Level | PartialTranscript | ReplyText):
        supervisor.status(status.describe(running.conversation.state, running.config, outages.reasons))


def _end_in_time(
    supervisor: Notifier, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
) -> None:
    """What comes now must not keep the process from ending."""
    supervisor.stopping()
    end_within(ENDING_S, 0 if error is None else 1)


@contextmanager
def observing(settings: MetricsSettings, metrics: Metrics, emitters: list[Emitter]) -> Iterator[Emitter]:
    """One emitter for all `emitters`, also those that are added later, and for those that the configuration wants."""
    with ExitStack() as parts:
        if settings.http_port:
            parts.enter_context(serve_metrics(metrics, settings.http_port))
        if settings.otlp_endpoint:
            emitters.append(parts.enter_context(open_tracer(settings.otlp_endpoint)).observe)

        def emit(event: Event) -> None:
            for emitter in emitters:
                emitter(event)

        yield emit


def hearing(audio: Audio, microphone: Microphone, loudspeaker: Loudspeaker) -> AudioSource:
    """The microphone, without what the loudspeaker plays if that is wanted and possible.

    Raises `AssistantError` (`echo.library_missing`) when it is wanted in any case and the library is not there.
    """
    if audio.echo_cancellation == "off":
        return microphone
    try:
        canceller = EchoCanceller(noise_suppression=audio.noise_suppression)
    except AssistantError as error:
        if audio.echo_cancellation == "on" or error.code is not Code.ECHO_LIBRARY_MISSING:
            raise
        log.warning("it does not listen while it speaks: %s", error.message)
        return microphone
    return EchoCancelledSource(microphone, loudspeaker.reference(), canceller)


def find_wyoming(settings: WyomingSettings) -> "type[WyomingServer] | None":
    """What serves Wyoming; None where nobody wants it. Raises `AssistantError` (`wyoming.library_missing`)."""
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


def watch(metrics: Metrics, loudspeaker: Loudspeaker, ears: AudioSource, service: Service) -> None:
    """Let `metrics` read what the parts count themselves."""
    metrics.watch_counter(
        "assistant_underflows",
        "Times the loudspeaker ran dry while it played; each may be a click.",
        lambda: loudspeaker.underruns,
    )
    metrics.watch_gauge("assistant_ipc_clients", "Connections to the socket.", lambda: service.clients)
    metrics.watch_counter(
        "assistant_ipc_dropped_events", "Events that clients read too slowly for.", lambda: service.dropped
    )
    if isinstance(ears, EchoCancelledSource):
        metrics.watch_gauge(
            "assistant_echo_return_loss_enhancement_db",
            "By how much the echo is lowered.",
            lambda: ears.convergence.erle_db,
        )
        metrics.watch_gauge(
            "assistant_echo_residual_db", "Level of what is left of the echo.", lambda: ears.convergence.residual_db
        )
