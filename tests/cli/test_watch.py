"""What `assistant watch` draws of what happens."""

import io

import msgspec
from rich.console import Console

from assistant.cli.watch import View
from assistant.events import (
    Error,
    Event,
    FinalTranscript,
    Level,
    LoadShed,
    Muted,
    PartialTranscript,
    PlaybackStarted,
    ReplyText,
    SpeechEnded,
    SpeechStarted,
)
from tests.telemetry.test_metrics import TURN


def drawn(*events: Event) -> str:
    """The picture after `events`."""
    view = View()
    for event in events:
        view.take(msgspec.to_builtins(event))
    console = Console(file=io.StringIO(), width=100)
    console.print(view.draw())
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_state_follows_what_happens() -> None:
    speaking = (SpeechStarted(at_s=0.0), SpeechEnded(at_s=1.0), PlaybackStarted())
    assert "asleep" in drawn()
    for count, state in enumerate(("hearing", "answering", "speaking"), 1):
        assert state in drawn(*speaking[:count])
    assert "muted" in drawn(Muted(muted=True))


def test_words_are_shown_while_they_are_recognised() -> None:
    assert "what time" in drawn(PartialTranscript(stable="what", tentative="time"))
    said = drawn(PartialTranscript(stable="what", tentative="rhyme"), FinalTranscript(text="what time", language="en"))
    assert "what time" in said
    assert "rhyme" not in said


def test_the_answer_grows_clause_by_clause() -> None:
    assert "It is noon, I think." in drawn(ReplyText(text="It is noon,"), ReplyText(text="I think."))


def test_the_meter_shows_the_level() -> None:
    quiet, loud = (drawn(Level(level_db=db, speech=0.9)).count("█") for db in (-50.0, -10.0))
    assert 0 < quiet < loud


def test_the_last_turns_are_shown_with_their_waterfall() -> None:
    picture = drawn(*(msgspec.structs.replace(TURN, turn=number) for number in range(1, 6)))
    assert "turn 5: answered, answered after 450 ms" in picture
    assert "turn 2" not in picture
    assert "recognition" in picture
    assert "━" in picture


def test_what_goes_wrong_is_noted() -> None:
    assert "llm.failed: broken" in drawn(Error(code="llm.failed", message="broken"))
    assert "no_partials" in drawn(LoadShed(effort="no_partials"))


def test_markup_in_what_was_said_is_text() -> None:
    assert "[bold]no[/bold]" in drawn(FinalTranscript(text="[bold]no[/bold]", language="en"))
