"""The daemon: builds the parts from the configuration, owns the one root task group, and ends on a signal."""

import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import anyio
from anyio.abc import TaskStatus

from assistant import blocking
from assistant.audio.base import AudioSource
from assistant.audio.cancelled import EchoCancelledSource
from assistant.audio.echo import EchoCanceller
from assistant.audio.loudspeaker import Loudspeaker
from assistant.audio.microphone import Microphone
from assistant.audio.volume import Volume
from assistant.config import Audio, Config
from assistant.config import Metrics as MetricsSettings
from assistant.config import Wyoming as WyomingSettings
from assistant.dialogue.conversation import Conversation
from assistant.errors import AssistantError, Code, single_error
from assistant.events import Emitter, Event, Ready
from assistant.ipc import place
from assistant.ipc.hub import EventHub
from assistant.ipc.service import Running, Service
from assistant.llm.history import History
from assistant.loading import load_engines
from assistant.metrics import Metrics, serve_metrics
from assistant.system.process import seconds_since_start
from assistant.tracing import open_tracer

if TYPE_CHECKING:
    from assistant.wyoming.server import WyomingServer

log = logging.getLogger(__name__)


async def run(config: Config, emit: Emitter, reload: Callable[[], Config]) -> None:
    """Converse until SIGTERM, SIGINT or `shutdown`. `reload` reads the configuration again.

    Raises `AssistantError` when a part that it cannot live without fails.
    """
    with single_error():
        await _run(config, emit, reload)


async def _run(config: Config, emit: Emitter, reload: Callable[[], Config]) -> None:
    """Until everything is loaded nothing has to be put in order, so a signal has its default effect: the end."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    with ExitStack() as parts:
        listener = parts.enter_context(place.opened(config.ipc))
        wyoming_server = find_wyoming(config.wyoming)
        metrics, hub = Metrics(), EventHub()
        audience = parts.enter_context(observing(config.metrics, metrics, [emit, metrics.observe, hub.emit]))
        microphone = parts.enter_context(Microphone(config.audio.input))
        loudspeaker = parts.enter_context(Loudspeaker(config.audio.output))
        engines = await blocking.call(lambda stop: load_engines(config), name="loading")
        parts.callback(engines.close)
        async with anyio.create_task_group() as root:
            await root.start(_end_on_signal, root.cancel_scope)
            volume = Volume(loudspeaker, config.sound)
            root.start_soon(volume.keep)
            ears = hearing(config.audio, microphone, loudspeaker)
            history = History(config.llm)
            conversation = Conversation(engines, config, history, ears, loudspeaker, audience)
            running = Running(
                config=config,
                engines=engines,
                conversation=conversation,
                history=history,
                microphone=microphone,
                loudspeaker=loudspeaker,
                volume=volume,
                metrics=metrics,
                hub=hub,
                reload=reload,
                end=root.cancel_scope.cancel,
            )
            service = Service(running)
            watch(metrics, loudspeaker, ears, service)
            audience(
                Ready(
                    start_s=round(seconds_since_start(), 3),
                    microphone=microphone.name,
                    loudspeaker=loudspeaker.name,
                    devices=engines.devices,
                )
            )
            await root.start(conversation.run)
            if wyoming_server is not None:
                await root.start(wyoming_server(config, engines).run)
            if listener is not None:
                await service.serve(listener)


@contextmanager
def observing(settings: MetricsSettings, metrics: Metrics, emitters: list[Emitter]) -> Iterator[Emitter]:
    """One emitter for all, with those that the configuration wants besides."""
    with ExitStack() as parts:
        if settings.http_port:
            parts.enter_context(serve_metrics(metrics, settings.http_port))
        if settings.otlp_endpoint:
            emitters = [*emitters, parts.enter_context(open_tracer(settings.otlp_endpoint)).observe]

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
        from assistant.wyoming.server import WyomingServer
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
        "assistant_underflows", "Times the loudspeaker ran dry; each may be a click.", lambda: loudspeaker.underflows
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


async def _end_on_signal(root: anyio.CancelScope, *, task_status: TaskStatus[None]) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for received in signals:
            log.info("%s: ending", received.name)
            root.cancel()
            return
