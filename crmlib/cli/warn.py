"""`crmlib warn`: from a folder of tables to signals in the hands of the departments."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import click

THRESHOLDS = ("capacity", "cost", "history", "control-chart")
MODELS = ("logistic", "boosting", "tree", "network", "index", "rules")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--month", help="Month to judge: a number or 2024-05. The latest by default.")
@click.option("--indicators", type=click.Path(path_type=Path), help="Indicator system (TOML).")
@click.option("--routes", type=click.Path(path_type=Path), help="Departments, deadlines (TOML).")
@click.option(
    "--model",
    type=click.Choice(MODELS),
    default="logistic",
    show_default=True,
    help="What the risk comes from.",
)
@click.option(
    "--threshold",
    type=click.Choice(THRESHOLDS),
    default="capacity",
    show_default=True,
    help="When there is an alarm.",
)
@click.option(
    "--capacity",
    type=click.IntRange(min=0),
    help="Alarms a month at most: 500 for capacity, unlimited for control-chart.",
)
@click.option("--quantile", default=0.95, show_default=True, help="Share without alarm (history).")
@click.option(
    "--chart", default="bill", show_default=True, help="Column of `months` the chart watches."
)
@click.option("--contact", default=5.0, show_default=True, help="Cost of a contact, money.")
@click.option("--offer", default=0.0, show_default=True, help="Cost of the offer, money.")
@click.option("--success", default=0.3, show_default=True, help="Share of leavers kept, 0 to 1.")
@click.option(
    "--values",
    type=click.Path(path_type=Path),
    help="CSV with the customer and `value`, money; else the margin of --value-months.",
)
@click.option("--value-months", default=24, show_default=True, help="Months the margin counts.")
@click.option("--horizon", default=3, show_default=True, help="Months ahead a loss counts.")
@click.option("--quiet", default=3, show_default=True, help="Months without a second alarm.")
@click.option("--backtest", default=0, metavar="MONTHS", help="Look back on so many months too.")
@click.option(
    "--to", type=click.Path(path_type=Path), help="Where to write; FOLDER/warnings by default."
)
@click.option("--json", "as_json", is_flag=True, help="Print a summary a script can read.")
def warn(folder: Path, to: Path | None, as_json: bool, **options: Any) -> None:
    """Warn of customers about to leave, from the tables in FOLDER.

    FOLDER holds a CSV or Parquet file a table, as `Operator.write` makes them: `months` (one row
    a customer and month) and `churn` are needed; customers, contracts, surveys, incidents,
    complaints, contacts, promotions and competitor_offers are used where they are there.

    \b
    Which model?
      logistic   a smooth risk; a good first choice
      boosting   finds interactions if there are many losses to learn from
      tree       rules one can read and argue about
      network    a Bayesian network; bears gaps in the records
      index      the weights of the indicator system, no learning but the scale
      rules      the alarm values of experience that are reached

    \b
    Which threshold?
      capacity       as many as can be called: those with the largest expected profit
      cost           everybody whose contact is expected to earn more than it costs
      history        risks that only a small share of the past reached
      control-chart  who falls below the band of the own habit (EWMA), whatever the risk

    \b
    Written:
      signals-MONTH.csv   who, how grave, why, which department, until when
      cases.sqlite        the case log; running a month again doubles nothing

    \b
    Examples:
      crmlib warn crm/
      crmlib warn crm/ --month 24 --threshold cost --contact 8 --offer 30
      crmlib warn crm/ --model tree --threshold control-chart --chart minutes
      crmlib warn crm/ --backtest 6
    """  # noqa: D301 - click wants the character
    try:
        summary = _run(folder, folder / "warnings" if to is None else to, options, quiet=as_json)
    except (ValueError, TypeError, OSError, ImportError) as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(json.dumps(summary, default=str))


def _run(folder: Path, to: Path, o: dict[str, Any], *, quiet: bool) -> dict[str, Any]:
    from crmlib.early_warning import (
        CaseLog,
        EarlyWarning,
        Economics,
        IndicatorSystem,
        RouteBook,
        model_of,
    )
    from crmlib.early_warning.folder import read_folder
    from crmlib.early_warning.panel import lay_grid

    start = time.perf_counter()

    def say(text: str = "") -> None:
        click.echo(text, err=quiet)

    def step(text: str) -> None:
        click.echo(f"[{time.perf_counter() - start:5.1f} s] {text}", err=True)

    path = o["indicators"]
    system = IndicatorSystem.builtin() if path is None else IndicatorSystem.read(path)
    routes = RouteBook.builtin() if o["routes"] is None else RouteBook.read(o["routes"])
    economics = Economics(o["contact"], o["offer"], o["success"])
    threshold = _threshold(o, economics)

    step(f"Reading {folder}")
    charted = {o["chart"]} if o["threshold"] == "control-chart" else set()
    tables = read_folder(folder, system, lambda text: click.echo(text, err=True), also=charted)
    system, missing = system.fitting(tables)
    for name, reason in missing.items():
        click.echo(f"  without the indicator {name}: {reason}", err=True)
    value = _values(o["values"], system.base.customer)
    month = _month(o["month"]) if o["month"] else lay_grid(system.base, tables).last
    warning = EarlyWarning(
        system,
        model=model_of(o["model"], system),
        threshold=threshold,
        routes=routes,
        economics=economics,
        value="margin" if value is None else value,
        **{key: o[key] for key in ("value_months", "horizon", "quiet")},
    )

    step(f"Learning from what was known in month {month}")
    warning.fit(tables, month)
    step(f"Judging month {month}")
    scored = warning.score(tables, month)
    to.mkdir(parents=True, exist_ok=True)
    with CaseLog(to / "cases.sqlite") as log:
        signals = warning.signals(scored, log.recent(month, o["quiet"]))
        logged = log.record(signals)
    file = to / f"signals-{month}.csv"
    part = file.with_name(file.name + ".part")
    signals.frame.to_csv(part, index=False)
    part.replace(file)
    step("Done")

    moved = warning.drift(scored).table
    moved = moved[moved["verdict"] == "shifted"]
    say(f"\n{signals._title}; {len(scored):,} customers judged.\n")
    say(signals.summary().to_string() if len(signals.frame) else "No alarm.")
    say(
        f"\nCase log: {logged.opened} opened, {logged.repeated} noted on open cases, "
        f"{logged.known} known from an earlier run.\nWritten: {file} and {to / 'cases.sqlite'}"
    )
    if len(moved):
        say(f"Shifted since it learned (PSI above 0.25): {', '.join(map(str, moved.index))}.")
    summary = {
        "month": month,
        "model": o["model"],
        "threshold": o["threshold"],
        "customers": len(scored),
        "signals": len(signals.frame),
        "severity": signals.frame["severity"].value_counts().to_dict(),
        "department": signals.frame["department"].value_counts().to_dict(),
        "opened": logged.opened,
        "repeated": logged.repeated,
        "known": logged.known,
        "shifted": moved["psi"].round(3).to_dict(),
        "file": str(file),
        "log": str(to / "cases.sqlite"),
        "seconds": round(time.perf_counter() - start, 1),
    }
    if o["backtest"]:
        step(f"Looking back on {o['backtest']} months")
        table = _look_back(warning, tables, o["backtest"])
        say(f"\n{table}")
        summary["backtest"] = table.to_frame().to_dict("index")
    return summary


def _threshold(o: dict[str, Any], economics: Any) -> Any:
    from crmlib.early_warning import Capacity, ControlChart, Cost, History

    if o["threshold"] == "history":
        return History(o["quantile"])
    if o["threshold"] == "cost":
        return Cost(economics)
    if o["threshold"] == "control-chart":
        return ControlChart(o["chart"], cases=o["capacity"])
    return Capacity(500 if o["capacity"] is None else o["capacity"], economics)


def _look_back(warning: Any, tables: Any, months: int) -> Any:
    from crmlib.early_warning.labels import notice_delay
    from crmlib.early_warning.panel import lay_grid

    base = warning.system_.base
    last = lay_grid(base, tables).last - warning.horizon - notice_delay(base, tables)
    return warning.backtest(tables, range(last - months + 1, last + 1), progress=True)


def _month(text: str) -> int:
    import pandas as pd

    from crmlib.early_warning.panel import month_numbers

    return int(text) if text.isdigit() else int(month_numbers(pd.Series([text]), "--month")[0])


def _values(path: Path | None, customer: str) -> Any:
    """Return the values by customer, or None."""
    if path is None:
        return None
    import pandas as pd

    from crmlib._checks import require_columns

    frame = pd.read_csv(path)
    require_columns(frame, [customer, "value"], path.name)
    twice = frame[customer].duplicated()
    if twice.any():
        raise ValueError(f"{path.name} holds {twice.sum()} customers more than once.")
    return frame.set_index(customer)["value"]
