"""An operator whose customers leave and come back, for the tests of the room."""

import pytest

from crmlib.data.operator import simulate


@pytest.fixture(scope="session")
def op():
    return simulate(customers=6_000, months=24, random_state=7)
