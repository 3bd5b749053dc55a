"""The public vocabulary: every event survives the way out and back."""

from typing import Any

import msgspec
import pytest

from assistant import events
from assistant.events import Event

EVENTS = sorted(Event.__subclasses__(), key=lambda kind: kind.__name__)
EXAMPLE = {
    str: "word",
    int: 3,
    float: 1.5,
    bool: True,
    dict[str, str]: {"asr": "cpu"},
    dict[str, float]: {"asr": 0.2},
    str | None: None,
    float | None: 0.9,
    events.Marks: events.Marks(commit=480.0),
    events.Provenance | None: events.Provenance(kind="document", name="manual.pdf", passage="page 3"),
}


def example(kind: type[Event]) -> Event:
    values: dict[str, Any] = {field.name: EXAMPLE[field.type] for field in msgspec.structs.fields(kind)}
    return kind(**values)


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_every_event_round_trips_through_json(kind: type[Event]) -> None:
    event = example(kind)
    decoded = msgspec.json.decode(msgspec.json.encode(event), type=kind)
    assert decoded == event


def test_names_of_events_are_distinct() -> None:
    names = [kind.__struct_config__.tag for kind in EVENTS]
    assert len(set(names)) == len(names) >= 12
