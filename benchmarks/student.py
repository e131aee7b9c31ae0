"""What one student takes on a shared machine: processor and memory of a page's kernel.

``python benchmarks/student.py`` runs a few pages from the top, each in a kernel of its own, as
JupyterLab would, and asks the kernel what it took. Name pages to run others (Linux, macOS).
"""

import argparse
import sys
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
PAGES = (
    "1-churn-overview/what-churn-is",
    "2-recovery-decisions/the-chain",
    "3-early-warning/weighted-entropy",
    "4-complaint-handling/reading-complaints",
)
#: Peak of resident memory (kilobytes on Linux, bytes on macOS) and seconds of processor.
ASK = """
import resource as _r
_own, _born = _r.getrusage(_r.RUSAGE_SELF), _r.getrusage(_r.RUSAGE_CHILDREN)
print(_own.ru_maxrss, _own.ru_utime + _own.ru_stime + _born.ru_utime + _born.ru_stime)
"""


def taken(page):
    """Seconds of processor and peak megabytes of the page's kernel; None is an empty page."""
    notebook = (
        nbformat.v4.new_notebook() if page is None else jupytext.read(ROOT / f"chapters/{page}.md")
    )
    notebook.cells.append(nbformat.v4.new_code_cell(ASK))
    folder = ROOT if page is None else (ROOT / "chapters" / page).parent
    where = {"metadata": {"path": str(folder)}}
    client = NotebookClient(notebook, timeout=600, startup_timeout=600, resources=where)
    client.execute()
    peak, seconds = notebook.cells[-1].outputs[0].text.split()
    unit = 1 if sys.platform == "darwin" else 1024
    return float(seconds), float(peak) * unit / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="*", default=PAGES, help="chapter/page, without suffix")
    print(f"{'page':45} processor, s   peak, MB")
    for page in (None, *parser.parse_args().pages):
        seconds, peak = taken(page)
        print(f"{page or '(an empty notebook)':45} {seconds:12.1f} {peak:10.0f}", flush=True)


if __name__ == "__main__":
    main()
