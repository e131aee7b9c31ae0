"""Time and memory of the simulated operator, and whether both grow with customer-months.

    python benchmarks/simulate.py [--customers 1000000] [--months 24] [--repeats 3]

Each run has a process of its own, so that the peak memory is its own. Prints a table and one
JSON line; goals: 1,000,000 customers for 24 months within 60 s and 4 GB on two cores.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time


def once(customers: int, months: int) -> None:
    from crmlib.data import simulate

    start, cpu = time.perf_counter(), time.process_time()
    op = simulate(customers, months, random_state=1, progress=False)
    seconds = time.perf_counter() - start
    cpu = time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # kB on Linux
    rows = len(op.months)
    print(json.dumps({"seconds": seconds, "cpu": cpu, "gb": peak, "rows": rows}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.once:
        return once(args.customers, args.months)

    table = []
    for share in (0.1, 0.25, 0.5, 1.0):
        customers = round(args.customers * share)
        runs = []
        for _ in range(args.repeats):
            command = [sys.executable, __file__, "--once", "--customers", str(customers)]
            command += ["--months", str(args.months)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            runs.append(json.loads(done.stdout))
        seconds = statistics.median(run["seconds"] for run in runs)
        peak = max(run["gb"] for run in runs)
        rows = runs[0]["rows"]
        cpu = statistics.median(run["cpu"] for run in runs)
        result = {"customers": customers, "seconds": seconds, "cpu": cpu, "gb": peak}
        table.append({**result, "rows": rows})
        print(
            f"{customers:>9,} customers x {args.months} months: {seconds:6.1f} s, "
            f"{cpu:6.1f} s of processor, {peak:5.2f} GB, "
            f"{1e9 * cpu / rows:5.0f} ns of processor a customer-month"
        )
    print(json.dumps(table))
    return None


if __name__ == "__main__":
    main()
