"""The book's own Sphinx extensions, as modules a test can call."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

ROOT = Path(__file__).parents[2]


def extension(name):
    """Return the module ``book/_ext/NAME.py``."""
    spec = spec_from_file_location(name, ROOT / "book" / "_ext" / f"{name}.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
