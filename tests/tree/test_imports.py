"""Heavy libraries are loaded when they are used, not when the rooms are opened."""

import subprocess
import sys


def test_opening_the_rooms_loads_no_engine():
    code = (
        "import sys, crmlib.tree, crmlib.counts;"
        "heavy = {'numba', 'ibis', 'duckdb', 'pyarrow.dataset', 'matplotlib.pyplot', 'pyspark'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "[]"
