"""One style for every figure, and the few charts the pages share.

Call `use` once at the top of a page. Colors are Okabe and Ito's, which readers with any of the
common kinds of color blindness can tell apart; figures carry their own paper-white ground, so
they read the same on a light page, on a dark one and in print.
"""

from crmlib.plots.charts import dots, lines, ranked_bars
from crmlib.plots.style import PALETTE, as_money, as_percent, chinese_font, label_lines, use

__all__ = [
    "PALETTE",
    "as_money",
    "as_percent",
    "chinese_font",
    "dots",
    "label_lines",
    "lines",
    "ranked_bars",
    "use",
]
