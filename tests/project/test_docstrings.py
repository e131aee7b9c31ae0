"""Every public function says what it takes, what it returns, and shows it at work."""

import importlib
import inspect

import pytest
from numpydoc.validate import validate

import crmlib

#: numpydoc's codes: no docstring, no summary, parameters not or wrongly documented, a parameter
#: without a description, no Returns section, no example.
WANTED = {"GL08", "SS01", "PR01", "PR02", "PR07", "RT01", "EX01"}
#: A class shows its example once; its attributes and small methods need not.
METHODS = WANTED - {"EX01", "PR01", "RT01"}


def case(name, wanted):
    return pytest.param(name, wanted, id=name)


def public():
    """Yield each room's public functions, classes and methods with the codes wanted of them."""
    for room in crmlib.__all__:
        if room.startswith("__"):
            continue
        module = importlib.import_module(f"crmlib.{room}")
        for name in module.__all__:
            thing = getattr(module, name)
            if inspect.isfunction(thing):
                yield case(f"{module.__name__}.{name}", WANTED)
            elif inspect.isclass(thing):
                yield case(f"{module.__name__}.{name}", METHODS)
                for method, member in vars(thing).items():
                    if inspect.isfunction(member) and not method.startswith("_"):
                        yield case(f"{module.__name__}.{name}.{method}", METHODS)


@pytest.mark.parametrize(("name", "wanted"), list(public()))
def test_the_docstring_is_whole(name, wanted):
    found = [f"{code}: {text}" for code, text in validate(name)["errors"] if code in wanted]
    assert not found


def test_a_missing_part_would_be_noticed():
    errors = validate("tests.project.test_docstrings.undocumented")["errors"]
    assert {"PR01", "EX01"} <= {code for code, _ in errors}


def undocumented(value):
    """Return the value."""
    return value
