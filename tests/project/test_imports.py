"""`import crmlib` is light: what is heavy is loaded by the function that needs it."""

import subprocess
import sys

import pytest

HEAVY = (
    "matplotlib",
    "sklearn",
    "scipy",
    "pgmpy",
    "ibis",
    "duckdb",
    "numba",
    "pandera",
    "torch",
    "pooch",
)


def loaded_by(statement):
    code = f"{statement}; import sys; print(*sorted(m.split('.')[0] for m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("room", ["crmlib", "crmlib.data", "crmlib.plots"])
def test_importing_a_room_loads_nothing_heavy(room):
    assert loaded_by(f"import {room}").isdisjoint(HEAVY)


def test_the_check_sees_what_is_loaded():
    assert "scipy" in loaded_by("import scipy")


def test_rooms_are_reached_from_the_package():
    assert "crmlib" in loaded_by("import crmlib; crmlib.plots.PALETTE")


def test_an_unknown_room_is_an_attribute_error():
    import crmlib

    with pytest.raises(AttributeError, match="no attribute 'chrun'"):
        crmlib.chrun  # noqa: B018
