"""What every test and docstring example starts from: no display, and Matplotlib's own style."""

import sys

import matplotlib as mpl
import pytest

mpl.use("Agg")


@pytest.fixture(autouse=True)
def figures_of_their_own():
    """Undo what a test changes in the style of figures, and close what it drew."""
    with mpl.rc_context():
        yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
