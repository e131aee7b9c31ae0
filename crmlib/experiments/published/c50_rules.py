"""C5.0's rules on MLC++ churn: how many training customers each covers, and how many it misses."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pandas as pd

from crmlib.data import load
from crmlib.experiments.declare import Claim, Data, Experiment, Reading, Source

WORK = "Kuhn, M. and Quinlan, R., C50: C5.0 Decision Trees and Rule-Based Models (R package)"
RULEQUEST = Source(
    WORK,
    "help page of the churn data, which quotes the rules of RuleQuest's example",
    "read",
    "https://github.com/topepo/C5.0/blob/master/R/C5.0-package.R",
)
#: Later versions of the page show the rules that the R package itself prints, numbered anew.
PACKAGE = Source(
    WORK,
    "help page of the churn data in version 0.1.1",
    "read",
    "https://www.rdocumentation.org/packages/C50/versions/0.1.1/topics/churn",
)

Condition = Callable[[pd.DataFrame], "pd.Series[bool]"]


def _loyal_at_home(x: pd.DataFrame) -> pd.Series[bool]:
    return (
        (x["international_plan"] == "no")
        & (x["total_day_minutes"] <= 223.2)
        & (x["number_customer_service_calls"] <= 3)
    )


def _loyal_moderate(x: pd.DataFrame) -> pd.Series[bool]:
    return (
        (x["total_day_minutes"] <= 264.4)
        & (x["total_intl_minutes"] <= 13.1)
        & (x["total_intl_calls"] > 2)
        & (x["number_customer_service_calls"] <= 3)
    )


def _abroad_unused(x: pd.DataFrame) -> pd.Series[bool]:
    return (x["international_plan"] == "yes") & (x["total_intl_calls"] <= 2)


def _complaining(x: pd.DataFrame) -> pd.Series[bool]:
    return (x["total_day_minutes"] <= 120.5) & (x["number_customer_service_calls"] > 3)


def _expensive_evenings(x: pd.DataFrame) -> pd.Series[bool]:
    return (
        (x["international_plan"] == "no")
        & (x["voice_mail_plan"] == "no")
        & (x["total_day_minutes"] > 246.6)
        & (x["total_eve_charge"] > 20.5)
    )


def _long_days(x: pd.DataFrame) -> pd.Series[bool]:
    return x["total_day_minutes"] > 264.4


#: Condition, predicted class, the published number of customers and of errors, and the source.
RULES: dict[str, tuple[Condition, str, int, int, Source]] = {
    "Rule 1": (_loyal_at_home, "no", 2221, 60, RULEQUEST),
    "Rule 5": (_loyal_moderate, "no", 1972, 87, RULEQUEST),
    "Rule 10": (_abroad_unused, "yes", 60, 0, RULEQUEST),
    "Rule 12": (_complaining, "yes", 32, 0, RULEQUEST),
    "R's rule 5": (_expensive_evenings, "yes", 43, 2, PACKAGE),
    "R's rule 10": (_long_days, "yes", 211, 84, PACKAGE),
}


def training_rows() -> pd.DataFrame:
    """Return the 3,333 training rows of the published split."""
    loaded = load("mlc-churn")
    split = loaded.split
    assert split is not None
    return loaded.frame[split == "train"]


def counts(frame: pd.DataFrame, rule: str) -> dict[str, float]:
    """Return how many customers a rule covers, and how many of them it gets wrong."""
    condition, label, *_ = RULES[rule]
    covered = frame.loc[condition(frame), "churn"]
    return {"customers": len(covered), "errors": int((covered != label).sum())}


EXPERIMENT = Experiment(
    name="c50-rules",
    title="Rules C5.0 printed for MLC++ churn",
    question="Do our training rows give the published counts of each rule?",
    data=(Data("MLC++", training_rows),),
    readings=tuple(Reading(rule, partial(counts, rule=rule)) for rule in RULES),
    claims=tuple(
        Claim(measure, published, 0, source, rule)
        for rule, (_, _, customers, errors, source) in RULES.items()
        for measure, published in (("customers", customers), ("errors", errors))
    ),
    note="Counting by a printed rule needs no learner: it shows that the rows are the same.",
)
