"""Events on their way to all that want to know."""

from contextlib import ExitStack

import pytest

from assistant.bus import Bus
from assistant.events import Event, Listening, Muted, PlaybackStarted

FIRST, SECOND = Listening(turn=1), Listening(turn=2)


def test_every_subscriber_hears_every_event_as_it_is() -> None:
    bus, one, other = Bus(), list[Event](), list[Event]()
    with bus.subscribe(one.append), bus.subscribe(other.append):
        bus.emit(FIRST)
        bus.emit(SECOND)
    assert one == other == [FIRST, SECOND]
    assert one[0] is FIRST


def test_without_subscribers_an_event_is_gone() -> None:
    bus, heard = Bus(), list[Event]()
    bus.emit(FIRST)
    with bus.subscribe(heard.append):
        bus.emit(SECOND)
    bus.emit(FIRST)
    assert heard == [SECOND]


def test_a_subscription_may_be_held_by_a_stack() -> None:
    bus, heard = Bus(), list[Event]()
    with ExitStack() as parts:
        parts.enter_context(bus.subscribe(heard.append))
        bus.emit(FIRST)
    bus.emit(SECOND)
    assert heard == [FIRST]


def test_who_subscribes_twice_hears_twice() -> None:
    bus, heard = Bus(), list[Event]()
    with bus.subscribe(heard.append):
        with bus.subscribe(heard.append):
            bus.emit(FIRST)
        bus.emit(SECOND)
    assert heard == [FIRST, FIRST, SECOND]


def test_one_that_raises_does_not_keep_the_others_from_hearing(caplog: pytest.LogCaptureFixture) -> None:
    bus, heard, failures = Bus(), list[Event](), list[Event]()

    def broken(event: Event) -> None:
        failures.append(event)
        raise ZeroDivisionError

    with bus.subscribe(broken), bus.subscribe(heard.append):
        bus.emit(FIRST)
        bus.emit(SECOND)
    assert heard == failures == [FIRST, SECOND]
    assert [record.exc_info is not None for record in caplog.records] == [True, True]
    assert "Listening" in caplog.text


def test_a_subscriber_may_end_its_own_subscription_and_those_of_others_while_it_hears() -> None:
    bus, heard = Bus(), list[str]()
    itself, other = ExitStack(), ExitStack()

    def leave(event: Event) -> None:
        heard.append("leaving")
        itself.close()
        other.close()

    itself.enter_context(bus.subscribe(leave))
    other.enter_context(bus.subscribe(lambda event: heard.append("other")))
    with bus.subscribe(lambda event: heard.append("last")):
        bus.emit(FIRST)
        bus.emit(SECOND)
    assert heard == ["leaving", "last", "last"]


def test_one_that_comes_while_an_event_is_delivered_hears_the_next() -> None:
    bus, heard, parts = Bus(), list[Event](), ExitStack()

    def invite(event: Event) -> None:
        if event is FIRST:
            parts.enter_context(bus.subscribe(heard.append))

    with parts, bus.subscribe(invite):
        bus.emit(FIRST)
        bus.emit(SECOND)
    assert heard == [SECOND]


def test_what_a_subscriber_emits_is_heard_by_all_in_the_same_order() -> None:
    bus, one, other = Bus(), list[Event](), list[Event]()

    def answer(event: Event) -> None:
        if isinstance(event, Muted):
            bus.emit(PlaybackStarted())
        one.append(event)

    with bus.subscribe(answer), bus.subscribe(other.append):
        bus.emit(Muted(muted=True))
    assert one == other == [Muted(muted=True), PlaybackStarted()]


def test_the_next_event_is_delivered_after_one_was_cut_short() -> None:
    bus, heard = Bus(), list[Event]()

    def interrupted(event: Event) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), bus.subscribe(interrupted):
        bus.emit(FIRST)
    with bus.subscribe(heard.append):
        bus.emit(SECOND)
    assert heard == [SECOND]
