"""Instant feedback in the student's notebook: each cell of tests says at once what it found."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from crmlib.course.exercises.source import kind, marks

#: How a cell of tests begins.
TESTS = "# Tests"


class SelfCheck:
    """Watches a notebook's cells of tests.

    Attributes
    ----------
    found : dict of str to bool
        By the title of each cell of tests that was run: whether it passed.
    """

    def __init__(self) -> None:
        self.found: dict[str, bool] = {}
        self._source = ""

    def before(self, info: Any) -> None:
        """Remember the cell that is about to run."""
        self._source = str(info.raw_cell or "")

    def after(self, result: Any) -> None:
        """Say that a cell of tests has passed."""
        title = _title(self._source)
        if title is None:
            return
        passed = result.error_before_exec is None and result.error_in_exec is None
        self.found[title] = passed
        if passed:
            _say("right", f"{title}: right.")

    def failed(self, shell: Any, kind: Any, error: BaseException, trace: Any, **_: Any) -> None:
        """Say in a sentence why a cell of tests failed; other errors look as always."""
        title = _title(self._source)
        if title is None:
            shell.showtraceback((kind, error, trace))
        else:
            _say("wrong", f"{title}: not yet. {_reason(error)}")

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(title)}</td><td>{'right' if passed else 'not yet'}</td></tr>"
            for title, passed in self.found.items()
        )
        return f"<table><tr><th>tests</th><th>result</th></tr>{rows}</table>"

    def __repr__(self) -> str:
        lines = [f"{'right' if ok else 'not yet':8} {title}" for title, ok in self.found.items()]
        return "\n".join(lines) or "No tests were run yet."


def self_check() -> SelfCheck | None:
    """Make the notebook's cells of tests say in a sentence whether an answer is right.

    A cell of tests begins with ``# Tests:`` and a title. Outside of a notebook nothing happens.

    Returns
    -------
    SelfCheck or None
        Shows which tests have passed so far.

    Examples
    --------
    >>> self_check()  # not in a notebook
    """
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is None:
        return None
    watcher = SelfCheck()
    for event, name in (("pre_run_cell", "before"), ("post_run_cell", "after")):
        for old in list(shell.events.callbacks[event]):
            if isinstance(getattr(old, "__self__", None), SelfCheck):
                shell.events.unregister(event, old)
        shell.events.register(event, getattr(watcher, name))
    shell.set_custom_exc((Exception,), _bound(watcher))
    return watcher


def _bound(watcher: SelfCheck) -> Any:
    def handler(
        shell: Any,
        kind: Any,
        error: BaseException,
        trace: Any,
        tb_offset: Any = None,  # noqa: ARG001 - IPython names it
    ) -> None:
        watcher.failed(shell, kind, error, trace)

    return handler


def _title(source: str) -> str | None:
    first = source.lstrip().splitlines()[:1]
    return (
        first[0].removeprefix(TESTS).strip(" :") if first and first[0].startswith(TESTS) else None
    )


def _reason(error: BaseException) -> str:
    if isinstance(error, NameError):
        return f"{error}: run the cell with your answer first."
    if isinstance(error, NotImplementedError):
        return "There is no answer yet."
    text = str(error)
    if isinstance(error, AssertionError):
        return text or "One of the assertions above does not hold."
    return f"{type(error).__name__}: {text}"


def _say(state: str, text: str) -> None:
    from IPython.display import display

    sign = {"right": "\N{CHECK MARK}", "wrong": "\N{BALLOT X}"}[state]
    color = {"right": "#0a7d4f", "wrong": "#b3261e"}[state]
    html = (
        f'<div role="status" style="border-left:4px solid {color};padding:.3em .8em">'
        f"<b>{sign}</b> {escape(text)}</div>"
    )
    bundle = {"text/plain": f"{sign} {text}", "text/html": html}
    display(bundle, raw=True)


def check_notebook(notebook: Any, folder: Path | str = ".") -> pd.DataFrame:
    """Run a student's own notebook and say which of its tests pass.

    It runs as it would in JupyterLab, with all the student's rights: for one's own work only.

    Parameters
    ----------
    notebook : NotebookNode
    folder : path, default "."
        Where it runs.

    Returns
    -------
    DataFrame
        One row a cell of tests: ``tests``, ``result`` (right, not yet, or hidden where nothing
        can be seen before grading) and ``why``.

    Raises
    ------
    ValueError
        If the notebook has no tests.
    """
    from nbclient import NotebookClient

    cells = [cell for cell in notebook.cells if kind(cell) == "tests"]
    if not cells:
        raise ValueError("The notebook has no tests; is it one of the assignments?")
    client = NotebookClient(
        notebook,
        timeout=120,
        allow_errors=True,
        extra_arguments=["--log-level=40"],
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    rows = []
    for cell in cells:
        errors = [one for one in cell.outputs if one.output_type == "error"]
        title = _title(cell.source) or marks(cell)["grade_id"]
        visible = [line for line in cell.source.splitlines() if line.strip()[:1] not in ("", "#")]
        result = "not yet" if errors else "right" if visible else "hidden"
        rows.append({"tests": title, "result": result, "why": _why(errors)})
    return pd.DataFrame(rows)


def _why(errors: list[Any]) -> str:
    if not errors:
        return ""
    name, text = errors[0].ename, str(errors[0].evalue)
    if name == "NotImplementedError":
        return "There is no answer yet."
    if name == "NameError":
        return f"{text}: has the cell with your answer run without an error?"
    return text if name == "AssertionError" else f"{name}: {text}"
