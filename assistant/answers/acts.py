"""The acts of one answer: each effect is run once, after the commit, and undone when the question is reopened."""

import logging
from collections.abc import Awaitable, Callable
from enum import Enum, auto

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from assistant.answers.base import Act
from assistant.errors import AssistantError, Code
from assistant.flow import Signal

log = logging.getLogger(__name__)

MAX_EFFECT_S = 10.0
"""Seconds after which an effect counts as failed. The user waits for the sentence about it."""


class Stage(Enum):
    """How far an act has come."""

    PROPOSED = auto()
    """It stands in an answer."""
    DUE = auto()
    """The answer was committed: it will be run."""
    RUNNING = auto()
    DONE = auto()
    FAILED = auto()
    DROPPED = auto()
    """The answer was given up first; it will never be run."""
    UNDONE = auto()


class Claim:
    """An act of an answer that is being given."""

    def __init__(self, act: Act, fallback: str) -> None:
        """`fallback` is said when it fails and has no sentence of its own for that."""
        self.act = act
        self.stage = Stage.PROPOSED
        self._fallback = fallback
        self._settled = anyio.Event()

    @property
    def text(self) -> str:
        """What may be said of it, as far as is known; empty for what was given up or taken back."""
        match self.stage:
            case Stage.FAILED:
                return self.act.failed or (self._fallback if self.act.done else "")
            case Stage.DROPPED | Stage.UNDONE:
                return ""
            case _:
                return self.act.done

    async def succeeded(self) -> bool:
        """Wait until it is known whether the effect was done, and return that."""
        await self._settled.wait()
        return self.stage is Stage.DONE

    def settle(self, stage: Stage) -> None:
        self.stage = stage
        self._settled.set()


async def at_once() -> None:
    """Wait for nothing: the question cannot be reopened."""


class Acts:
    """Runs what an answer proposes once it is committed, in order.

    `final` returns when the question cannot be reopened any more; what cannot be undone waits for it. `calm` returns
    when no speech is under way that may reopen it; what can still be undone is not over before. `failing` gets the
    error of each effect that could not be done, or undone. Methods return at once, but for `run` and `carry_out`.
    """

    def __init__(
        self,
        *,
        fallback: str = "",
        final: Callable[[], Awaitable[None]] = at_once,
        calm: Callable[[], Awaitable[None]] = at_once,
        failing: Callable[[AssistantError], None] = lambda error: None,
    ) -> None:
        self._fallback = fallback
        self._final = final
        self._calm = calm
        self._failing = failing
        self._claims: list[Claim] = []
        self._changed = Signal()
        self._committed = False
        self._closed = False
        self._reopened = False
        self._given_up = False
        self._waiting = anyio.CancelScope()
        self._is_past = False
        """The question cannot be reopened any more."""

    @property
    def has_any(self) -> bool:
        """Whether anything is to be done, or was."""
        return bool(self._claims)

    @property
    def claims_any(self) -> bool:
        """Whether there is something to be said of what was done, or was not."""
        return any(claim.act.done or claim.act.failed for claim in self._claims)

    @property
    def is_final(self) -> bool:
        """Something was done that cannot be undone, so the question cannot be reopened."""
        began = {Stage.RUNNING, Stage.DONE}
        return any(claim.stage in began and not claim.act.effect.can_undo for claim in self._claims)

    def propose(self, act: Act) -> Claim:
        """Take the next act of the answer."""
        claim = Claim(act, self._fallback)
        self._claims.append(claim)
        if self._given_up:
            claim.settle(Stage.DROPPED)
        elif self._committed:
            claim.stage = Stage.DUE
            self._changed.notify()
        return claim

    async def carry_out(self, act: Act) -> Claim:
        """Do `act` of an answer that counts already, and return when it is known what became of it.

        Cancelling lets it come to its end.
        """
        await checkpoint_if_cancelled()  # the act before this one may have been at work when the answer was cancelled
        claim = Claim(act, self._fallback)
        self._claims.append(claim)
        await self._do(claim)
        return claim

    def commit(self) -> None:
        """Make everything due that was proposed, and will be: the answer counts."""
        self._committed = True
        for claim in self._claims:
            if claim.stage is Stage.PROPOSED:
                claim.stage = Stage.DUE
        self._changed.notify()

    def close(self) -> None:
        """Expect no more proposals: the answer has ended."""
        self._closed = True
        self._changed.notify()

    def give_up(self, *, reopened: bool) -> None:
        """End the answer early. What was said of it first holds.

        What can be undone is done all the same, unless the question is `reopened`: then nothing begins any more, and
        what was done is undone.
        """
        if self._given_up:
            return
        self._given_up = True
        self._reopened = reopened
        for claim in self._claims:
            waits = claim.stage in (Stage.PROPOSED, Stage.DUE)
            if waits and (reopened or not self._committed or not claim.act.effect.can_undo):
                claim.settle(Stage.DROPPED)
        self._waiting.cancel()
        self.close()

    async def run(self) -> None:
        """Do what is committed; returns when the answer has ended and everything is done, or undone.

        Cancelling lets the effect at work come to its end, and does what is due and can be undone, as it was promised
        at the commit; nothing else begins.
        """
        try:
            while not self._closed or self._due is not None:
                claim = self._due
                if claim is None:
                    await self._changed.wait()
                elif claim.act.effect.can_undo or await self._is_final():
                    await self._do(claim)
            if any(claim.stage is Stage.DONE and claim.act.effect.can_undo for claim in self._claims):
                await self._unless_given_up(self._calm)
        finally:
            with anyio.CancelScope(shield=True):
                await self._finish()

    async def _finish(self) -> None:
        while (claim := self._due) is not None:
            if claim.act.effect.can_undo:
                await self._do(claim)
            else:
                claim.settle(Stage.DROPPED)
        if self._reopened:
            for claim in reversed(self._claims):
                await self._undo(claim)

    @property
    def _due(self) -> Claim | None:
        return next((claim for claim in self._claims if claim.stage is Stage.DUE), None)

    async def _is_final(self) -> bool:
        """Wait until the question cannot be reopened; False if the answer was given up before."""
        await checkpoint_if_cancelled()  # what was at work before may have gone on after that
        self._is_past = self._is_past or await self._unless_given_up(self._final)
        return self._is_past

    async def _unless_given_up(self, wait: Callable[[], Awaitable[None]]) -> bool:
        """Await `wait`; return whether it ended before the answer was given up."""
        if not self._given_up:
            with anyio.CancelScope() as self._waiting:
                await wait()
        return not self._given_up

    async def _do(self, claim: Claim) -> None:
        claim.stage = Stage.RUNNING
        done = await self._attempt(claim.act.effect.run)
        claim.settle(Stage.DONE if done else Stage.FAILED)

    async def _undo(self, claim: Claim) -> None:
        if claim.stage is Stage.DONE and claim.act.effect.can_undo and await self._attempt(claim.act.effect.undo):
            claim.stage = Stage.UNDONE

    async def _attempt(self, work: Callable[[], Awaitable[None]]) -> bool:
        """Await `work`, shielded; return whether it succeeded, and report why not."""
        try:
            with anyio.move_on_after(MAX_EFFECT_S, shield=True) as limit:
                await work()
            if limit.cancelled_caught:
                raise AssistantError(Code.EFFECT_FAILED, f"an effect was not done within {MAX_EFFECT_S:.0f} s")
        except AssistantError as error:
            self._failing(error)
        except Exception as error:  # a defect of a responder is not the end of the daemon
            log.exception("an effect failed")
            self._failing(AssistantError(Code.EFFECT_FAILED, f"{type(error).__name__}: {error}"))
        else:
            return True
        return False
