"""`crmlib experiment`: published results again, and experiments of your own."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import click

from crmlib.cli._shared import messages

_FOLDER = click.Path(file_okay=False, path_type=Path)
_FROM = partial(click.option, "--from", "source", type=_FOLDER)


@click.group()
def experiment() -> None:
    r"""Run experiments again, or your own, and set them beside what was published.

    \b
    Examples:
      crmlib experiment list
      crmlib experiment run interpretml-telco --cache runs/ --to results/telco
      crmlib experiment run my_experiment.py --quick --jobs 2 --to results/mine
      crmlib experiment compare interpretml-telco --from results/telco --to table.tex
      crmlib experiment report weighted-entropy --to paper/
      crmlib experiment export --check
    """


@experiment.command("list")
@click.option("--csv", is_flag=True, help="Write comma-separated values, for a script.")
def listing(csv: bool) -> None:
    """List the experiments that come with crmlib: data, models, published numbers, results."""
    from crmlib.experiments import shelf

    table = shelf()
    click.echo(table.to_csv() if csv else table.drop(columns="data").to_string())


@experiment.command()
@click.argument("name")
@click.option("--quick", is_flag=True, help="Only the part the experiment declares as quick.")
@click.option("--data", multiple=True, help="Only this data set; may be repeated.")
@click.option("--model", multiple=True, help="Only this model; may be repeated.")
@click.option("--splits", type=click.IntRange(min=1), help="Only so many of the splits.")
@click.option("--jobs", default=1, show_default=True, help="Processes; -1 for one a core.")
@click.option(
    "--cache",
    type=_FOLDER,
    help="Folder that keeps every finished cell: after a crash or a change, only the rest is run.",
)
@click.option(
    "--to",
    type=_FOLDER,
    help="Folder for numbers (Parquet), cells (CSV) and the manifest (JSON).",
)
@click.option("--json", "as_json", is_flag=True, help="Print the manifest, for a script.")
def run(name: str, cache: Path | None, to: Path | None, as_json: bool, **options: Any) -> None:
    """Run NAME, an experiment from the list or a Python file that declares EXPERIMENT."""
    from crmlib.experiments import Part, find
    from crmlib.experiments import run as run_experiment

    with messages():
        declared = find(name)
        part = declared.quick if options["quick"] else None
        if options["quick"] and part is None:
            raise ValueError(f"{declared.name} declares no quick part.")
        if options["data"] or options["model"] or options["splits"]:
            part = Part(options["data"] or None, options["model"] or None, options["splits"])
        try:
            results = run_experiment(declared, cache, part=part, jobs=options["jobs"])
        except RuntimeError as error:  # a model failed; cells that were done are kept
            raise click.ClickException(str(error)) from None
        if to is not None:
            results.write(to)
    for what, why in results.manifest["left out"].items():
        click.echo(f"Left out: {what} ({why})", err=True)
    warned = int((results.cells["warned"] != "").sum())
    if warned:
        click.echo(f"{warned} cells warned; the column `warned` of cells.csv says why.", err=True)
    click.echo(json.dumps(results.manifest, indent=1) if as_json else results)
    if to is not None:
        click.echo(f"Written to {to}", err=True)


@experiment.command()
@click.argument("names", nargs=-1)
@_FROM(help="Results of `run --to`, for a single NAME; else those kept with crmlib.")
@click.option(
    "--to",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the table there: .md, .tex or .csv.",
)
def compare(names: tuple[str, ...], source: Path | None, to: Path | None) -> None:
    """Set published numbers beside ours: gap, tolerance, verdict. Without NAMES, all there are."""
    from crmlib.experiments import compare as side_by_side
    from crmlib.experiments import experiments, find, save_table

    with messages():
        if source is not None and len(names) != 1:
            raise ValueError("--from takes the results of one experiment: name it.")
        declared = [find(name) for name in names] or list(experiments().values())
        table = side_by_side((one, _results(one.name, source)) for one in declared)
        if to is not None:
            save_table(table.table, to)
    click.echo(table.to_frame().to_string(index=False))
    click.echo("\n" + ", ".join(f"{n} {verdict}" for verdict, n in table.verdicts.items()))


@experiment.command()
@click.argument("name")
@_FROM(help="Results of `run --to`; else those kept with crmlib.")
@click.option(
    "--to",
    type=_FOLDER,
    required=True,
    help="Folder for tables (.md, .tex, .csv), figures (.svg, .pdf) and their hashes.",
)
def report(name: str, source: Path | None, to: Path) -> None:
    """Write every table and figure of NAME's results, as a paper needs them."""
    from crmlib.experiments import find
    from crmlib.experiments import report as write

    with messages():
        declared = find(name)
        results = _results(declared.name, source)
        if results is None:
            raise ValueError(f"No results of {declared.name} are kept: run it and give --from.")
        written = write(declared, results, to)
    for path in written:
        click.echo(path)


@experiment.command()
@click.argument("pages", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--to", type=_FOLDER, help="Folder for every table (.csv, .md, .tex) and figure (.svg, .pdf)."
)
@click.option("--check", is_flag=True, help="Fail if anything is not what the manifest says.")
@click.option("--update", is_flag=True, help="Write the manifest: after a change you meant.")
def export(pages: tuple[Path, ...], to: Path | None, check: bool, update: bool) -> None:
    r"""Run PAGES (all research pages) and write what they show, or check it.

    The manifest book/research/exhibits.json has the hash of every table, figure and printed number.

    \b
    Examples:
      crmlib experiment export --check
      crmlib experiment export book/research/published-rerun.md --to exhibits/
      crmlib experiment export book/research/published-rerun.md --update
    """
    from crmlib.course import find_root
    from crmlib.experiments import exhibits as show

    if not (to or check or update):
        raise click.UsageError("Say what to do: --to FOLDER, --check or --update.")
    with messages():
        root = find_root()
        place = root / "book" / "research" / show.MANIFEST
        chosen = [page.resolve() for page in pages] or sorted(place.parent.glob("*.md"))
        try:
            shown = {page.relative_to(root).as_posix(): show.exhibits(page) for page in chosen}
        except RuntimeError as error:  # a cell failed
            raise click.ClickException(str(error)) from None
    if to is not None:
        for path in (path for page in shown.values() for one in page for path in one.write(to)):
            click.echo(path)
    found, committed = show.manifest(shown), show.read(place)
    theirs, others = show.split(committed, shown)
    if check:
        wrong = show.differences(found, theirs if pages else committed)
        if wrong:
            meant = "If you meant it: crmlib experiment export --update"
            raise click.ClickException("\n".join([*wrong, meant]))
        click.echo(f"{len(found['exhibits'])} exhibits are what {show.MANIFEST} says.")
    if update:
        found["exhibits"] |= others["exhibits"] if pages else {}
        show.write(place, found)
        click.echo(f"Written to {place}")


def _results(name: str, source: Path | None) -> Any:
    """Return the results in a folder, or those kept with crmlib; None if there are none."""
    from crmlib.experiments import Results, stored

    if source is not None:
        return Results.read(source)
    try:
        return stored(name)
    except FileNotFoundError:
        return None
