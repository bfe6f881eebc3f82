"""Options that are numbers: checked in one place, in one wording."""

import math
from numbers import Integral, Real
from typing import Any

from deepart.errors import OptionError, Phrase

_SHOWN = 60  # characters of a wrong value that a sentence repeats


def shown(value: object) -> str:
    """Return a value as a sentence can show it: short, whatever it is."""
    try:
        text = repr(value)
    except Exception:  # a whole number of more than 4300 digits, or an object whose repr fails
        return Phrase("a {kind} that cannot be shown", kind=type(value).__name__)
    if text.startswith("<"):  # how Python shows what has no value to show
        return Phrase("a value of the type {kind}", kind=type(value).__name__)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def whole_number(what: str, value: object, low: int, high: int, unit: str = "") -> int:
    """Return the value as an int in [low, high]; numpy's whole numbers count, True and 1.0 raise OptionError."""
    if isinstance(value, bool) or not isinstance(value, Integral) or not low <= int(value) <= high:
        kind = f"whole number {unit}".strip()
        raise OptionError(
            "The {what} is {value}; it must be a {kind} from {low} to {high}.",
            what=what, value=shown(value), kind=kind, low=low, high=high,
        )  # fmt: skip
    return int(value)


def number(what: str, value: object, low: float, high: float) -> float:
    """Return the value as a float in [low, high]; numpy's numbers count, True and NaN raise OptionError."""
    try:
        given = float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
    except OverflowError:
        given = math.inf
    if not low <= given <= high:
        raise OptionError(
            "The {what} is {value}; it must be a number from {low:g} to {high:g}.",
            what=what, value=shown(value), low=low, high=high,
        )  # fmt: skip
    return given


def switch(what: str, value: object) -> bool:
    """Return a value that must be True or False; raises OptionError."""
    if not isinstance(value, bool):
        raise OptionError("The {what} is {value}; it must be True or False.", what=what, value=shown(value))
    return value


def listed(what: str, values: Any, low: int, high: int) -> list[Any]:
    """Return a list or tuple of `low` to `high` values as a list; raises OptionError."""
    if not isinstance(values, list | tuple | range):
        raise OptionError(
            "The {what} are {values}; give a list of {low} to {high}.",
            what=what, values=shown(values), low=low, high=high,
        )  # fmt: skip
    if not low <= len(values) <= high:
        raise OptionError(
            "There are {count} {what}; give {low} to {high}.", count=len(values), what=what, low=low, high=high
        )
    return list(values)
