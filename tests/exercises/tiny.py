"""A tiny assignment with every kind of cell, and its answers."""

from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

#: A line of the hidden tests that must be found nowhere but in the source.
SECRET = "for month in (0.0171, 0.2303):"


def cell(
    name: str,
    source: str,
    *,
    grade: bool = False,
    solution: bool = False,
    points: float | None = None,
    text: bool = False,
) -> Any:
    """Return a cell with nbgrader's marks."""
    mark = {
        "schema_version": 3,
        "grade": grade,
        "solution": solution,
        "locked": not solution,
        "task": False,
        "grade_id": name,
    }
    if points is not None:
        mark["points"] = points
    make = new_markdown_cell if text else new_code_cell
    return make(source, metadata={"nbgrader": mark})


def notebook() -> Any:
    """Return the source notebook."""
    cells = [
        cell("story", "# Tiny\n\nWho was lost?", text=True),
        cell(
            "set-up",
            "SEED = 7\nimport numpy as np\nimport pandas as pd\n"
            "lost = pd.Series(np.random.default_rng(SEED).random(1000) < 0.2)",
        ),
        cell("rate", "### BEGIN SOLUTION\nrate = lost.mean()\n### END SOLUTION", solution=True),
        cell(
            "test-rate",
            "# Tests: the churn rate\n"
            "assert isinstance(rate, float), 'rate must be a number'\n"
            "assert 0 <= rate <= 1, 'a share lies between 0 and 1'\n"
            "### BEGIN HIDDEN TESTS\n"
            "from crmlib.course import expected\n"
            "assert abs(rate - expected('rate')) < 1e-9, 'This is not the share of the lost.'\n"
            "### END HIDDEN TESTS",
            grade=True,
            points=3,
        ),
        cell(
            "yearly",
            "def yearly(monthly):\n    '''Yearly churn rate.'''\n    ### BEGIN SOLUTION\n"
            "    return 1 - (1 - monthly) ** 12\n    ### END SOLUTION",
            solution=True,
        ),
        cell("test-yearly", "assert yearly(0) == 0, 'none lost'", grade=True, points=1),
        cell(
            "test-yearly-values",
            f"### BEGIN HIDDEN TESTS\n{SECRET}\n"
            "    right = 1 - (1 - month) ** 12\n"
            "    assert abs(yearly(month) - right) < 1e-12, 'Survival multiplies.'\n"
            "### END HIDDEN TESTS",
            grade=True,
            points=2,
        ),
        cell("why", "Because survivals multiply.", grade=True, solution=True, points=4, text=True),
    ]
    about = {"title": "Tiny", "chapter": 1, "minutes": 5}
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel, "crmlib": about})


def write(folder: Path) -> Path:
    """Write the assignment's source into a folder named tiny."""
    place = folder / "tiny"
    place.mkdir(parents=True)
    nbformat.write(notebook(), place / "tiny.ipynb")
    (place / "mistakes.toml").write_text(
        '[[mistake]]\ntask = "rate"\nname = "counts"\ncode = "rate = float(lost.sum())"\n'
        'loses = ["test-rate"]\n'
        '[[mistake]]\ntask = "yearly"\nname = "adds"\n'
        'code = "def yearly(monthly):\\n    return 12 * monthly"\nloses = ["test-yearly-values"]\n',
        encoding="utf-8",
    )
    return place


def answered(blank: Any, **answers: str) -> Any:
    """Return a copy of a notebook with the cells of those names (- for _) answered."""
    import copy

    filled = copy.deepcopy(blank)
    for one in filled.cells:
        name = one.metadata.get("nbgrader", {}).get("grade_id", "").replace("-", "_")
        if name in answers:
            one.source = answers[name]
    return filled


#: What a good student writes.
RIGHT = {
    "rate": "rate = lost.mean()",
    "yearly": "def yearly(monthly):\n    return 1 - (1 - monthly) ** 12",
    "why": "Survivals multiply, month by month.",
}
