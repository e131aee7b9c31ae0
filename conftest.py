"""What every test and docstring example starts from: no display, and Matplotlib's own style."""

import sys

import matplotlib as mpl
import nbval.plugin
import pytest
from hypothesis import settings

mpl.use("Agg")

# A busy machine is no failure, and the same commit gives the same result twice. To look for rarer
# cases: pytest --hypothesis-profile=search
settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None, max_examples=2_000)
settings.load_profile("same")


def _nothing(*_args, **_kwargs):
    """Do nothing."""


# The kernels of notebooks stay out of the coverage: nbval cannot start it beside that of the tests.
nbval.plugin.setup_coverage = nbval.plugin.teardown_coverage = _nothing


@pytest.fixture(autouse=True)
def figures_of_their_own():
    """Undo what a test changes in the style of figures, and close what it drew."""
    with mpl.rc_context():
        yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
