import ast
import pickle
import string
from pathlib import Path

import pytest
from templates import calls, templates

import deepart
from deepart import errors
from deepart.errors import OptionError, Phrase

PACKAGE = Path(deepart.__file__).parent


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


def test_an_error_keeps_its_template_and_its_values() -> None:
    error = OptionError("{came}; at most {most:,} are taken ({path}).", path=Path("x"), most=4096,
                        came=Phrase("The size is {size!r}", size="5 {}"))  # fmt: skip
    assert str(error) == "The size is '5 {}'; at most 4,096 are taken (x)."
    assert error.phrase.template == "{came}; at most {most:,} are taken ({path})."
    assert error.phrase.values == {"came": "The size is '5 {}'", "most": 4096, "path": "x"}
    came = error.phrase.values["came"]
    assert isinstance(came, Phrase)
    assert (came.template, came.values) == ("The size is {size!r}", {"size": "5 {}"})


def test_an_error_without_values_says_what_it_is_given() -> None:
    error = OptionError("A brace, {, is only a brace.")
    assert str(error) == error.phrase.template == "A brace, {, is only a brace."
    assert error.phrase.values == {}


def test_an_error_comes_whole_out_of_another_process() -> None:
    error = pickle.loads(pickle.dumps(OptionError("The size is {size} {{}}.", size=Phrase("{n} px", n=3))))
    assert str(error) == "The size is 3 px {}."
    assert error.phrase.template == "The size is {size} {{}}."
    assert error.phrase.values["size"].values == {"n": 3}


def test_templates_are_literals_with_names() -> None:
    core = [path for path in PACKAGE.rglob("*.py") if "ui" not in path.parts and not path.stem.startswith("style")]
    core = [path for path in core if path.stem not in ("gatys", "vgg", "fast", "errors")]
    assert [
        f"{path.name}:{line} {ast.unparse(argument)}"
        for path in core for line, argument in calls(path)
        if isinstance(argument, ast.JoinedStr)
    ] == []  # fmt: skip
    found = templates(PACKAGE)
    assert len(found) > 100
    for words, place in found.items():
        fields = [field for _, field, _, _ in string.Formatter().parse(words) if field is not None]
        assert all(field.isidentifier() for field in fields), place
