"""Who does what: the responsibility table of complaint handling, checked when it is read."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from crmlib._checks import listed, one_of
from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROLES = {"R": "does the work 执行", "A": "answers for it 负责", "C": "is asked 咨询",
         "I": "is told 知会"}  # fmt: skip


@dataclass(frozen=True, repr=False)
class Raci(Result):
    """The responsibility table.

    Attributes
    ----------
    table : pandas.DataFrame
        A row a task: `zh` and a column for each department with letters of 'RACI'.
    departments : mapping of str to str
        Department and its Chinese name.
    """

    table: pd.DataFrame
    departments: Mapping[str, str]
    _title = "Who is responsible (R), accountable (A), consulted (C), informed (I)"

    def to_frame(self) -> pd.DataFrame:
        """Return the table."""
        return self.table

    def tasks_of(self, department: str, role: str = "A") -> list[str]:
        """Return the tasks in which a department has a role.

        Parameters
        ----------
        department : str
            A department of the table.
        role : {'R', 'A', 'C', 'I'}
            The role it has; accountable by default.

        Returns
        -------
        list of str
        """
        one_of(department, self.departments, "department")
        one_of(role, ROLES, "role")
        return [str(task) for task, letters in self.table[department].items() if role in letters]

    def load(self) -> pd.DataFrame:
        """Count the roles of each department: who is involved in everything decides nothing."""
        return pd.DataFrame(
            {role: {name: len(self.tasks_of(name, role)) for name in self.departments}
             for role in ROLES}
        ).rename_axis("department")  # fmt: skip

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the table as colored cells with their letters."""
        from crmlib.plots import PALETTE

        if ax is None:
            import matplotlib.pyplot as plt

            ax = plt.subplots(figsize=(6.8, 0.6 + 0.34 * len(self.table)))[1]
        colors = {"A": PALETTE["blue"], "R": PALETTE["sky"], "C": "#D9D9D9", "I": "#F2F2F2"}
        names = list(self.departments)
        for y, task in enumerate(self.table.index):
            for x, name in enumerate(names):
                letters = str(self.table.loc[task, name])
                if letters:
                    color = colors[letters[0]]
                    ax.barh(y, 0.94, left=x - 0.47, height=0.9, color=color)
                    ink = "white" if "A" in letters else "black"
                    ax.annotate(letters, (x, y), ha="center", va="center", color=ink)
        ax.set_xticks(range(len(names)), names)
        ax.set_yticks(range(len(self.table)), [str(task) for task in self.table.index])
        ax.invert_yaxis()
        ax.grid(visible=False)
        return ax


@lru_cache(maxsize=8)
def raci(path: str | Path | None = None) -> Raci:
    """Read a responsibility table; crmlib's own by default.

    Parameters
    ----------
    path : str or path, optional
        A TOML file of the same form as `crmlib/complaints/roles.toml`.

    Returns
    -------
    Raci

    Raises
    ------
    ValueError
        If a task has no or several accountable departments, nobody who does it, an unknown
        department or a letter that is no role.

    Examples
    --------
    >>> raci().tasks_of("supervision")
    ['check satisfaction', 'analyze causes', 'audit the process']
    """
    source = files("crmlib.complaints").joinpath("roles.toml") if path is None else Path(path)
    name = "roles.toml" if path is None else str(path)
    raw = tomllib.loads(source.read_text(encoding="utf-8"))
    try:
        departments = {key: str(raw["zh"][key]) for key in raw["departments"]}
        rows = {
            task: _task(f"{name}: {task!r}", dict(spec), departments)
            for task, spec in raw["tasks"].items()
        }
    except KeyError as error:
        raise ValueError(f"{name}: the field {error} is missing.") from None
    table = pd.DataFrame.from_dict(rows, orient="index")
    return Raci(table.rename_axis("task"), departments)


def _task(name: str, spec: dict[str, Any], departments: Mapping[str, str]) -> dict[str, str]:
    row = {"zh": str(spec.pop("zh"))}
    for department, letters in spec.items():
        one_of(department, departments, f"{name}: department")
        wrong = [letter for letter in letters if letter not in ROLES]
        if wrong or not letters:
            raise ValueError(f"{name}: {department} has {letters!r}; roles are {listed(ROLES)}.")
    row |= {department: str(spec.get(department, "")) for department in departments}
    for role, word in (("A", "accountable"), ("R", "responsible")):
        who = [department for department in departments if role in row[department]]
        if not who or (role == "A" and len(who) > 1):
            found = listed(who) if who else "nobody"
            want = "exactly one department" if role == "A" else "at least one department"
            raise ValueError(f"{name}: {found} is {word}; it must be {want}.")
    return row
