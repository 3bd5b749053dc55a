"""Values that outlive the process, by room and name."""

from contextlib import closing
from pathlib import Path

import msgspec

from assistant.store.rooms import LOCAL_ROOM, NO_ROOM
from tests.store.opened import open_at


class Place(msgspec.Struct):
    latitude: float


def test_a_setting_is_there_after_a_restart_in_its_room_alone(tmp_path: Path) -> None:
    with closing(open_at(tmp_path / "state.db")) as store:
        store.settings.set(LOCAL_ROOM, "volume", 0.4)
        store.settings.set("kitchen", "volume", 0.7)
        store.settings.set(NO_ROOM, "place", Place(48.2))
    with closing(open_at(tmp_path / "state.db")) as store:
        assert store.settings.get(LOCAL_ROOM, "volume", float) == 0.4
        assert store.settings.get("kitchen", "volume", float) == 0.7
        assert store.settings.get(NO_ROOM, "volume", float) is None
        assert store.settings.get(NO_ROOM, "place", Place) == Place(48.2)


def test_a_later_value_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    with closing(open_at(tmp_path / "state.db")) as store:
        store.settings.set(LOCAL_ROOM, "volume", 0.4)
        store.settings.set(LOCAL_ROOM, "volume", 0.5)
    with closing(open_at(tmp_path / "state.db")) as store:
        assert store.settings.get(LOCAL_ROOM, "volume", float) == 0.5


def test_what_is_not_there_or_of_another_kind_is_none(tmp_path: Path) -> None:
    with closing(open_at(tmp_path / "state.db")) as store:
        store.settings.set(LOCAL_ROOM, "volume", 0.4)
    with closing(open_at(tmp_path / "state.db")) as store:
        assert store.settings.get(LOCAL_ROOM, "volume", list[str]) is None
        assert store.settings.get(LOCAL_ROOM, "nothing", float) is None
