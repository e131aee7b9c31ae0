"""A student sees at once which tests pass, and why not."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from crmlib.cli import main
from crmlib.course.exercises.classroom import Classroom
from crmlib.course.exercises.selfcheck import check_notebook
from tests.exercises import tiny


def run(*cells: str) -> list[str]:
    notebook = new_notebook(cells=[new_code_cell(one) for one in cells])
    NotebookClient(
        notebook, timeout=60, allow_errors=True, extra_arguments=["--log-level=40"]
    ).execute()
    return [
        "".join(str(one.get("text", one.get("data", {}).get("text/plain", one.get("ename"))))
        for one in cell.outputs)
        for cell in notebook.cells
    ]  # fmt: skip


def test_a_test_cell_answers_in_a_sentence() -> None:
    test = "# Tests: the churn rate\nassert rate <= 1, 'a share is at most 1'"
    outputs = run(
        "from crmlib.course import self_check\ncheck = self_check()",
        test,
        "rate = 27",
        test,
        "rate = 0.27",
        test,
        "1 / 0",
        "check",
    )
    assert "run the cell with your answer first" in outputs[1]
    assert outputs[3] == "✗ the churn rate: not yet. a share is at most 1"
    assert outputs[5] == "✓ the churn rate: right."
    assert "ZeroDivisionError" in outputs[6]
    assert outputs[7] == "right    the churn rate"


@pytest.mark.parametrize(
    ("answers", "results"),
    [
        ({}, ["not yet", "not yet", "hidden"]),
        ({"rate": "rate = 2.0"}, ["not yet", "not yet", "hidden"]),
        (tiny.RIGHT, ["right", "right", "hidden"]),
    ],
)
def test_the_command_checks_a_notebook(
    blank: Any, room: Classroom, tmp_path: Path, answers: dict[str, str], results: list[str]
) -> None:
    found = check_notebook(tiny.answered(blank, **answers), tmp_path)
    assert found["result"].tolist() == results
    if answers.get("rate") == "rate = 2.0":
        assert found["why"].iloc[0] == "a share lies between 0 and 1"


def test_what_is_no_assignment_is_said(tmp_path: Path) -> None:
    path = tmp_path / "other.ipynb"
    path.write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    result = CliRunner().invoke(main, ["exercises", "check", str(path)])
    assert result.exit_code == 1
    assert "has no tests" in result.output
