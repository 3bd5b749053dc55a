"""The stages of a turn."""

from assistant.events import Marks
from assistant.telemetry.stages import Span, spans


def test_each_stage_lies_between_its_marks() -> None:
    marks = Marks(soft_end=50, revision=250, transcript=250, first_token=320, first_audio=450, commit=280, playback=460)
    assert list(spans(marks)) == [
        Span("silence until commit", 0, 280),
        Span("recognition", 50, 250),
        Span("first token", 250, 320),
        Span("first sound made", 320, 450),
        Span("waiting at the gate", 450, 460),
    ]


def test_work_ahead_begins_before_the_end_of_speech() -> None:
    assert Span("first token", -80, 60) in list(spans(Marks(revision=-80, first_token=60)))


def test_what_did_not_happen_or_took_no_time_is_no_stage() -> None:
    assert list(spans(Marks(soft_end=50, first_audio=400, playback=400))) == []
