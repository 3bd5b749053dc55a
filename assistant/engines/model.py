"""The language model behind its handle: in this process, where it takes turns with the voice, or elsewhere."""

import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager

from assistant import blocking
from assistant.blocking import Emit, StopFlag, StopWhen
from assistant.engines.handle import Handle
from assistant.engines.priority import Urgency
from assistant.engines.queue import EngineQueue, Lease
from assistant.errors import AssistantError, Code
from assistant.flow import Signal
from assistant.llm.base import Generation, LanguageModel, Message, Prompt, RemoteLanguageModel, Usage

HANDOVER_S = 0.05
"""Seconds after which a reply whose next word is not asked for gives the model to others: several times what an event
loop that is busy with audio keeps it waiting (2 ms), little beside the half second that a clause takes the voice."""

Model = LanguageModel | RemoteLanguageModel


class ModelHandle(Handle[Model]):
    """Writes replies, a piece at a time and only when it is asked for the next.

    A model on the cores of the voice is at work only while its next piece is waited for: it stands still while the
    voice makes sound of a clause, is then lent to other requests, and goes on where it was, which costs it one
    token that is evaluated again. A model elsewhere needs no queue.
    """

    def __init__(self, engine: Model, queue: EngineQueue) -> None:
        super().__init__(engine, queue)
        self._under_way: list[Model] = []
        """The model of each reply that is being written elsewhere."""
        self._ended = Signal()

    @property
    def writes_ahead(self) -> bool:
        """Whether it may write on while the voice is at work: it takes no processor from it."""
        return isinstance(self.engine, RemoteLanguageModel) or not self.engine.shares_processor

    def generate(
        self, prompt: Prompt, *, max_tokens: int, urgency: Urgency = Urgency.SPOKEN, deadline: float | None = None
    ) -> Generation:
        """Begin a reply of at most `max_tokens` tokens. `deadline` as `EngineQueue.acquire`, for its first piece."""
        if isinstance(self.engine, RemoteLanguageModel):
            return _RemoteGeneration(self, self.engine, prompt, max_tokens)
        return _LocalGeneration(self, prompt, max_tokens, urgency, deadline)

    async def read(self, prompt: Prompt) -> None:
        """Have it read a prompt that is probably the beginning of the next one.

        Raises `AssistantError` (`llm.*`, and what the prompt raises).
        """
        if isinstance(self.engine, RemoteLanguageModel):
            await self.engine.read(prompt)
            return

        def evaluate(model: Model, stop: StopFlag) -> None:
            assert not isinstance(model, RemoteLanguageModel)
            model.generate(prompt(model.count_tokens), max_tokens=0, emit=_ignore, stop=stop)

        await self.call(evaluate, name="reading")

    @contextmanager
    def using(self, model: RemoteLanguageModel) -> Iterator[None]:
        """Keep `model` from being closed for as long as the context lasts: a reply of it is being written."""
        self._under_way.append(model)
        try:
            yield
        finally:
            self._under_way.remove(model)
            self._ended.notify()

    async def until_unused(self, model: Model) -> None:
        """Return once no reply of `model`, which was replaced, is being written elsewhere."""
        while model in self._under_way:
            await self._ended.wait()


class _RemoteGeneration(Generation):
    """Counts what a model elsewhere writes in the figures of its queue, for which it need not wait."""

    def __init__(self, handle: ModelHandle, model: RemoteLanguageModel, prompt: Prompt, max_tokens: int) -> None:
        super().__init__()
        self._handle = handle
        self._model = model
        self._generation = model.generate(prompt, max_tokens=max_tokens)
        self._figures = handle.queue.figures

    async def pieces(self) -> AsyncGenerator[str, None]:
        self._figures.requests += 1
        with self._handle.using(self._model):
            try:
                async with aclosing(self._generation.pieces()) as pieces:
                    async for piece in pieces:
                        self._note()
                        yield piece
            finally:
                self._note()

    def _note(self) -> None:
        """Take over what it has cost so far."""
        self.usage = self._generation.usage
        self._figures.worked_s += self._generation.work_s - self.work_s
        self.work_s = self._generation.work_s


class _LocalGeneration(Generation):
    """Calls the model as often as its reply is taken up again."""

    def __init__(
        self, handle: ModelHandle, prompt: Prompt, max_tokens: int, urgency: Urgency, deadline: float | None
    ) -> None:
        super().__init__()
        self._handle = handle
        self._prompt = prompt
        self._max_tokens = max_tokens
        self._urgency = urgency
        self._deadline = deadline
        self._written = ""
        self._ended = False

    async def pieces(self) -> AsyncGenerator[str, None]:
        while not self._ended:
            with await self._handle.queue.acquire(self._urgency, self._deadline) as lease:
                self._deadline = None  # it has begun; who still waits for a first word goes before it
                async with aclosing(self._begin(lease)) as pieces:
                    async for piece in pieces:
                        self._written += piece
                        yield piece

    def _begin(self, lease: Lease) -> AsyncGenerator[str, None]:
        """One call of the model.

        One that writes ahead has room for all it may write: else it would be lent for as long as the reply is spoken.
        """

        def work(emit: Emit[str], stop: StopFlag) -> None:
            self._go_on(lease, emit, StopWhen(stop.is_set, lambda: lease.is_wanted))

        return blocking.stream(
            work,
            name="generation",
            ahead=max(1, self._max_tokens),
            handover_s=None if self._handle.writes_ahead else HANDOVER_S,
            ended=lease.release,
        )

    def _go_on(self, lease: Lease, emit: Emit[str], stop: StopWhen) -> None:
        """Write until the reply has ended or the model is to be given back, in a thread of its own."""
        model = self._handle.engine
        if isinstance(model, RemoteLanguageModel):
            raise AssistantError(Code.LLM_FAILED, "the language model was replaced in the middle of a reply; ask again")
        messages = self._prompt(model.count_tokens)
        if self._written:
            messages.append(Message("assistant", self._written))
        left = self._max_tokens - (self.usage.generated if self.usage is not None else 0)
        began, waited = time.monotonic(), 0.0

        def timed(piece: str) -> None:
            nonlocal waited
            lease.note_result()
            handed_over = time.monotonic()
            emit(piece)
            waited += time.monotonic() - handed_over

        usage = model.generate(messages, max_tokens=left, emit=timed, stop=stop)
        self.work_s += time.monotonic() - began - waited
        self._note(usage)
        self._ended = usage.generated >= left or not stop.was_set

    def _note(self, usage: Usage) -> None:
        """Count one call; the later ones find their prompt in the cache."""
        before = self.usage
        self.usage = (
            usage if before is None else Usage(before.reused, before.evaluated, before.generated + usage.generated)
        )


def _ignore(piece: str) -> None:
    """Discard a piece; a prompt that is only read emits none."""
