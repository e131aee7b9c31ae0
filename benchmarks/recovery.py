"""Beside its peers: expected maximum profit, ROI bootstrap, the budgeted plan and its limits.

    python -m pip install -e . -r benchmarks/requirements-recovery.txt
    python benchmarks/recovery.py            # all; or: emp, bootstrap, plan, limits

One thread. Contestants take turns in each round, so that a busy machine hurts all alike; times
are medians of the CPU seconds of the process, and what counts are the ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

# Before NumPy is loaded: libraries read these once.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np  # noqa: E402

import crmlib  # noqa: E402

PEERS = ("numpy", "scipy", "scikit-learn", "empulse", "ortools")


def versions():
    found = {"python": platform.python_version(), "crmlib": crmlib.__version__}
    for peer in PEERS:
        try:
            found[peer] = version(peer)
        except PackageNotFoundError:
            found[peer] = None
    return found


def race(contestants, rounds):
    """Median CPU seconds and last result of each contestant, taking turns."""
    times = {name: [] for name in contestants}
    results = {}
    for _ in range(rounds):
        for name, run in contestants.items():
            start = time.process_time()
            results[name] = run()
            times[name].append(time.process_time() - start)
    return {name: median(times[name]) for name in contestants}, results


def show(title, rows):
    print(f"\n{title}")
    for name, value, note in rows:
        print(f"  {name:<44} {value:>12}  {note}")


def bench_emp(rounds, n=1_000_000):
    from empulse.metrics import empc_score
    from sklearn.metrics import roc_auc_score

    from crmlib.profit import emp

    rng = np.random.default_rng(0)
    y = (rng.random(n) < 0.2).astype(int)
    s = rng.normal(y, 1.5)
    seconds, found = race(
        {
            "crmlib emp": lambda: emp(y, s).profit,
            "empulse empc_score": lambda: float(empc_score(y, s)),
            "scikit-learn roc_auc_score": lambda: float(roc_auc_score(y, s)),
        },
        rounds,
    )
    ours = seconds["crmlib emp"]
    difference = abs(found["crmlib emp"] - found["empulse empc_score"])
    show(
        f"Expected maximum profit, {n:,} scores",
        [
            ("crmlib / empulse", f"{ours / seconds['empulse empc_score']:.2f}", "goal <= 1.5"),
            (
                "crmlib / scikit-learn roc_auc_score",
                f"{ours / seconds['scikit-learn roc_auc_score']:.2f}",
                "goal <= 1.0",
            ),
            ("difference to empulse", f"{difference:.1e}", "goal <= 1e-12"),
        ],
    )
    return {"seconds": seconds, "difference": difference}


def bench_bootstrap(rounds, n=100_000, resamples=1_000):
    from scipy import stats

    from crmlib.recovery import ratio_interval

    rng = np.random.default_rng(0)
    b = np.where(rng.random(n) < 0.3, rng.exponential(100, n), 0.0)
    c = rng.uniform(5, 15, n)

    def theirs():
        found = stats.bootstrap(
            (b, c),
            lambda x, y, axis: x.sum(axis=axis) / y.sum(axis=axis),
            paired=True,
            vectorized=True,
            n_resamples=resamples,
            batch=50,
            method="percentile",
            rng=1,
        )
        return float(found.standard_error)

    def ours(**options):
        return ratio_interval(b, c, resamples=resamples, random_state=1, **options).error

    seconds, found = race(
        {
            "scipy.stats.bootstrap, percentile": theirs,
            "crmlib, percentile": lambda: ours(method="percentile"),
            "crmlib, BCa": lambda: ours(method="bca"),
            "crmlib, percentile, 2,000 blocks": lambda: ours(method="percentile", blocks=2_000),
            "crmlib, delta method": lambda: ours(method="delta"),
        },
        rounds,
    )
    scipy_time = seconds["scipy.stats.bootstrap, percentile"]
    exact, blocks = seconds["crmlib, percentile"], seconds["crmlib, percentile, 2,000 blocks"]
    show(
        f"ROI bootstrap, {n:,} customers x {resamples:,} resamples",
        [
            ("scipy / crmlib exact", f"{scipy_time / exact:.1f}", "goal >= 2.5"),
            ("scipy / crmlib in blocks", f"{scipy_time / blocks:.0f}", "goal >= 10"),
            ("crmlib BCa / percentile", f"{seconds['crmlib, BCa'] / exact:.2f}", "goal <= 1.2"),
            *((f"standard error, {name}", f"{error:.5f}", "") for name, error in found.items()),
        ],
    )
    return {"seconds": seconds, "standard errors": found}


def problem(n, offers=5):
    rng = np.random.default_rng(0)
    cost = rng.uniform(1, 30, (n, offers)).round(2)
    chance = np.sort(rng.beta(2, 10, (n, offers)), axis=1)
    value = chance * rng.lognormal(5, 1, (n, 1)) - cost
    return value, cost, 0.15 * cost.mean() * n


def pdlp(value, cost, budget):
    """The linear relaxation by OR-tools' first-order solver."""
    from ortools.pdlp import solvers_pb2
    from ortools.pdlp.python import pdlp as solver
    from scipy import sparse

    n, offers = value.shape
    one = sparse.kron(sparse.eye_array(n), np.ones((1, offers)))
    rows = sparse.vstack([one, sparse.csr_array(cost.reshape(1, -1))])
    program = solver.QuadraticProgram()
    program.resize_and_initialize(n * offers, n + 1)
    program.objective_vector = -value.ravel()
    program.constraint_matrix = sparse.csc_matrix(rows)
    program.constraint_lower_bounds = np.full(n + 1, -np.inf)
    program.constraint_upper_bounds = np.append(np.ones(n), budget)
    program.variable_lower_bounds = np.zeros(n * offers)
    program.variable_upper_bounds = np.ones(n * offers)
    settings = solvers_pb2.PrimalDualHybridGradientParams()
    settings.num_threads = 1
    criteria = settings.termination_criteria.simple_optimality_criteria
    criteria.eps_optimal_relative = criteria.eps_optimal_absolute = 1e-4
    result = solver.primal_dual_hybrid_gradient(program, settings)
    return float(value.ravel() @ result.primal_solution)


def highs(value, cost, budget, time_limit):
    """The integer program by scipy's milp; None where it has no plan in time."""
    from scipy import sparse
    from scipy.optimize import Bounds, LinearConstraint, milp

    n, offers = value.shape
    one = sparse.kron(sparse.eye_array(n), np.ones((1, offers)), "csr")
    found = milp(
        -value.ravel(),
        integrality=np.ones(n * offers),
        bounds=Bounds(0, 1),
        constraints=[
            LinearConstraint(one, ub=np.ones(n)),
            LinearConstraint(cost.reshape(1, -1), ub=[budget]),
        ],
        options={"time_limit": time_limit, "mip_rel_gap": 1e-4},
    )
    return None if found.x is None else -float(found.fun)


def bench_plan(rounds, n=100_000, milp_limit=60.0):
    from crmlib.recovery import knapsack

    value, cost, budget = problem(n)
    seconds, _ = race({"crmlib": lambda: knapsack(value, cost, budget)}, max(rounds, 3))
    plan = knapsack(value, cost, budget)
    start = time.process_time()
    relaxed = pdlp(value, cost, budget)
    seconds["OR-tools PDLP, 1e-4"] = time.process_time() - start
    start = time.process_time()
    whole = highs(value, cost, budget, milp_limit)
    seconds["scipy milp, 1e-4"] = time.process_time() - start
    child = subprocess.run(
        [sys.executable, __file__, "million"], capture_output=True, text=True, check=True
    )
    million = json.loads(child.stdout)
    ours = seconds["crmlib"]
    show(
        f"Budgeted plan, {n:,} customers x 5 offers",
        [
            ("PDLP / crmlib", f"{seconds['OR-tools PDLP, 1e-4'] / ours:.0f}", "goal >= 100"),
            (
                "milp / crmlib",
                f"{seconds['scipy milp, 1e-4'] / ours:.0f}",
                f"{milp_limit:g} s limit",
            ),
            ("proven gap", f"{plan.gap:.1e}", "goal <= 1e-4"),
            ("PDLP's value over crmlib's bound - 1", f"{relaxed / plan.bound - 1:.1e}", ""),
            (
                "milp's value over crmlib's value - 1",
                "no plan" if whole is None else f"{whole / plan.value - 1:.1e}",
                "",
            ),
            ("1 M customers, knapsack: CPU seconds", f"{million['knapsack']:.2f}", "goal <= 1"),
            ("1 M customers, plan() with tables", f"{million['plan']:.2f}", "CPU seconds"),
            ("1 M customers, knapsack: peak GB", f"{million['gigabytes']:.2f}", "goal <= 0.6"),
            ("1 M customers, proven gap", f"{million['gap']:.1e}", ""),
        ],
    )
    return {"seconds": seconds, "gap": plan.gap, "million": million}


def bench_limits(_rounds):
    """Caps and floors beside the one linear relaxation that scipy's HiGHS would need."""
    from crmlib.recovery import solve_constrained
    from crmlib.recovery.constrained import _program, _relaxation
    from crmlib.recovery.priced import Problem

    rows, figures = [], {}
    for n in (10_000, 100_000, 1_000_000):
        value, cost, budget, limits = limited(n)
        start = time.process_time()
        plan = solve_constrained(value, cost, budget, limits)
        seconds = time.process_time() - start
        figures[n] = {"seconds": seconds, "gap": plan.gap}
        rows.append((f"{n:,} customers: CPU seconds", f"{seconds:.1f}", f"gap {plan.gap:.1e}"))
        if n > 10_000:
            continue  # the relaxation alone takes minutes
        whole = Problem(
            value,
            (cost, *(limit.usage for limit in limits)),
            np.array([-np.inf, *(limit.least for limit in limits)]),
            np.array([budget, *(limit.most for limit in limits)]),
        )
        start = time.process_time()
        _, bound, _ = _relaxation(_program(whole, ["budget", *(one.name for one in limits)]))
        figures["relaxation"] = time.process_time() - start
        rows.append(
            ("  HiGHS, relaxation only / crmlib", f"{figures['relaxation'] / seconds:.1f}", "")
        )
        rows.append(("  crmlib's bound / HiGHS's - 1", f"{plan.bound / bound - 1:.1e}", ""))
    show("Plan with two caps and three floors, 5 offers", rows)
    return figures


def limited(n):
    """The problem of `problem` with call-center hours, a spill-over cap and floors by group."""
    from crmlib.recovery import Limit

    value, cost, budget = problem(n)
    rng = np.random.default_rng(1)
    group = rng.integers(0, 3, n)
    limits = [
        Limit("hours", np.array([0.0, 0.1, 0.3, 0.3, 0.5]), most=0.06 * n),
        Limit("spill-over", rng.uniform(0, 3, (n, 5)), most=0.3 * n),
    ]
    for g, share in enumerate((0.25, 0.4, 0.3)):
        member = (group == g)[:, None].astype(float)
        limits.append(Limit(f"group {g}", member, least=share * n / 3))
    return value, cost, budget, limits


def peak_gigabytes():
    """Peak memory of this process; the getrusage figure would include the one that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) / 1e6
    import resource

    scale = 1e9 if sys.platform == "darwin" else 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale


def million():
    """One million customers, alone in a process, so that its memory can be read."""
    import pandas as pd

    from crmlib.recovery import knapsack
    from crmlib.recovery import plan as make_plan

    value, cost, budget = problem(1_000_000)
    times = []
    for _ in range(3):
        start = time.process_time()
        found = knapsack(value, cost, budget)
        times.append(time.process_time() - start)
    peak = peak_gigabytes()
    rng = np.random.default_rng(0)
    n = len(value)
    names = [f"offer {j}" for j in range(5)]
    lost = pd.DataFrame({"if_back": rng.lognormal(5, 1, n), "unasked": rng.beta(1, 20, n)})
    offers = pd.DataFrame({"contact_cost": 1.0, "offer_cost": [0.0, 5, 10, 20, 40]}, index=names)
    chances = pd.DataFrame(np.sort(rng.beta(2, 10, (n, 5)), axis=1), columns=names)
    tables = []
    for _ in range(3):
        start = time.process_time()
        make_plan(lost, offers, chances, budget=budget)
        tables.append(time.process_time() - start)
    print(
        json.dumps(
            {"knapsack": median(times), "plan": median(tables), "gigabytes": peak, "gap": found.gap}
        )
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="*", default=["emp", "bootstrap", "plan", "limits"])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", metavar="FILE", help="also write the figures to a file")
    options = parser.parse_args()
    if options.what == ["million"]:
        million()
        return
    known = {
        "emp": bench_emp,
        "bootstrap": bench_bootstrap,
        "plan": bench_plan,
        "limits": bench_limits,
    }
    unknown = [name for name in options.what if name not in known]
    if unknown:
        parser.error(f"unknown benchmark {unknown[0]!r}; there are {', '.join(known)}")
    print(", ".join(f"{name} {found}" for name, found in versions().items()))
    figures = {name: known[name](options.rounds) for name in options.what}
    if options.json:
        text = json.dumps({"versions": versions(), **figures}, indent=1)
        Path(options.json).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
