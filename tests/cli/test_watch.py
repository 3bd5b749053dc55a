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
    RoomClosed,
    RoomOpened,
    SpeechEnded,
    SpeechStarted,
)
from tests.telemetry.test_metrics import TURN


def drawn(*events: Event, rooms: dict[str, str] | None = None) -> str:
    """The picture after `events`. `rooms`: each with its state, in place of a single one without a name."""
    view = View(states=rooms or {})
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


def test_what_is_heard_and_said_cannot_control_the_terminal() -> None:
    hostile = "\x1b[2J\x9b31m\x07\u202e"
    happened = (
        RoomOpened(room=hostile),
        PartialTranscript(room=hostile, stable=hostile, tentative=hostile),
        FinalTranscript(room=hostile, text=hostile, language="en"),
        ReplyText(room=hostile, text=hostile),
        Error(room=hostile, code="llm.failed", message=hostile),
    )
    picture = drawn(*happened)
    assert r"\u001b[2J\u009b31m\u0007\u202e" in picture
    assert not set(hostile) & set(picture) - set("[2J31m")


def test_with_several_rooms_each_is_named_with_its_state() -> None:
    rooms = {"local": "asleep", "kitchen": "listening"}
    assert "local asleep, kitchen hearing" in drawn(SpeechStarted(room="kitchen", at_s=0.0), rooms=rooms)
    assert "attic asleep" in drawn(RoomOpened(room="attic"), rooms={"local": "asleep"})


def test_the_words_of_the_room_where_somebody_spoke_last_are_shown() -> None:
    said = [
        FinalTranscript(room="local", text="what time is it", language="en"),
        FinalTranscript(room="kitchen", text="set a timer", language="en"),
        ReplyText(room="local", text="It is noon."),
        ReplyText(room="kitchen", text="For how long?"),
    ]
    picture = drawn(*said, rooms={"local": "asleep", "kitchen": "asleep"})
    assert "you in kitchen" in picture
    assert "set a timer" in picture
    assert "For how long?" in picture
    assert "what time is it" not in picture
    assert "It is noon." not in picture


def test_turns_and_notes_say_in_which_room_they_were() -> None:
    happened = (TURN, Error(room="kitchen", code="llm.failed", message="broken"))
    picture = drawn(*happened, rooms={"local": "asleep", "kitchen": "asleep"})
    assert f"turn {TURN.turn} in kitchen: answered" in picture
    assert "in kitchen: llm.failed: broken" in picture


def test_the_only_room_is_not_named() -> None:
    happened = (SpeechStarted(room="kitchen", at_s=0.0), TURN)
    assert "kitchen" not in drawn(*happened, rooms={"kitchen": "asleep"})
    assert "attic" not in drawn(RoomClosed(room="attic"), *happened, rooms={"kitchen": "asleep", "attic": "muted"})
