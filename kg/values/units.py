"""Conversion of units: lengths, areas, volumes, masses, times, speeds, temperatures, data.

A unit is given by symbol, name or Wikidata key: ``km²``, ``square mile``, ``people per square
mile``, ``Q712226``. A unit that is not known is comparable only with itself.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple


class Unit(NamedTuple):
    """A unit; ``factor · (number + offset)`` is the number in the base unit.

    Attributes:
        dimension: The base unit: "m", "m²", "kg", …; "" for plain numbers; the unit's name if it is
            not known.
        factor: The exact factor.
        offset: The exact offset, which is not 0 for temperatures only.
    """

    dimension: str
    factor: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)


# Symbols that are read from text ("3 km") are in ``_UNITS`` of kg/values/value_forms.py too.
_BASES: dict[str, dict[str, str]] = {
    # By base unit and exact size in it: the names and symbols of a unit.
    "m": {
        "1": "m metre meter Q11573", "1000": "km kilometre kilometer Q828224",
        "1/10": "dm decimetre decimeter",
        "1/100": "cm centimetre centimeter Q174728", "1/1000": "mm millimetre millimeter Q174789",
        "1/1000000": "µm μm micrometre micrometer", "1/1000000000": "nm nanometre nanometer",
        "1609.344": "mi mile Q253276", "0.9144": "yd yard Q482798", "0.3048": "ft foot feet Q3710",
        "0.0254": "in inch inche Q218593", "1852": "nmi nautical_mile Q93318",
        "149597870700": "au AU astronomical_unit",
        "9460730472580800": "ly light-year light_year",
    },
    "m²": {"1": "Q25343", "1000000": "Q712226", "10000": "ha hectare Q35852",
           "4046.8564224": "ac acre Q81292",
           "2589988.110336": "Q232291", "0.09290304": "Q857027"},
    "m³": {"1": "Q25517", "1/1000": "l L litre liter Q11582",
           "1/1000000": "ml mL millilitre milliliter",
           "1/100000": "cl centilitre centiliter", "1/10000": "dl decilitre deciliter",
           "1/10": "hl hectolitre hectoliter",
           "0.003785411784": "gal gallon"},
    "kg": {"1": "kg kilogram kilogramme kilo Q11570", "1/1000": "g gram gramme Q41803",
           "1/1000000": "mg milligram",
           "1/1000000000": "µg μg microgram", "1000": "t tonne metric_ton Q191118",
           "0.45359237": "lb lbs pound Q100995",
           "0.028349523125": "oz ounce Q48013", "6.35029318": "st stone"},
    "s": {"1": "s sec second Q11574", "1/1000": "ms millisecond", "1/1000000": "µs μs microsecond",
          "1/1000000000": "ns nanosecond",
          "60": "min mins minute Q7727", "3600": "h hr hrs hour Q25235", "86400": "d day days Q573",
          "604800": "week Q23387",
          "2629746": "month Q5151", "31556952": "yr yrs year Q577"},
    "m/s": {"1": "Q182429", "1/3.6": "Q180154 kph", "0.44704": "mph", "463/900": "kn knot"},
    "B": {"1": "B byte", "1000": "kB KB kilobyte", "1000000": "MB megabyte",
          "1000000000": "GB gigabyte",
          "1000000000000": "TB terabyte", "1024": "KiB kibibyte", "1048576": "MiB mebibyte",
          "1073741824": "GiB gibibyte",
          "1099511627776": "TiB tebibyte", "1/8": "bit"},
    "Hz": {"1": "Hz hertz", "1000": "kHz kilohertz", "1000000": "MHz megahertz",
           "1000000000": "GHz gigahertz"},
    "W": {"1": "W watt", "1000": "kW kilowatt", "1000000": "MW megawatt",
          "1000000000": "GW gigawatt"},
    "J": {"1": "J joule", "1000": "kJ kilojoule", "3600": "Wh", "3600000": "kWh kilowatt_hour",
          "3600000000": "MWh", "4.184": "cal",
          "4184": "kcal kilocalorie"},
    "Pa": {"1": "Pa pascal", "100": "hPa mbar hectopascal", "1000": "kPa kilopascal",
           "1000000": "MPa", "100000": "bar"},
    "%": {"1": "% percent per_cent Q11229", "1/10": "‰"},
    "": {"1": "people person inhabitant resident"},
    "$": {"1": "$ USD US_dollar dollar Q4917"}, "€": {"1": "€ EUR euro Q4916"},
    "£": {"1": "£ GBP pound_sterling"},
    "¥": {"1": "JPY yen"},
}  # fmt: skip
_TEMPERATURES = {
    Unit("K"): "K kelvin Q11579",
    Unit("K", Fraction(1), Fraction("273.15")): "°C degree_Celsius degrees_Celsius Celsius Q25267",
    Unit(
        "K", Fraction(5, 9), Fraction("459.67")
    ): "°F degree_Fahrenheit degrees_Fahrenheit Fahrenheit Q42289",
}
_POWERS = {"square": 2, "sq": 2, "sq.": 2, "cubic": 3, "cu": 3}
_SUPERSCRIPTS = {"²": 2, "2": 2, "³": 3, "3": 3}
_BEFORE = re.compile(r"(square|sq\.?|cubic|cu) ?(.+)", re.IGNORECASE)
_AFTER = re.compile(r"([^\d/]+?)(?:\^?([23²³])| (squared|cubed))")
_RATIO = re.compile(r"(.+?)(?: per |/)(.+)")


def _table() -> dict[str, Unit]:
    unit_by_name: dict[str, Unit] = {}
    for dimension, sizes in _BASES.items():
        for size, names in sizes.items():
            over, _, under = size.partition("/")
            unit = Unit(dimension, Fraction(over) / Fraction(under or 1))
            unit_by_name.update((name.replace("_", " "), unit) for name in names.split())
    for unit, names in _TEMPERATURES.items():
        unit_by_name.update((name.replace("_", " "), unit) for name in names.split())
    return unit_by_name


_UNIT_BY_NAME = _table()
_UNIT_BY_WORD = {name.lower(): unit for name, unit in _UNIT_BY_NAME.items() if len(name) > 3}
"""By name in lower case, without symbols, in which case matters."""


@lru_cache(maxsize=4_096)
def unit_of(name: str) -> Unit:
    """The unit with a name, symbol or key; "" means the unit of plain numbers."""
    text = " ".join(name.split())
    if not text:
        return Unit("")
    local = re.split(r"[/#]", text)[-1] if "://" in text else text
    return _simple(local) or _power(local) or _ratio(local) or Unit(name)


def _simple(text: str) -> Unit | None:
    """A unit without power or ratio: ``km``, ``Kilometres``."""
    lower = text.lower().replace("_", " ")
    return (
        _UNIT_BY_NAME.get(text)
        or _UNIT_BY_WORD.get(lower)
        or _UNIT_BY_WORD.get(lower.removesuffix("s"))
    )


def _power(text: str) -> Unit | None:
    """A unit of area or volume by its length: ``square mile``, ``km²``, ``metres cubed``."""
    if match := _BEFORE.fullmatch(text):
        base, power = match[2], _POWERS[match[1].lower()]
    elif match := _AFTER.fullmatch(text):
        base, power = match[1], _SUPERSCRIPTS.get(match[2] or "", 2 if match[3] == "squared" else 3)
    else:
        return None
    unit = _simple(base)
    if unit is None or unit.dimension != "m":
        return None
    return Unit("m²" if power == 2 else "m³", unit.factor**power)


def _ratio(text: str) -> Unit | None:
    """A ratio of two units: ``people per square mile``, ``km/h``."""
    match = _RATIO.fullmatch(text)
    if match is None:
        return None
    over, under = (_simple(part) or _power(part) for part in match.groups())
    if over is None or under is None or over.offset or under.offset:
        return None
    return Unit(f"{over.dimension}/{under.dimension}", over.factor / under.factor)
