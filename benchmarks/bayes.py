"""Bayesian networks beside pgmpy, pyAgrum and CategoricalNB: learning, prediction, explanation.

    python benchmarks/bayes.py                              (7 k, 100 k and 1 M rows)
    python benchmarks/bayes.py --rows 7000 --only crmlib pyagrum
    python benchmarks/bayes.py --telco ibm-telco-v1.csv     (quality instead of speed)

Peers: benchmarks/requirements-bayes.txt. One thread; times are CPU seconds, medians of runs in
which the libraries take turns; slow peers predict fewer rows and are compared per row. Every
peer's posterior is checked against crmlib's first.
"""

import argparse
import ast
import os
import subprocess
import sys
import tempfile
import time
import tracemalloc
import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from crmlib.bayes import BayesNetClassifier, reliability
from crmlib.bayes.climb import FamilyScores, Limits, complete_rows, hill_climb
from crmlib.bayes.learn import learn_tables, with_class
from crmlib.bayes.scores import bic
from crmlib.bayes.structure import given_edges, naive, tan
from crmlib.counts import Attribute, Codes, Encoder

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
COLUMNS = 20
CLASS = Attribute("class", ("no", "yes"))


def planted(rows, seed=0):
    """Return codes of 20 dependent attributes (4 or 8 states) and their class."""
    rng = np.random.default_rng(seed)
    target = rng.integers(0, 2, rows)
    matrix = np.empty((COLUMNS, rows), np.uint8)
    before = target
    attributes = []
    for column in range(COLUMNS):
        states = 8 if column % 2 else 4
        told = (before * 3 + target * 2 + column) % states
        matrix[column] = np.where(rng.random(rows) < 0.35, told, rng.integers(0, states, rows))
        before = matrix[rng.integers(0, column + 1)].astype(int)
        levels = tuple("abcdefgh"[:states])
        attributes.append(Attribute(f"x{column:02}", levels))
    return Codes(matrix, tuple(attributes), pd.RangeIndex(rows)), target.astype(np.uint8)


@dataclass
class Task:
    """A function of a library, and how many of the rows it treats."""

    library: str
    run: object
    rows: int = 0


def compare(title, tasks, rows, rounds=3):
    """Run the libraries in turns, and print CPU seconds per call and the ratio to crmlib's."""
    taken = {task.library: [] for task in tasks}
    for turn in range(rounds):
        for task in tasks:
            if turn and min(taken[task.library]) > 10:
                continue  # slow enough to be measured once
            start = time.process_time()
            task.run()
            taken[task.library].append(time.process_time() - start)
    per_row = {task.library: np.median(taken[task.library]) / (task.rows or rows) for task in tasks}
    ours = per_row["crmlib"]
    cells = []
    for task in tasks:
        seconds = np.median(taken[task.library])
        some = f" for {task.rows:,}" if task.rows not in (0, rows) else ""
        ratio = "" if task.library == "crmlib" else f", {per_row[task.library] / ours:,.1f}x"
        cells.append(f"{task.library} {seconds:.4g} s{some}{ratio}")
    print(f"{rows:>9,}  {title:<28} {' | '.join(cells)}", flush=True)


def benchmark(rows, only):
    codes, target = planted(rows)
    table = with_class(codes, target, CLASS)
    place = COLUMNS
    labels = np.array(["no", "yes"])[target]
    model = BayesNetClassifier("tan").fit(codes, labels)
    network = model.network_
    frame = table.decode()
    pgmpy = Pgmpy(frame, table) if "pgmpy" in only else None
    agrum = Agrum(frame, network) if "pyagrum" in only else None

    tasks = [Task("crmlib", lambda: tan(table, place))]
    if pgmpy and rows <= 100_000:
        tasks.append(Task("pgmpy", pgmpy.tan))
    compare("TAN structure", tasks, rows)

    def climb(starts):
        hill_climb(FamilyScores(table, bic), Limits(), starts=starts)

    tasks = [Task("crmlib", lambda: climb(8))]
    if pgmpy and rows <= 100_000:
        tasks.append(Task("pgmpy", pgmpy.climb))
    if agrum:
        tasks.append(Task("pyagrum", agrum.climb))
    compare("hill-climb, BIC, 8 starts", tasks, rows, rounds=1 if rows > 100_000 else 3)
    tasks[0] = Task("crmlib", lambda: climb(1))
    tasks = [task for task in tasks if task.library != "pgmpy"]  # the same search as above
    compare("hill-climb, BIC, 1 start", tasks, rows, rounds=1)

    tasks = [Task("crmlib", lambda: learn_tables(table, network.parents, "bdeu", 10.0, 10**6))]
    if pgmpy:
        tasks.append(Task("pgmpy", lambda: pgmpy.fit(network)))
    if agrum:
        tasks.append(Task("pyagrum", agrum.fit))
    compare("tables of a TAN", tasks, rows)

    if "sklearn" in only:
        from sklearn.naive_bayes import CategoricalNB

        matrix = np.ascontiguousarray(codes.matrix.T)
        other = CategoricalNB(min_categories=[len(a.levels) for a in codes.attributes])
        other.fit(matrix, target)
        plain = naive(COLUMNS + 1, COLUMNS)
        compare(
            "naive Bayes, fit",
            [
                Task("crmlib", lambda: learn_tables(table, plain, "laplace", 1.0, 10**6)),
                Task("sklearn", lambda: other.fit(matrix, target)),
            ],
            rows,
        )
        mine = BayesNetClassifier("naive", prior="laplace").fit(codes, labels)
        # CategoricalNB does not smooth the class.
        np.testing.assert_allclose(
            mine.predict_proba(codes), other.predict_proba(matrix), atol=1e-3
        )
        compare(
            "naive Bayes, predict",
            [
                Task("crmlib", lambda: mine.predict_proba(codes)),
                Task("sklearn", lambda: other.predict_proba(matrix)),
            ],
            rows,
        )

    rng = np.random.default_rng(1)
    missing = np.array([len(a.levels) for a in codes.attributes], dtype=np.uint8)
    three, gaps = codes.matrix.copy(), codes.matrix.copy()
    three[[2, 7, 11]] = missing[[2, 7, 11], None]
    holes = rng.random(gaps.shape) < 0.1
    gaps[holes] = np.broadcast_to(missing[:, None], gaps.shape)[holes]
    few = min(rows, 300)
    cases = [("complete", codes.matrix), ("3 columns missing", three), ("10 % random gaps", gaps)]
    for title, matrix in cases:
        part = Codes(matrix, codes.attributes, codes.index)
        tasks = [Task("crmlib", lambda part=part: fresh(network).predict_proba(part))]
        some = part.take(np.arange(few)).decode()
        ours = model.predict_proba(part.take(np.arange(few)))
        for library in (pgmpy, agrum):
            if library:
                library.load(network)
                found = library.predict(some)
                gap = np.abs(found - ours).max()
                assert gap < 1e-12, (library.name, gap)
                tasks.append(Task(library.name, lambda lib=library, f=some: lib.predict(f), few))
        compare(f"predict, {title}", tasks, rows)

    if rows <= 100_000:
        start = time.process_time()
        filled = BayesNetClassifier("tan", missing="em").fit(part, labels)
        taken = time.process_time() - start
        print(
            f"{rows:>9,}  TAN with EM, 10 % gaps       {taken:.2f} s for {filled.n_iter_} passes "
            "(CPU; pgmpy drops such rows)"
        )

    # A row of text, as a call center has it; what the classifier learned from does not matter.
    row = codes.take(np.array([3])).decode().astype(object)
    some = np.arange(min(rows, 100_000))
    plain = BayesNetClassifier("tan").fit(codes.take(some).decode().astype(object), labels[some])
    first = timed(lambda: plain.explain(row))
    again = np.median([timed(lambda: plain.explain(row)) for _ in range(9)])
    print(
        f"{rows:>9,}  explain one customer         first {first * 1e3:.1f} ms, "
        f"then {again * 1e3:.1f} ms (CPU)"
    )
    tracemalloc.start()
    for title, call in (
        ("fit TAN", lambda: BayesNetClassifier("tan").fit(codes, labels)),
        ("predict", lambda: model.predict_proba(codes)),
        ("predict with gaps", lambda: model.predict_proba(part)),
    ):
        tracemalloc.reset_peak()
        base = tracemalloc.get_traced_memory()[0]
        call()
        peak = tracemalloc.get_traced_memory()[1] - base
        size = codes.matrix.nbytes
        print(
            f"{rows:>9,}  memory, {title:<20} {peak / 2**20:.1f} MiB, {peak / size:.2f}x the codes"
        )
    tracemalloc.stop()


def fresh(network):
    """Return a classifier that has prepared nothing yet."""
    return BayesNetClassifier.from_network(network, "class")


def timed(call):
    start = time.process_time()
    call()
    return time.process_time() - start


class Pgmpy:
    name = "pgmpy"

    def __init__(self, frame, table):
        import logging

        logging.getLogger("pgmpy").setLevel(logging.ERROR)
        self.frame = frame
        # Whole numbers are its faster input for trees.
        self.numbers = pd.DataFrame(table.matrix.T.astype(int), columns=list(table.names))

    def tan(self):
        from pgmpy.estimators import TreeSearch

        TreeSearch(self.numbers, root_node="x00", n_jobs=1).estimate(
            estimator_type="tan", class_node="class", show_progress=False
        )

    def climb(self):
        from pgmpy.causal_discovery import HillClimbSearch

        data = self.frame.astype("category")
        HillClimbSearch(
            scoring_method="bic-d", max_indegree=4, return_type="dag", show_progress=False
        ).fit(data)

    def fit(self, network):
        from pgmpy.models import DiscreteBayesianNetwork
        from pgmpy.parameter_estimator import DiscreteBayesianEstimator

        model = DiscreteBayesianNetwork(network.edges)
        model.fit(self.frame, estimator=DiscreteBayesianEstimator(equivalent_sample_size=10))

    def load(self, network):
        from pgmpy.inference import VariableElimination

        self.model = network.to_pgmpy()
        self.engine = VariableElimination(self.model)

    def predict(self, frame):
        """Predict by `predict_probability` where it can: whole columns missing, no gaps."""
        known = frame.loc[:, frame.notna().all()]
        if (
            known.shape[1] + 3 >= frame.shape[1]
            and frame[frame.columns.difference(known.columns)].isna().all().all()
        ):
            found = self.model.predict_probability(known.astype(str))
            return found[["class_no", "class_yes"]].to_numpy()
        out = []
        for row in frame.astype(object).to_dict("records"):
            seen = {name: value for name, value in row.items() if pd.notna(value)}
            answer = self.engine.query(["class"], evidence=seen, show_progress=False)
            order = [answer.state_names["class"].index(s) for s in ("no", "yes")]
            out.append(np.asarray(answer.values)[order])
        return np.array(out)


class Agrum:
    name = "pyagrum"

    def __init__(self, frame, network):
        import pyagrum as gum

        gum.setNumberOfThreads(1)
        self.gum, self.frame = gum, frame.astype(str)
        self.load(network)

    def climb(self):
        learner = self.gum.BNLearner(self.frame, self.bayes)
        learner.useGreedyHillClimbing()
        learner.useScoreBIC()
        learner.useNoPrior()
        learner.setMaxIndegree(4)
        learner.learnBN()

    def fit(self):
        learner = self.gum.BNLearner(self.frame, self.bayes)
        learner.useBDeuPrior(10)
        learner.learnParameters(self.bayes.dag())

    def load(self, network):
        bayes = self.gum.BayesNet()
        for attribute in network.attributes:
            labels = [str(level) for level in attribute.levels]
            bayes.add(self.gum.LabelizedVariable(attribute.name, attribute.name, labels))
        for parent, child in network.edges:
            bayes.addArc(parent, child)
        for v, (name, parents) in enumerate(zip(network.names, network.parents, strict=True)):
            cpt = bayes.cpt(name)
            family = [network.names[p] for p in parents] + [name]
            names = list(cpt.names)  # first varies fastest when filled
            order = [family.index(each) for each in reversed(names)]
            cpt.fillWith(network.tables[v].transpose(order).ravel().tolist())
        self.bayes = bayes
        self.engine = self.gum.LazyPropagation(bayes)
        self.engine.setTargets({"class"})

    def predict(self, frame):
        out = []
        for row in frame.astype(object).to_dict("records"):
            self.engine.setEvidence({n: str(v) for n, v in row.items() if pd.notna(v)})
            out.append(self.engine.posterior("class").toarray())
        return np.array(out)


def quality(path):
    """Print BIC of searches, and AUC and log loss of classifiers, on IBM Telco."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss, roc_auc_score
    from sklearn.model_selection import cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    frame = pd.read_csv(path).drop(columns="customerID")
    frame["TotalCharges"] = pd.to_numeric(frame["TotalCharges"], errors="coerce")
    frame["SeniorCitizen"] = frame["SeniorCitizen"].astype(str)
    codes, _ = complete_rows(Encoder(n_bins=5).fit_encode(frame))
    scores = FamilyScores(codes, bic)
    for starts, patience in ((1, 0), (8, 0), (8, 10)):
        start = time.process_time()
        scores.known.clear()
        found = hill_climb(scores, Limits(), starts=starts, patience=patience)
        taken = time.process_time() - start
        total = scores.total(found)
        print(f"crmlib  {starts} starts, patience {patience:<2}  BIC {total:,.1f}  {taken:.2f} s")
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "codes.csv")
        codes.decode().astype(str).to_csv(data, index=False)
        for seed in range(5):
            total = scores.total(given_edges(_pgmpy_edges(data, seed), codes.names))
            print(f"pgmpy   hash seed {seed}            BIC {total:,.1f}", flush=True)
    X, y = frame.drop(columns="Churn"), frame["Churn"]
    structures = ("naive", "tan", "augmented", "hill-climb", "forest")
    models = {name: BayesNetClassifier(name, n_bins=5) for name in structures}
    models["logistic regression"] = make_pipeline(
        Encoder(n_bins=5), OneHotEncoder(handle_unknown="ignore"), LogisticRegression(max_iter=2000)
    )
    for name, model in models.items():
        p = cross_val_predict(model, X, y, method="predict_proba", cv=5)[:, 1]
        found = reliability(y, p)
        print(
            f"{name:<20} AUC {roc_auc_score(y, p):.3f}  log loss {log_loss(y, p):.3f}  "
            f"calibration error {found.calibration_error:.3f}"
        )


def _pgmpy_edges(data, seed):
    """Return the edges pgmpy finds with one hash seed."""
    code = (
        "import warnings; warnings.simplefilter('ignore')\n"
        "import pandas as pd\n"
        "from pgmpy.causal_discovery import HillClimbSearch\n"
        f"data = pd.read_csv({str(data)!r}, dtype=str).astype('category')\n"
        "search = HillClimbSearch(scoring_method='bic-d', max_indegree=4, return_type='dag',\n"
        "                         show_progress=False).fit(data)\n"
        "print(sorted(search.causal_graph_.edges()))\n"
    )
    env = {**os.environ, "PYTHONHASHSEED": str(seed)}
    ran = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    return ast.literal_eval(ran.stdout.strip().splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=[7_000, 100_000, 1_000_000])
    libraries = ["crmlib", "pgmpy", "pyagrum", "sklearn"]
    there = [name for name in libraries if find_spec(name)]
    parser.add_argument("--only", nargs="+", choices=libraries, default=there)
    parser.add_argument("--telco", help="IBM Telco as CSV: compare quality instead of speed")
    options = parser.parse_args()
    if not ONE_THREAD.items() <= os.environ.items():  # read when NumPy loads: start again
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **ONE_THREAD})
    warnings.simplefilter("ignore")
    if options.telco:
        quality(options.telco)
        return
    for rows in options.rows:
        benchmark(rows, set(options.only))


if __name__ == "__main__":
    main()
