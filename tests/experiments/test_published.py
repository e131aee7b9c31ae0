"""Published numbers stand beside ours, and kept results are what their manifest says."""

import hashlib
import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from crmlib.cli import main
from crmlib.experiments import (
    Claim,
    Source,
    as_text,
    compare,
    experiments,
    find,
    ranks,
    report,
    run,
    shelf,
    stored,
)
from crmlib.experiments.shelf import stored_folder

KEPT = [name for name in experiments() if stored_folder(name).is_dir()]


@pytest.mark.parametrize("name", KEPT)
def test_kept_results_are_whole_and_of_this_experiment(name):
    results = stored(name)  # refuses numbers that are not those of the manifest
    assert results.manifest["experiment"] == name
    assert {"commit", "versions", "hardware", "data"} <= results.manifest.keys()
    declared = find(name)
    workers = {one.name for one in (*declared.models, *declared.readings)}
    assert set(results.numbers["model"]) <= workers


def test_kept_results_are_small():
    sizes = {
        folder.name: sum(path.stat().st_size for path in folder.iterdir())
        for folder in stored_folder("c50-rules").parent.iterdir()
        if folder.is_dir()
    }
    assert max(sizes.values()) < 250_000
    assert sum(sizes.values()) < 600_000


@pytest.mark.parametrize("name", ["c50-rules", "ecsi-mobi", "corporate-reputation"])
def test_a_run_gives_the_numbers_that_are_kept(name):
    try:
        results = run(find(name))
    except FileNotFoundError as error:
        pytest.skip(str(error).splitlines()[0])
    kept = stored(name).numbers
    assert results.numbers["measure"].tolist() == kept["measure"].tolist()
    assert results.numbers["value"].tolist() == pytest.approx(kept["value"].tolist(), abs=1e-8)


def test_c50s_counts_are_exact():
    assert compare(find("c50-rules"), stored("c50-rules")).verdicts.to_dict() == {"reproduced": 12}


@pytest.mark.parametrize("name", sorted(experiments()))
def test_every_published_number_says_where_it_stands(name):
    for claim in find(name).claims:
        assert claim.source.text
        assert claim.source.where


def test_a_number_nobody_has_seen_is_unverified_however_near_it_is():
    source = Source("Somebody (1999)", "remembered", "unverified")
    declared = find("c50-rules")
    claim = Claim("customers", 2221, 0, source, "Rule 1")
    table = compare(replace(declared, claims=(claim,)), stored("c50-rules")).table
    assert table["verdict"].item() == "unverified"
    assert table["gap"].item() == 0


def test_what_was_not_run_says_why():
    table = compare(find("kdd-cup-2009")).table
    assert set(table["verdict"]) == {"not run"}
    assert table["why"].str.contains("hidden test rows").all()


def test_a_report_gives_the_same_bytes_and_the_hashes_of_them(tmp_path):
    declared, results = find("c50-rules"), stored("c50-rules")
    first = report(declared, results, tmp_path / "a")
    second = report(declared, results, tmp_path / "b")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    about = json.loads((tmp_path / "a" / "files.json").read_text())
    for name, sha in about["files"].items():
        assert hashlib.sha256((tmp_path / "a" / name).read_bytes()).hexdigest() == sha


def test_tables_survive_the_characters_of_their_language():
    import pandas as pd

    table = pd.DataFrame({"a|b": ["5 % & more_"], "n": [float("nan")]})
    assert r"a\|b" in as_text(table, "md")
    assert r"5 \% \& more\_ &  \\" in as_text(table, "tex")
    assert as_text(table, "csv") == "a|b,n\n5 % & more_,\n"


def test_ranks_need_several_data_sets():
    assert ranks(stored("c50-rules")) is None


def test_everything_on_the_shelf_is_listed():
    assert set(shelf().index) == set(experiments())


@pytest.fixture
def cli():
    return lambda *words: CliRunner().invoke(main, ["experiment", *words])


def test_the_command_line_lists_runs_compares_and_reports(cli, tmp_path):
    assert "c50-rules" in cli("list").output
    done = cli("run", "c50-rules", "--cache", f"{tmp_path}/c", "--to", f"{tmp_path}/r", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["cells"]["all"] == 6
    compared = cli("compare", "c50-rules", "--from", f"{tmp_path}/r", "--to", f"{tmp_path}/t.md")
    assert "12 reproduced" in compared.output
    assert (tmp_path / "t.md").read_text().startswith("| experiment | data |")
    written = cli("report", "c50-rules", "--to", f"{tmp_path}/paper")
    assert written.exit_code == 0, written.output
    assert (tmp_path / "paper" / "scores.tex").is_file()


MINE = '''
"""An experiment of a reader."""

import pandas as pd

from crmlib.experiments import Data, Experiment, KFold, Model, Part, Table


def customers():
    X = pd.DataFrame({"calls": range(40)})
    return Table(X, (X["calls"] % 7 > 3).rename("left"))


def tree():
    from crmlib.tree import WeightedID3Classifier

    return WeightedID3Classifier(max_depth=1)


EXPERIMENT = Experiment(
    "mine", "Mine", "Does it run?", data=(Data("forty", customers),),
    models=(Model("stump", tree),), protocol=KFold(folds=2), metrics=("AUC",),
    quick=Part(splits=1),
)
'''


def test_a_file_of_ones_own_runs_like_any_other(cli, tmp_path):
    file = tmp_path / "mine_of_a_reader.py"
    file.write_text(MINE)
    done = cli("run", str(file), "--quick", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["cells"]["all"] == 1
    file.write_text("X = 1\n")
    assert "declares no experiment" in cli("run", str(file)).output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run", "c5-rules"), "did you mean 'c50-rules'"),
        (("run", "not_there.py"), "no file not_there.py"),
        (("run", "c50-rules", "--quick"), "declares no quick part"),
        (("run", "kdd-cup-2009"), "kdd-cup-2009"),
        (("compare", "--from", "x"), "name it"),
        (("report", "kdd-cup-2009", "--to", "x"), "No results of kdd-cup-2009"),
    ],
)
def test_a_mistake_is_answered_with_what_to_do(cli, words, message, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CRMLIB_DATA", raising=False)
    monkeypatch.setenv("CRMLIB_CACHE", str(tmp_path))
    done = cli(*words)
    assert done.exit_code != 0
    assert message in done.output
    assert "Traceback" not in done.output
