import numpy as np
import pytest

from deepart.checks import number, shown, whole_number
from deepart.errors import OptionError


@pytest.mark.parametrize("value", [0, 7, np.int64(7), np.uint8(10)])
def test_whole_numbers_become_ints(value: object) -> None:
    found = whole_number("size", value, 0, 10)
    assert type(found) is int
    assert found == value


@pytest.mark.parametrize("value", [-1, 11, pytest.param(10**5000, id="huge"), 1.0, "7", None, True, float("nan"), [7]])
def test_what_is_no_whole_number_in_range_gets_a_short_sentence(value: object) -> None:
    with pytest.raises(OptionError, match=r"^The size is .*; it must be a whole number of pixels from 0 to 10\.$") as e:
        whole_number("size", value, 0, 10, "of pixels")
    assert len(str(e.value)) < 160


@pytest.mark.parametrize("value", [0, 0.5, 1, np.float32(0.5), np.int64(1)])
def test_numbers_become_floats(value: object) -> None:
    found = number("strength", value, 0, 1)
    assert type(found) is float
    assert found == value


@pytest.mark.parametrize(
    "value", [-0.1, 1.1, 10**400, pytest.param(10**5000, id="huge"), float("inf"), float("nan"), "1", None, True, 1j]
)
def test_what_is_no_number_in_range_gets_a_short_sentence(value: object) -> None:
    with pytest.raises(OptionError, match=r"^The strength is .*; it must be a number from 0 to 1\.$") as error:
        number("strength", value, 0, 1)
    assert len(str(error.value)) < 160


def test_values_are_shown_short_whatever_they_are() -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError

    assert shown("a") == "'a'"
    assert shown(Broken()) == "a Broken that cannot be shown"
    assert shown(object()) == "a value of the type object"
    assert len(shown("x" * 1000)) == 61
