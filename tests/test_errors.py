from __future__ import annotations

import pytest

import deepart
from deepart import errors


def test_every_error_is_a_deepart_error() -> None:
    family = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)]
    assert len(family) == 7
    assert all(issubclass(kind, deepart.DeepArtError) for kind in family)


@pytest.mark.parametrize(
    ("kind", "builtin"), [(errors.OptionError, ValueError), (errors.UnknownModelError, LookupError)]
)
def test_errors_are_also_what_python_calls_them(kind: type[Exception], builtin: type[Exception]) -> None:
    with pytest.raises(builtin):
        raise kind("The seed is -1.")
