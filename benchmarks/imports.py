"""How long `import crmlib` takes, beside what it cannot do without.

Run with ``python benchmarks/imports.py``. Each import is timed in a process of its own, the
commands in turn, so that a machine that slows down slows all of them; medians and their ratio
are printed. The goal is at most 1.3 times the import of numpy and pandas.
"""

import statistics
import subprocess
import sys
import time

COMMANDS = {
    "numpy + pandas": "import numpy, pandas",
    "crmlib": "import crmlib",
    "crmlib, every room": "import crmlib; [getattr(crmlib, room) for room in crmlib.__all__]",
}
ROUNDS = 9


def seconds(statement: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - started


def main() -> None:
    seconds("pass")
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS):
        for name, statement in COMMANDS.items():
            times[name].append(seconds(statement))
    base = statistics.median(times["numpy + pandas"])
    for name, measured in times.items():
        median = statistics.median(measured)
        print(f"{name:<20} {median:6.2f} s   {median / base:5.2f} x")


if __name__ == "__main__":
    main()
