"""What every test and docstring example starts from: no display, and Matplotlib's own style."""

import sys

import matplotlib as mpl
import pytest
from hypothesis import settings

mpl.use("Agg")

# A busy machine is no failure, and the same commit gives the same result twice. To look for rarer
# cases: pytest --hypothesis-profile=search
settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None, max_examples=2_000)
settings.load_profile("same")


def pytest_configure(config):
    """Leave the kernels of notebooks out of the coverage: nbval cannot start it beside ours."""
    if config.pluginmanager.hasplugin("nbval"):
        from nbval import plugin

        plugin.setup_coverage = plugin.teardown_coverage = lambda *args, **kwargs: None


@pytest.fixture(autouse=True)
def figures_of_their_own():
    """Undo what a test changes in the style of figures, and close what it drew."""
    with mpl.rc_context():
        yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
