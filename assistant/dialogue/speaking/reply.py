"""The text of an answer on its way to the voice: cut into lines, each of which is a clause."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from assistant.answers.acts import Acts, Claim
from assistant.answers.base import Answer, Part
from assistant.answers.text import committed
from assistant.dialogue.speaking.draft import Draft, clauses_of
from assistant.dialogue.speaking.outcome import Outcome
from assistant.errors import AssistantError, Code
from assistant.tts.clauses import Clause

WORDLESS = Clause("", ends_sentence=True)
"""The place of an effect that only its failure is worth words."""


@dataclass(frozen=True, slots=True)
class Line:
    """What is to be said next."""

    clause: Clause
    claim: Claim | None = None
    """The effect that the clause says was done; it is heard only if it was."""
    after_claim: bool = False
    """Whether a claim stands before it, so that its text is emitted only when it is played."""


class Reply:
    """Notes in `outcome` what is written, and hands each piece of text to `written` as it comes.

    With `counts` the answer is committed already, so effects are run where they stand; else they are proposed to
    `acts`.
    """

    def __init__(
        self, outcome: Outcome, acts: Acts, language: str, *, counts: bool, written: Callable[[str], None]
    ) -> None:
        self._outcome = outcome
        self._acts = acts
        self._language = language
        self._counts = counts
        self._written = written

    async def lines(self, answer: Answer) -> AsyncGenerator[Line, None]:
        """Yield the lines of `answer`, each as soon as it is complete. Raises what the answer does, and `reply.empty`.

        An error after a claim is only noted: whether that was done is still to be said.
        """
        outcome = self._outcome
        outcome.provenance, outcome.expects_reply, outcome.cost = answer.provenance, answer.expects_reply, answer.cost
        draft = Draft(self._language)
        claims = False
        async with aclosing(self._parts(answer)) as parts:
            async for part in parts:
                outcome.mark("first_token")
                if isinstance(part, str):
                    self._note(part)
                    async with aclosing(draft.take(part)) as clauses:
                        async for clause in clauses:
                            yield Line(clause, after_claim=claims)
                    continue
                claim = self._acts.propose(part)
                outcome.written.append(claim)
                if part.done or part.failed:
                    for clause in draft.rest():
                        yield Line(clause, after_claim=claims)
                    draft, claims = Draft(self._language), True
                    for clause in clauses_of(part.done, self._language) or [WORDLESS]:
                        yield Line(clause, claim)
        for clause in draft.rest():
            yield Line(clause, after_claim=claims)
        if not outcome.reply.strip() and not self._acts.has_any:
            raise AssistantError(Code.REPLY_EMPTY, f"{answer.provenance.name} wrote nothing in answer; ask again")

    async def _parts(self, answer: Answer) -> AsyncGenerator[Part, None]:
        parts = committed(answer, self._acts) if self._counts else answer.parts()
        async with aclosing(parts) as coming:
            try:
                async for part in coming:
                    yield part
            except AssistantError as error:
                if not self._acts.claims_any:
                    raise
                self._outcome.error = error

    def _note(self, text: str) -> None:
        self._outcome.written.append(text)
        self._written(text)
