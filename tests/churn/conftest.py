"""An operator whose customers leave and come back, for the tests of the room."""

import pytest

from crmlib.data.operator import simulate


@pytest.fixture(scope="session")
def op():
    return simulate(customers=6_000, months=24, random_state=7)


@pytest.fixture(scope="session")
def large():
    """The same operator with customers enough to see what few leave for."""
    return simulate(customers=20_000, months=24, random_state=7)
