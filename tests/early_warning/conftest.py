"""A small operator and the built-in indicators, made once."""

import matplotlib.pyplot as plt
import pytest

from crmlib.data import simulate
from crmlib.early_warning import IndicatorSystem


@pytest.fixture(scope="session")
def op():
    return simulate(customers=3000, months=18, random_state=3)


@pytest.fixture(autouse=True)
def _no_figure_stays_open():
    yield
    plt.close("all")


@pytest.fixture(scope="session")
def system():
    return IndicatorSystem.builtin()
