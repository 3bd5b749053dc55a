"""The loudspeaker's end of an answer: it waits at the gate, plays, and notes what was heard however it ends."""

from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import aclosing

import anyio

from assistant.answers.acts import Claim
from assistant.audio.base import AudioSink, Playback
from assistant.audio.pcm import Samples
from assistant.dialogue.speaking.gate import Gate
from assistant.dialogue.speaking.outcome import Outcome
from assistant.dialogue.speaking.played import SpokenClause, heard_text
from assistant.dialogue.speaking.reply import Line
from assistant.dialogue.speaking.voicing import Sound
from assistant.events import PlaybackFinished, PlaybackStarted, ReplyText

DUCK_RAMP_S = 0.03
"""How long playback takes to become quieter, or as loud as before: no click, and done before the next syllable."""


class Playout:
    """Plays on `sink` once `gate` is open. A line that claims an effect is played only if it was done;
    else what `instead` makes of the sentence for that."""

    def __init__(
        self,
        turn: int,
        gate: Gate,
        sink: AudioSink,
        outcome: Outcome,
        *,
        cut_in: bool,
        instead: Callable[[str], AsyncGenerator[Samples, None]],
    ) -> None:
        """`cut_in`: as `AudioSink.play`."""
        self._turn = turn
        self._gate = gate
        self._sink = sink
        self._rate = 0
        self._outcome = outcome
        self._cut_in = cut_in
        self._instead = instead
        self._playback: Playback | None = None
        self._clauses: list[SpokenClause] = []
        """What was written to the loudspeaker, and where it lies."""
        self._written = 0
        self._reported: Claim | Line | None = None
        """The claim, or what stands behind one, that was dealt with last."""
        self._free = anyio.Event()
        self._free.set()

    @property
    def started_at(self) -> float | None:
        """Monotonic time at which the loudspeaker took the first sample; None before that."""
        return self._playback.started_at if self._playback is not None else None

    def lower(self, gain: float) -> None:
        """Play quieter, by the factor `gain`, until `restore`."""
        if self._playback is not None:
            self._playback.set_gain(gain, DUCK_RAMP_S)

    def hold(self) -> None:
        """Let nothing be heard until `restore`; what is prepared meanwhile waits."""
        if self._free.is_set():
            self._free = anyio.Event()
        if self._playback is not None:
            self._playback.pause()

    def restore(self) -> None:
        """Go on where it was lowered or held."""
        self._free.set()
        if self._playback is not None:
            self._playback.set_gain(1.0, DUCK_RAMP_S)
            self._playback.resume()

    async def play(self, sounds: AsyncIterable[Sound], rate: int) -> None:
        """Play `sounds`, at `rate` Hz, to their end. Raises what they do, and `device.failed`."""
        await self._gate.passed()
        self._rate = rate
        self._playback, self._clauses, self._written = None, [], 0
        complete = False
        try:
            async for sound in sounds:
                if await self._may_be_heard(sound.line) and len(sound.samples):
                    await self._write(sound.samples, sound.line.clause.text)
            if self._playback is not None:
                await self._playback.drain()
            complete = True
        finally:
            self._note(complete=complete)

    async def _may_be_heard(self, line: Line) -> bool:
        """Return whether what the line says is true; if it is not, play what is."""
        claim = line.claim
        if claim is None:
            if line.after_claim and line is not self._reported:
                self._report(line, line.clause.text)
            return True
        done = await claim.succeeded()
        if claim is self._reported:
            return done
        self._report(claim, claim.text)
        if not done and claim.text:
            async with aclosing(self._instead(claim.text)) as pieces:
                async for samples in pieces:
                    await self._write(samples, claim.text)
        return done

    def _report(self, what: Claim | Line, text: str) -> None:
        self._reported = what
        if text:
            self._gate.emit(ReplyText(turn=self._turn, text=text))

    async def _write(self, samples: Samples, text: str) -> None:
        playback = await self._opened()
        await playback.write(samples)
        if not self._written:
            self._gate.emit(PlaybackStarted(turn=self._turn))
        start, self._written = self._written, self._written + len(samples)
        if self._clauses and self._clauses[-1].text is text:
            start = self._clauses.pop().start
        self._clauses.append(SpokenClause(text, start, self._written))

    async def _opened(self) -> Playback:
        if self._playback is None:
            await self._free.wait()
            self._playback = self._sink.play(self._rate, cut_in=self._cut_in)
        return self._playback

    def _note(self, *, complete: bool) -> None:
        playback = self._playback
        if playback is None:
            return
        if not complete:
            playback.stop()
        if playback.started_at is not None:
            self._outcome.moments["playback"] = playback.started_at
        whole = [clause for clause in self._clauses if clause.text is not self._outcome.unfinished]
        self._outcome.heard = heard_text(whole, playback.played)
        self._gate.emit(PlaybackFinished(turn=self._turn, heard=self._outcome.heard, complete=complete))
