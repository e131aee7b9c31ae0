"""Weighted-entropy ID3 beside its peers: time, memory and quality, as ratios within this run.

    python benchmarks/tree.py                  # everything (about ten minutes on two cores)
    python benchmarks/tree.py fit --rows 100000
    python benchmarks/tree.py encode table quality

Each figure is the median of interleaved rounds in one process with one thread, so a noisy machine
slows everyone alike; only ratios mean something. Peers that are not installed are left out and
named. See README.md beside this file.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

warnings.filterwarnings("ignore")
FEATURES, DEPTH, NOISE = 20, 4, 0.1
PACKAGES = ("numpy", "pandas", "scikit-learn", "numba", "lightgbm", "xgboost", "snapml", "duckdb")


def planted(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Codes of 20 attributes of 2 to 12 values and a class from a multiway tree with noise.

    The tree is the same for every seed and size; the seed draws rows and noise.
    """
    shape = np.random.default_rng(20)
    sizes = np.resize(np.arange(2, 13), FEATURES)
    rng = np.random.default_rng([seed, n])
    codes = np.stack([rng.integers(0, size, n, dtype=np.uint8) for size in sizes])
    label = np.zeros(n, dtype=np.uint8)
    pending = [(np.arange(n), list(range(FEATURES)))]
    while pending:
        rows, free = pending.pop()
        if len(free) == FEATURES - DEPTH:
            label[rows] = shape.random() < 0.5
            continue
        split = int(shape.choice(free))
        rest = [a for a in free if a != split]
        for value in range(sizes[split]):
            pending.append((rows[codes[split, rows] == value], rest))
    return codes, label ^ (rng.random(n) < NOISE).astype(np.uint8)


def rounds(tasks: dict[str, Callable[[], Any]], repeats: int) -> dict[str, float]:
    """Run all tasks in turn, again and again, and return each one's median seconds."""
    for task in tasks.values():
        task()  # compile, load, allocate
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(repeats):
        for name, task in tasks.items():
            start = time.perf_counter()
            task()
            times[name].append(time.perf_counter() - start)
    return {name: float(np.median(values)) for name, values in times.items()}


def report(title: str, seconds: dict[str, float], ours: str) -> None:
    print(f"\n{title}")
    for name, value in seconds.items():
        ratio = "" if name == ours else f"   {value / seconds[ours]:7.2f} x {ours}"
        print(f"  {name:34s}{1000 * value:11.2f} ms{ratio}")


def models() -> dict[str, Any]:
    """Return what each installed peer fits: one tree, one thread, comparable size."""
    found: dict[str, Any] = {}
    from sklearn.tree import DecisionTreeClassifier

    found["scikit-learn"] = lambda: DecisionTreeClassifier(
        criterion="entropy", max_depth=8, random_state=0
    )
    try:
        import lightgbm

        found["LightGBM fit, one tree"] = lambda: lightgbm.LGBMClassifier(
            n_estimators=1, num_leaves=255, max_depth=8, n_jobs=1, verbose=-1, learning_rate=1.0
        )
    except ImportError:
        pass
    try:
        from snapml import DecisionTreeClassifier as Snap

        found["snapml"] = lambda: Snap(max_depth=8, n_jobs=1, use_histograms=True, random_state=0)
    except ImportError:
        pass
    try:
        import xgboost

        found["XGBoost, one tree"] = lambda: xgboost.XGBClassifier(
            n_estimators=1, max_depth=8, n_jobs=1, tree_method="hist", learning_rate=1.0
        )
    except ImportError:
        pass
    return found


def coded(codes: np.ndarray) -> Any:
    from crmlib.counts import Attribute, Codes

    attributes = tuple(
        Attribute(f"f{a}", tuple(range(int(row.max()) + 1)), dtype="int64")
        for a, row in enumerate(codes)
    )
    return Codes(codes, attributes, pd.RangeIndex(codes.shape[1]))


def fit(rows: list[int], repeats: int) -> None:
    """Fit and predict from codes, everyone from the form it likes best."""
    for n in rows:
        _fit(n, repeats if n < 1_000_000 else max(3, repeats // 2))


def _fit(n: int, repeats: int) -> None:
    from crmlib.tree import WeightedID3Classifier

    matrix, y = planted(n)
    ours, floats = coded(matrix), np.ascontiguousarray(matrix.T).astype(np.float32)
    engines = {
        "crmlib, numba": WeightedID3Classifier(max_depth=DEPTH, engine="numba"),
        "crmlib, NumPy": WeightedID3Classifier(max_depth=DEPTH, engine="numpy"),
    }
    tasks: dict[str, Callable[[], Any]] = {
        name: (lambda model=model: model.fit(ours, y)) for name, model in engines.items()
    }
    peers = {name: make() for name, make in models().items()}
    tasks |= {name: (lambda peer=peer: peer.fit(floats, y)) for name, peer in peers.items()}
    binned = _binned(floats, y)
    if binned:
        tasks["LightGBM, binned before"] = binned
    report(f"fit {n:,} x {FEATURES}", rounds(tasks, repeats), "crmlib, numba")
    print(f"  nodes of ours: {len(engines['crmlib, numba'].tree_):,}")
    asked: dict[str, Callable[[], Any]] = {
        name: (lambda model=model: model.predict(ours)) for name, model in engines.items()
    }
    asked |= {name: (lambda peer=peer: peer.predict(floats)) for name, peer in peers.items()}
    report(f"predict {n:,} rows", rounds(asked, repeats), "crmlib, numba")


def _binned(floats: np.ndarray, y: np.ndarray) -> Callable[[], Any] | None:
    try:
        import lightgbm
    except ImportError:
        return None
    data = lightgbm.Dataset(floats, y, free_raw_data=False).construct()
    options = {
        "objective": "binary", "num_leaves": 255, "max_depth": 8, "num_threads": 1,
        "verbose": -1, "learning_rate": 1.0,
    }  # fmt: skip
    return lambda: lightgbm.train(options, data, num_boost_round=1)


def raw(rows: list[int], repeats: int) -> None:
    """Fit from a DataFrame of strings, encoding included."""
    for n in rows:
        _raw(n, max(2, repeats // 4))


def _raw(n: int, repeats: int) -> None:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    from crmlib.tree import WeightedID3Classifier

    matrix, y = planted(n)
    frame = _strings(matrix)
    tasks: dict[str, Callable[[], Any]] = {
        "crmlib": lambda: WeightedID3Classifier(max_depth=DEPTH).fit(frame, y)
    }
    for name, make in models().items():
        tasks[f"OrdinalEncoder + {name}"] = lambda make=make: make_pipeline(
            OrdinalEncoder(dtype=np.float32), make()
        ).fit(frame, y)
    report(f"fit from strings, {n:,} x {FEATURES}", rounds(tasks, repeats), "crmlib")


def _strings(matrix: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {f"f{a}": np.array([f"value {v}" for v in range(13)])[row] for a, row in enumerate(matrix)}
    )


def encode(rows: list[int], repeats: int) -> None:
    """Code strings beside Arrow's dictionary encoding of the same columns."""
    import pyarrow as pa

    from crmlib.counts import Encoder

    n = max(rows)
    frame = _strings(planted(n)[0])
    encoder = Encoder().fit(frame)
    tasks = {
        "pyarrow dictionary_encode": lambda: [
            pa.array(frame[name]).dictionary_encode() for name in frame
        ],
        "crmlib Encoder.fit_encode": lambda: Encoder().fit_encode(frame),
        "crmlib Encoder.encode": lambda: encoder.encode(frame),
    }
    report(
        f"encode {n:,} x {FEATURES} strings", rounds(tasks, repeats), "pyarrow dictionary_encode"
    )


def quality(rows: list[int], _repeats: int) -> None:
    """AUC on new rows of the planted tree, and on IBM Telco if CRMLIB_DATA holds it."""
    from sklearn.metrics import roc_auc_score

    from crmlib.tree import WeightedID3Classifier

    n = min(100_000, max(rows))
    matrix, y = planted(n)
    new, truth = planted(50_000, seed=1)
    print(f"\nAUC on new rows, planted tree, {n:,} training rows")
    for name, options in {
        "crmlib, depth 4": {"max_depth": DEPTH},
        "crmlib, depth 8, reduced error": {
            "max_depth": 8, "pruning": "reduced_error", "random_state": 0,
        },
        "crmlib, chi-square .001": {"chi2_alpha": 0.001},
    }.items():  # fmt: skip
        model = WeightedID3Classifier(**options).fit(coded(matrix), y)
        share = model.predict_proba(coded(new))[:, 1]
        print(f"  {name:34s}{roc_auc_score(truth, share):.4f}")
    for name, make in models().items():
        model = make().fit(matrix.T.astype(np.float32), y)
        share = model.predict_proba(new.T.astype(np.float32))[:, 1]
        print(f"  {name:34s}{roc_auc_score(truth, share):.4f}")
    _telco()


def _telco() -> None:
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import OrdinalEncoder

    from crmlib.tree import WeightedID3Classifier

    path = Path(os.environ.get("CRMLIB_DATA", "")) / "ibm-telco-v1.csv"
    if not path.is_file():
        print("  IBM Telco: CRMLIB_DATA does not hold ibm-telco-v1.csv, left out")
        return
    frame = pd.read_csv(path)
    frame["TotalCharges"] = pd.to_numeric(frame["TotalCharges"], errors="coerce")
    X, y = frame.drop(columns=["customerID", "Churn"]), (frame["Churn"] == "Yes").astype(int)
    text = X.select_dtypes(exclude="number").columns
    numbers = X.fillna({"TotalCharges": 0})
    numbers[text] = OrdinalEncoder().fit_transform(X[text])
    options = {
        "crmlib, depth 3": {"max_depth": 3},
        "crmlib, chi-square .001": {"chi2_alpha": 0.001, "min_samples_leaf": 20},
        "crmlib, MDL, gain ratio, pruned": {
            "bins": "mdl", "criterion": "gain_ratio", "pruning": "cost_complexity",
            "ccp_alpha": 0.001,
        },
    }  # fmt: skip
    found: dict[str, list[float]] = {}
    for seed in range(5):
        train, test = train_test_split(
            np.arange(len(y)), test_size=0.3, stratify=y, random_state=seed
        )
        for name, parameters in options.items():
            model = WeightedID3Classifier(**parameters).fit(X.iloc[train], y[train])
            score = roc_auc_score(y[test], model.predict_proba(X.iloc[test])[:, 1])
            found.setdefault(name, []).append(score)
        for name, make in models().items():
            model = make().fit(numbers.iloc[train].to_numpy(), y[train].to_numpy())
            score = roc_auc_score(y[test], model.predict_proba(numbers.iloc[test].to_numpy())[:, 1])
            found.setdefault(name, []).append(score)
    print("\nAUC on IBM Telco, mean of five splits 70:30")
    for name, scores in found.items():
        print(f"  {name:34s}{np.mean(scores):.4f}")


#: Runs in a process of its own, so that its peak is its own. Prints JSON.
_MEMORY = """
import json, sys
sys.path.insert(0, {here!r})
import tree as bench
import numpy as np
from crmlib.tree import WeightedID3Classifier
matrix, y = bench.planted({n})
def status(field):
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))
small, label = bench.planted(20_000)
which = {which!r}
if which.startswith("crmlib"):
    engine = which.split()[1]
    model = WeightedID3Classifier(max_depth=4, engine=engine)
    data, warm = bench.coded(matrix), bench.coded(small)
else:
    model = bench.models()[which]()
    data = np.ascontiguousarray(matrix.T).astype(np.float32)
    warm = np.ascontiguousarray(small.T).astype(np.float32)
model.fit(warm, label)
open("/proc/self/clear_refs", "w").write("5")  # Linux: forget the peak so far
before = status("VmRSS")
model.fit(data, y)
print(json.dumps({{"extra MB": status("VmHWM") - before, "matrix MB": matrix.nbytes / 2**20}}))
"""


def memory(rows: list[int], _repeats: int) -> None:
    """Peak memory a fit adds, each in its own process (Linux)."""
    n = max(rows)
    print(f"\nextra memory of a fit, {n:,} x {FEATURES}")
    here = str(Path(__file__).parent)
    for which in ["crmlib numba", "crmlib numpy", *models()]:
        code = _MEMORY.format(here=here, n=n, which=which)
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False
        )
        if done.returncode:
            print(f"  {which:34s}failed: {done.stderr.strip().splitlines()[-1]}")
            continue
        found = json.loads(done.stdout.splitlines()[-1])
        ratio = found["extra MB"] / found["matrix MB"]
        print(f"  {which:34s}{found['extra MB']:8.1f} MB = {ratio:5.2f} x the codes as uint8")


_TABLE = """
import json, time
import ibis
import numpy as np
from crmlib.tree import WeightedID3Classifier
def peak():  # of this process alone: ru_maxrss starts from the parent's
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
WeightedID3Classifier(engine="numba").fit(np.eye(9), np.arange(9) % 2)
connection = ibis.duckdb.connect()
connection.raw_sql("SET memory_limit = '{limit}MB'")
connection.raw_sql("SET threads = 1")
connection.raw_sql("SET enable_progress_bar = false")
connection.raw_sql("SET preserve_insertion_order = false")
table = connection.read_parquet({path!r})
before = peak()
start = time.perf_counter()
model = WeightedID3Classifier(max_depth=4, engine="numba").fit_table(table, "y"{more})
seconds = time.perf_counter() - start
found = {{"seconds": seconds, "peak MB": peak(), "libraries MB": before}}
print(json.dumps(found | {{"nodes": len(model.tree_)}}))
"""


def table(rows: list[int], _repeats: int) -> None:
    """Fit from a Parquet file that does not fit into the memory DuckDB is allowed."""
    n = 10 * max(rows)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "customers.parquet")
        _write(path, n)
        size = Path(path).stat().st_size / 2**20
        loaded = n * (FEATURES + 1) / 2**20
        print(f"\nfit_table, {n:,} x {FEATURES} ({size:.0f} MB Parquet, {loaded:.0f} MB of codes)")
        for name, limit, more in (
            ("DuckDB, limit 200 MB", 200, ""),
            ("streamed, DuckDB limit 200 MB", 200, ", stream=True"),
        ):
            code = _TABLE.format(limit=limit, path=path, more=more)
            done = subprocess.run(
                [sys.executable, "-c", code], capture_output=True, text=True, check=False
            )
            if done.returncode:
                print(f"  {name:34s}failed: {done.stderr.strip().splitlines()[-1]}")
                continue
            found = json.loads(done.stdout.splitlines()[-1])
            print(
                f"  {name:34s}{found['seconds']:8.2f} s  peak {found['peak MB']:6.0f} MB, "
                f"libraries {found['libraries MB']:.0f} MB of it  {found['nodes']:,} nodes"
            )


def _write(path: str, n: int) -> None:
    """Write planted rows as strings, piece by piece."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    words = pa.array([f"value {v}" for v in range(13)])
    writer = None
    for start in range(0, n, 1_000_000):
        matrix, y = planted(min(1_000_000, n - start), seed=start)
        columns = {
            f"f{a}": pa.DictionaryArray.from_arrays(pa.array(row), words).cast(pa.string())
            for a, row in enumerate(matrix)
        }
        piece = pa.table(columns | {"y": pa.array(y.astype(np.int32))})
        writer = writer or pq.ParquetWriter(path, piece.schema, use_dictionary=False)
        writer.write_table(piece, row_group_size=250_000)
    assert writer is not None
    writer.close()


PARTS = {
    "fit": fit, "raw": raw, "encode": encode, "quality": quality, "memory": memory, "table": table,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="what to run; all of it")
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--repeats", type=int, default=9)
    options = parser.parse_args()
    print("python", sys.version.split()[0], "on", os.cpu_count(), "cores, one thread each")
    for package in PACKAGES:
        try:
            print(f"{package} {version(package)}", end="  ")
        except PackageNotFoundError:
            print(f"{package}: not installed", end="  ")
    print()
    with threadpool_limits(1):
        for part in options.parts or PARTS:
            PARTS[part](options.rows, options.repeats)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak of this process {peak:,.0f} MB")


if __name__ == "__main__":
    main()
