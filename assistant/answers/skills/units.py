"""Units of measure: exact factors, so that nothing has to be loaded for them (pint takes 0.5 s and 20 MB).

The factors are those of the International System (BIPM brochure, 9th edition) and of NIST's Handbook 44, Appendix C;
fluids and cups are those of the United States unless an imperial one is named.
"""

from collections.abc import Callable

from assistant.answers.skills.base import Reply, Request, Skill, Topic
from assistant.understanding.values import Quantity

FACTORS: dict[str, dict[str, float]] = {
    "length": {
        "millimeter": 0.001,
        "centimeter": 0.01,
        "meter": 1,
        "kilometer": 1000,
        "inch": 0.0254,
        "foot": 0.3048,
        "yard": 0.9144,
        "mile": 1609.344,
        "nautical_mile": 1852,
        "light_year": 9.4607304725808e15,
    },
    "mass": {
        "milligram": 1e-6,
        "gram": 0.001,
        "kilogram": 1,
        "tonne": 1000,
        "ounce": 0.028349523125,
        "pound": 0.45359237,
        "stone": 6.35029318,
        "us_ton": 907.18474,
        "german_pound": 0.5,
        "butter_stick": 0.1133980925,
    },
    "volume": {
        "milliliter": 0.001,
        "centiliter": 0.01,
        "deciliter": 0.1,
        "liter": 1,
        "cubic_meter": 1000,
        "teaspoon": 0.00492892159375,
        "tablespoon": 0.01478676478125,
        "fluid_ounce": 0.0295735295625,
        "cup": 0.2365882365,
        "pint": 0.473176473,
        "quart": 0.946352946,
        "gallon": 3.785411784,
        "uk_pint": 0.56826125,
        "uk_gallon": 4.54609,
    },
    "speed": {
        "kilometer_per_hour": 1 / 3.6,
        "mile_per_hour": 0.44704,
        "meter_per_second": 1,
        "knot": 1852 / 3600,
    },
    "area": {
        "square_meter": 1,
        "square_kilometer": 1e6,
        "square_foot": 0.09290304,
        "square_mile": 2589988.110336,
        "hectare": 10_000,
        "acre": 4046.8564224,
    },
    "data": {
        "bit": 1 / 8,
        "megabit": 1e6 / 8,
        "gigabit": 1e9 / 8,
        "byte": 1,
        "kilobyte": 1e3,
        "megabyte": 1e6,
        "gigabyte": 1e9,
        "terabyte": 1e12,
    },
    "time": {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800, "year": 31_557_600},
    "energy": {"joule": 1, "kilojoule": 1000, "calorie": 4184, "kilowatt_hour": 3.6e6},
    "power": {"watt": 1, "kilowatt": 1000, "horsepower": 745.69987158227},
    "pressure": {"pascal": 1, "hectopascal": 100, "bar": 100_000, "psi": 6894.757293168},
    "temperature": {"celsius": 1, "fahrenheit": 5 / 9, "kelvin": 1},
}
"""How many of the first unit with the factor 1 one of each is; a calorie is that of food, a year Julian."""

ZERO_C = {"celsius": 0.0, "fahrenheit": -160 / 9, "kelvin": -273.15}
"""Degrees Celsius at the zero of each scale."""

USUAL = {
    "mile": "kilometer", "kilometer": "mile", "foot": "meter", "meter": "foot", "inch": "centimeter",
    "centimeter": "inch", "yard": "meter", "pound": "kilogram", "kilogram": "pound", "ounce": "gram", "gram": "ounce",
    "stone": "kilogram", "gallon": "liter", "liter": "gallon", "pint": "milliliter", "cup": "milliliter",
    "milliliter": "fluid_ounce", "fluid_ounce": "milliliter", "celsius": "fahrenheit", "fahrenheit": "celsius",
    "mile_per_hour": "kilometer_per_hour", "kilometer_per_hour": "mile_per_hour", "acre": "hectare",
    "hectare": "acre", "butter_stick": "gram", "tablespoon": "milliliter", "teaspoon": "milliliter",
}  # fmt: skip
"""What a unit is converted to when nothing is said: that of the other system."""

Answers = Callable[["UnitsSkill", Request], Reply | None]


class UnitsSkill(Skill):
    """Converts between units."""

    name = "units"

    def answer(self, request: Request) -> Reply | None:
        """As `Skill.answer`."""
        quantities, unit = request.value("quantity"), request.value("unit")
        if request.intent == "again":
            kept = request.topic.about
            quantities = tuple(Quantity(float(kept[at]), kept[at + 1]) for at in range(0, len(kept) - 1, 2))
        if not isinstance(quantities, tuple) or not quantities:
            return None
        to = unit if isinstance(unit, str) else USUAL.get(quantities[0].unit)
        if to is None:
            return None
        result = convert(quantities, to)
        topic = Topic(self.name, tuple(str(part) for each in quantities for part in (each.amount, each.unit)))
        if result is None:
            names = [self._unit(request, quantities[0].unit, 2), self._unit(request, to, 2)]
            return Reply(request.say("unlike", units=request.speech.all_of(names)), topic=topic)
        amount = request.speech.all_of([self._spoken(request, each.amount, each.unit) for each in quantities])
        text = request.say("result", amount=amount, result=self._spoken(request, result, to))
        return Reply(text[:1].upper() + text[1:], topic=topic)

    def _spoken(self, request: Request, amount: float, unit: str) -> str:
        return request.speech.with_unit(request.speech.number(amount), self._unit(request, unit, amount))

    def _unit(self, request: Request, unit: str, amount: float) -> str:
        one, *more = request.speech.grammar.measures.units[unit]
        return one if amount == 1 or not more else more[0]


def convert(quantities: tuple[Quantity, ...], to: str) -> float | None:
    """All of `quantities` in the unit `to`; None where that measures something else."""
    for factors in FACTORS.values():
        if to in factors:
            if any(each.unit not in factors for each in quantities):
                return None
            if to in ZERO_C:
                celsius = quantities[0].amount * factors[quantities[0].unit] + ZERO_C[quantities[0].unit]
                return (celsius - ZERO_C[to]) / factors[to]
            return sum(each.amount * factors[each.unit] for each in quantities) / factors[to]
    return None
