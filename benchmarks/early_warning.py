"""Time and memory of `crmlib warn`, and what its alarms are worth beside what could be known.

    python benchmarks/early_warning.py [--customers 100000] [--months 24] [--repeats 3]

Each run has a process of its own. Goal: 100,000 customers for 24 months in under a minute. The
second table sets the alarms beside the rules, chance, and an oracle that ranks customers by the
simulator's true hazard, which no CRM knows.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def once(folder: str, to: str) -> None:
    from click.testing import CliRunner

    from crmlib.cli import main

    start, cpu = time.perf_counter(), time.process_time()
    result = CliRunner().invoke(main, ["warn", folder, "--to", to, "--json"])
    assert result.exit_code == 0, result.output
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # kB on Linux
    signals = json.loads(result.stdout)["signals"]
    print(json.dumps({"seconds": seconds, "cpu": cpu, "gb": peak, "signals": signals}))


def speed(op, repeats: int) -> list[dict]:
    rows = []
    with tempfile.TemporaryDirectory() as work:
        for format in ("csv", "parquet"):
            folder = op.write(Path(work) / format, format=format, truth=False)
            runs = []
            for k in range(repeats):
                command = [sys.executable, __file__, "--once", str(folder), f"{work}/{format}-{k}"]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                runs.append(json.loads(done.stdout))
            row = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
            rows.append({"format": format, **row})
            print(
                f"{format:>8}: {row['seconds']:5.1f} s, {row['cpu']:5.1f} s of processor, "
                f"{row['gb']:4.2f} GB, {row['signals']} signals"
            )
    return rows


def worth(op, capacity: int) -> dict:
    from sklearn.metrics import roc_auc_score

    from crmlib.early_warning import Capacity, EarlyWarning, choose, evaluate

    warning = EarlyWarning(threshold=Capacity(capacity))
    last = op.months_simulated - 6
    past = warning.backtest(op, range(last - 5, last + 1))
    scored = past.scored.merge(
        op.truth.months[["month", "customer_id", "hazard"]], on=["month", "customer_id"]
    ).fillna({"hazard": 0.0})
    oracle = choose(scored, Capacity(capacity), risk="hazard", quiet=warning.quiet)
    best = evaluate(scored, {"true hazard": oracle}, warning.economics_).table
    judged = scored[scored["lost"].notna()]
    auc = {name: roc_auc_score(judged["lost"], judged[name]) for name in ("risk", "hazard")}
    import pandas as pd

    table = pd.concat([past.evaluation.table, best])
    shown = ["alarms", "precision", "base_rate", "lift", "recall", "lead_months", "profit"]
    print(table[shown].round(4).to_string())
    print(f"AUC: model {auc['risk']:.3f}, true hazard of the month {auc['hazard']:.3f}")
    return {"table": table.to_dict("index"), "auc": auc}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--once", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.once:
        return once(*args.once)

    from crmlib.data import simulate

    op = simulate(args.customers, args.months, random_state=7, progress=False)
    print(f"crmlib warn, {args.customers:,} customers x {args.months} months:")
    rows = speed(op, args.repeats)
    print("\nAlarms of six months, judged by what came of the customers:")
    print(json.dumps({"speed": rows, "worth": worth(op, args.customers // 200)}, default=float))
    return None


if __name__ == "__main__":
    main()
