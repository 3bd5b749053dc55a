"""Finds cities and countries by the names that people call them.

From GeoNames (CC BY 4.0) cities of 200,000 people and more and capitals; from Unicode's CLDR what countries, and cities
that time zones are named after, are called in five languages. `python -m tests.places` makes the tables.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from zoneinfo import ZoneInfo

from assistant.language.patterns import folded
from assistant.places import DATA


@dataclass(frozen=True, slots=True)
class Place:
    """A city; a country is its capital."""

    name: str
    """As the table has it."""
    country: str
    """ISO 3166-1 code of two letters; empty where it is not known."""
    zone: str
    """IANA name of the time zone."""
    latitude: float | None = None
    longitude: float | None = None
    """Degrees, north and east positive; None where they are not known."""

    @property
    def time_zone(self) -> ZoneInfo:
        """Its time zone, with rules."""
        return ZoneInfo(self.zone)


def find(name: str, language: str = "en") -> Place | None:
    """The largest city, or the country, called `name`; None for a name that is not known. Takes 0.1 s once a language,
    in any thread."""
    wanted = folded(name)
    return _named(language).get(wanted) or _cities().get(wanted)


def of_zone(zone: str) -> Place:
    """The city that the time zone called `zone` is named after."""
    city = zone.rpartition("/")[2].replace("_", " ")
    found = _cities().get(folded(city))
    return found if found is not None and found.zone == zone else Place(city, "", zone)


def alike(name: str) -> list[str]:
    """At most three cities whose names are spelled nearly like `name`."""
    near = get_close_matches(folded(name), _cities(), n=3, cutoff=0.75)
    return list(dict.fromkeys(_cities()[each].name for each in near))


def _rows(table: str) -> Iterator[list[str]]:
    for line in (DATA / f"{table}.tsv").read_text(encoding="utf-8").splitlines():
        yield line.split("\t")


@cache
def _cities() -> dict[str, Place]:
    """By each of their names, the largest where several have it, and a name of its own before another's other names."""
    own: dict[str, Place] = {}
    other: dict[str, Place] = {}
    for name, country, zone, latitude, longitude, names in _rows("cities"):
        place = Place(name, country, zone, float(latitude), float(longitude))
        own.setdefault(folded(name), place)
        for each in filter(None, names.split("|")):
            other.setdefault(folded(each), place)
    return other | own


@cache
def _named(language: str) -> dict[str, Place]:
    """Countries and cities by their names in `language`, and in English."""
    capitals = {code: (zone, capital) for code, zone, capital in _rows("countries")}
    found: dict[str, Place] = {}
    for of, key, name in _rows("names"):
        if of not in {language, "en"}:
            continue
        if "/" in key:
            found[folded(name)] = of_zone(key)
        elif key in capitals:
            zone, capital = capitals[key]
            city = _cities().get(folded(capital))
            at = (city.latitude, city.longitude) if city is not None and city.country == key else (None, None)
            found.setdefault(folded(name), Place(name, key, zone, *at))
    return found
