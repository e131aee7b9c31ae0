"""Numbers for the prose: computed in a cell, quoted in a sentence.

A page quotes a value with the role ``{glue:text}``. Going through this one function, rather than
the renderer's own, keeps the pages free to change their renderer.
"""

from __future__ import annotations

#: The format in which MyST-NB and papermill keep a named value with a cell's outputs.
_PREFIX = "application/papermill.record/"


def glue(**values: object) -> None:
    """Keep each value under its name, for the prose of the page.

    In JupyterLab, which does not fill the value into the sentence, it is also printed.

    Parameters
    ----------
    **values
        What the prose quotes: a string as it is, anything else as it prints.

    Examples
    --------
    >>> glue(rate=f"{0.2654:.1%}")
    rate = 26.5%
    """
    from IPython.core.getipython import get_ipython
    from IPython.display import display

    for name, value in values.items():
        print(f"{name} = {value}")  # noqa: T201 - a notebook's way to show it
        if get_ipython() is None:
            continue
        display(
            {f"{_PREFIX}text/plain": repr(str(value))},
            raw=True,
            metadata={"scrapbook": {"name": name, "mime_prefix": _PREFIX}},
        )
