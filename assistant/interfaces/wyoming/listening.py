"""The sound that one client sends: a recording to recognise, wake words to listen for, or a satellite's microphone."""

from collections.abc import Awaitable, Callable
from functools import partial

import anyio.lowlevel
from wyoming.asr import Transcribe
from wyoming.audio import AudioStart
from wyoming.event import Event
from wyoming.pipeline import PipelineStage, RunPipeline
from wyoming.wake import Detect

from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.config.languages import code_of
from assistant.errors import AssistantError, Code
from assistant.flow import Flow
from assistant.interfaces.base import Host
from assistant.interfaces.wyoming import waking
from assistant.interfaces.wyoming.checks import text_of
from assistant.interfaces.wyoming.jobs import Jobs
from assistant.interfaces.wyoming.recognition import recognise
from assistant.interfaces.wyoming.satellite import Satellite
from assistant.interfaces.wyoming.sound import Listener
from assistant.interfaces.wyoming.waking import Spotting
from assistant.interfaces.wyoming.wire import Send

MAX_RECORDING_S = 600.0


class ListeningService:
    """Knows what the sound that comes is for; what was asked for last comes first."""

    def __init__(self, host: Host, satellite: Satellite, jobs: Jobs, send: Send) -> None:
        self._host = host
        self._satellite = satellite
        self._jobs = jobs
        self._send = send
        self._listener = Listener()
        self._recording: Flow[Samples] | None = None
        self._recorded = 0
        """Samples of the recording."""
        self._spotting: Spotting | None = None
        self._is_satellite = False
        """A pipeline was asked for, whatever became of that."""

    @property
    def handlers(self) -> dict[str, Callable[[Event], Awaitable[None]]]:
        return {
            "transcribe": self._transcribe,
            "detect": self._detect,
            "run-pipeline": self._run_pipeline,
            "audio-start": self._audio_start,
            "audio-chunk": self._audio_chunk,
            "audio-stop": self._audio_stop,
        }

    async def _transcribe(self, event: Event) -> None:
        given = Transcribe.from_event(event).language or "auto"
        language = self._host.config.asr.given_language if text_of(given) == "auto" else code_of(given)
        audio = await self._open_recording()
        self._jobs.start("recognition", partial(recognise, self._host, language, audio, self._send))

    async def _detect(self, event: Event) -> None:
        names = [text_of(name) for name in Detect.from_event(event).names or ()]
        words = waking.chosen(self._host.config, names)
        await self._close_recording(unfinished=True)
        detector = (await self._host.engines.detectors(words)).wake
        assert detector is not None
        self._spotting = Spotting(detector, self._send)

    async def _run_pipeline(self, event: Event) -> None:
        pipeline = RunPipeline.from_event(event)
        if pipeline.start_stage not in (PipelineStage.WAKE, PipelineStage.ASR):
            raise AssistantError(
                Code.WYOMING_MALFORMED, f"run-pipeline: {pipeline.start_stage.value} is no stage to start with here"
            )
        self._is_satellite = True
        names = [text_of(name) for name in pipeline.wake_word_names or ()]
        words = waking.chosen(self._host.config, names) if names else None
        awake = pipeline.start_stage is PipelineStage.ASR
        await self._satellite.begin(self._jobs.tasks, words, awake=awake)

    async def _audio_start(self, event: Event) -> None:
        AudioStart.from_event(event)
        self._listener = Listener()
        if self._recording is None and self._spotting is None and not self._is_satellite:
            await self._transcribe(Transcribe().event())  # what most who send audio want

    async def _audio_chunk(self, event: Event) -> None:
        for samples in self._listener.take(event):
            await anyio.lowlevel.checkpoint()
            await self._hear(samples)

    async def _hear(self, samples: Samples) -> None:
        if self._spotting is not None:
            await self._spotting.take(samples)
        elif self._recording is not None:
            if self._recording.ended:
                return  # the transcript is on its way, and the client goes on until it comes
            self._recorded += len(samples)
            if self._recorded > MAX_RECORDING_S * LISTENING_RATE:
                await self._close_recording()
                raise AssistantError(Code.AUDIO_TOO_LONG, f"a recording lasts at most {MAX_RECORDING_S:.0f} s")
            self._recording.put(samples)
        elif self._is_satellite:
            self._satellite.microphone.put(samples)

    async def _audio_stop(self, event: Event) -> None:
        if self._spotting is not None:
            await self._spotting.finish()
        elif self._recording is None and self._is_satellite:
            self._satellite.microphone.pause()
        await self._close_recording()

    async def _open_recording(self) -> Flow[Samples]:
        await self._close_recording(unfinished=True)
        self._recorded = 0
        self._recording = Flow()  # MAX_RECORDING_S bounds it
        return self._recording

    async def _close_recording(self, *, unfinished: bool = False) -> None:
        """End the audio. `unfinished`: something else begins, and what is still open is given up."""
        self._spotting = None
        recording, self._recording = self._recording, None
        if unfinished:
            await self._jobs.clear("recognition", unfinished=recording is not None)
        if recording is not None:
            recording.end()
