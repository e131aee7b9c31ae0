"""Pictures with sliders for the pages: each answers one question as the reader moves a number.

A function gives a `Widget`. Python computes the numbers it starts from and shows them as a table;
on the book's site a script of our own, which repeats the formulas, draws them anew at every move.
Where no script runs (JupyterLab, paper) the table stands.
"""

from crmlib.course.widgets.budget import budget_widget
from crmlib.course.widgets.cap import cap_widget
from crmlib.course.widgets.split import split_widget
from crmlib.course.widgets.threshold import threshold_widget
from crmlib.course.widgets.widget import Control, Widget

__all__ = [
    "Control",
    "Widget",
    "budget_widget",
    "cap_widget",
    "split_widget",
    "threshold_widget",
]
