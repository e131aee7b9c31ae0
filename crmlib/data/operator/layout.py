"""Lay out what was recorded: the tables a CRM would hold and, apart, the truth."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmlib.data.operator import (
    funnel,
    intention,
    loss,
    market,
    population,
    regain,
    satisfaction,
    service,
    text,
)
from crmlib.data.operator.operator import Operator, Tables
from crmlib.data.operator.population import Customers
from crmlib.data.operator.record import Recorder, assemble, coded
from crmlib.data.operator.scenario import Scenario
from crmlib.data.operator.streams import Streams

STAGES = ("development", "growth", "maturity", "decline", "termination", "recovery")
CONTRACT_KINDS = ("new", "renewal", "return")


def lay_out(
    chosen: Scenario,
    streams: Streams,
    c: Customers,
    opening: int,
    months: int,
    records: list[Recorder],
) -> Operator:
    """Make the operator from what was recorded: the CRM's tables, and the truth apart."""
    categories = _categories()

    def frame(table: str) -> pd.DataFrame:
        return assemble(records, table, categories)

    truth = {
        "customers": _latent(c),
        "months": frame("truth.months"),
        "losses": _losses(frame("truth.losses")),
        "returns": _returns(c, months),
        "offers": frame("truth.offers"),
        "incidents": frame("truth.incidents"),
        "complaints": frame("truth.complaints"),
        "branches": frame("truth.branches"),
        "parameters": chosen.to_frame().reset_index().astype({"value": "str"}),
    }
    tables = {
        "customers": _crm_customers(c),
        "contracts": frame("contracts"),
        "months": frame("months"),
        "incidents": frame("incidents"),
        "surveys": frame("surveys"),
        "complaints": _complaints(streams, frame("complaints"), truth["complaints"]),
        "contacts": frame("contacts"),
        "promotions": frame("promotions"),
        "competitor_offers": frame("competitor_offers"),
        "leads": frame("leads"),
        "churn": _churn(streams, frame("churn"), c, months),
        "regain": _regain(frame("regain"), months),
        "staff": _staff(frame("staff"), frame("staff_left")),
        "branches": frame("branches"),
    }
    return Operator(
        Tables("CRM tables", tables), Tables("Truth", truth), chosen, opening, months, streams.seed
    )


def _crm_customers(c: Customers) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": np.arange(1, len(c) + 1, dtype=np.int32),
            "joined": c.joined,
            "region": coded(c.region, population.REGIONS),
            "branch_id": (c.branch + 1).astype(np.int16),
            "desk": (c.desk + 1).astype(np.int32),
            "age": c.age.astype(np.int16),
            "source": coded(c.source, funnel.SOURCES),
            "gender": coded(c.gender, population.GENDERS),
            "income": coded(c.income, population.INCOMES),
            "language": coded(c.chinese, text.LANGUAGES),
        }
    )


def _latent(c: Customers) -> pd.DataFrame:
    names = ("price_sensitivity", "quality_sensitivity", "novelty", "inertia")
    return pd.DataFrame(
        {
            "customer_id": np.arange(1, len(c) + 1, dtype=np.int32),
            "segment": coded(c.segment, population.SEGMENTS),
            **{name: getattr(c, name) for name in names},
            "demand_gb": c.demand_gb,
            "demand_minutes": c.demand_minutes,
            "withdrawal": c.withdrawal,
        }
    )


def _losses(frame: pd.DataFrame) -> pd.DataFrame:
    causes = loss.loss_causes()
    codes = frame["cause"].cat.codes.to_numpy()
    for typology in causes.columns.drop(["english", "chinese"]):
        names, inverse = np.unique(causes[typology].to_numpy(dtype=str), return_inverse=True)
        shift = int(names[0] == "")  # a cause outside a typology has no class there
        frame[typology] = coded(inverse[codes] - shift, names[shift:].tolist())
    return frame


def _returns(c: Customers, months: int) -> pd.DataFrame:
    who = np.flatnonzero((c.returns > 0) & (c.returns <= months))
    return pd.DataFrame(
        {
            "customer_id": c.id[who],
            "month": c.returns[who],
            "tenure": (c.ends[who] - c.returns[who] + 1).astype(np.int16),
            "hazard": c.second_hazard[who],
        }
    )


def _complaints(streams: Streams, frame: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    frame.insert(0, "complaint_id", np.arange(1, len(frame) + 1, dtype=np.int32))
    truth.insert(0, "complaint_id", frame["complaint_id"].to_numpy())
    texts = text.complaint_texts(
        streams.at("complaint texts"),
        service.INCIDENTS,
        truth["incident"].cat.codes.to_numpy(),
        truth["severity"].to_numpy(),
        frame["language"].cat.codes.to_numpy(),
    )
    frame["text"] = pd.array(texts, dtype="str")
    return frame


def _churn(streams: Streams, frame: pd.DataFrame, c: Customers, months: int) -> pd.DataFrame:
    """Keep what the CRM has noticed: accounts closed by the end, not reopened before."""
    who = frame["customer_id"].to_numpy() - 1
    back = np.where(frame["life"] == 1, c.returns[who], 0)
    noticed = (frame["month"] <= months) & ((back == 0) | (back > frame["month"]))
    reason = frame["stated_reason"].cat.codes.to_numpy()
    causes = list(frame["stated_reason"].cat.categories)
    language = c.chinese[who].astype(np.int8)
    words = text.remarks(streams.at("exit remarks"), causes, reason, language)
    frame["remark"] = pd.array(words, dtype="str")
    kept: pd.DataFrame = frame[noticed]
    return kept.sort_values(["month", "customer_id"], ignore_index=True)


def _regain(frame: pd.DataFrame, months: int) -> pd.DataFrame:
    """Show only returns that have happened by the end, and whether the window has closed."""
    month = frame["return_month"].to_numpy()
    seen = (month > 0) & (month <= months)
    frame["returned"] = seen
    frame["return_month"] = pd.array(np.where(seen, month, 0), dtype="Int16")
    frame.loc[~seen, "return_month"] = pd.NA
    frame["window_closed"] = frame["month"] + regain.WINDOW <= months
    frame["gift_cost"] = frame["gift_cost"].where(seen, np.float32(0))
    return frame


def _staff(frame: pd.DataFrame, left: pd.DataFrame) -> pd.DataFrame:
    both: pd.DataFrame = frame.merge(left, on="staff_id", how="left")
    return both.astype({"left": "Int16"})


def _categories() -> dict[str, tuple[str, ...]]:
    causes = tuple(loss.loss_causes().index)
    return {
        "region": population.REGIONS,
        "source": funnel.SOURCES,
        "competitor": market.COMPETITORS,
        "contract": population.CONTRACTS,
        "plan": population.PLANS,
        "kind": CONTRACT_KINDS,
        "incident": service.INCIDENTS,
        "category": service.INCIDENTS,
        "channel": service.CHANNELS,
        "response": service.RESPONSES,
        "topic": service.TOPICS,
        "language": text.LANGUAGES,
        "promotion": satisfaction.PROMOTIONS,
        "mode": satisfaction.MODES,
        "offer": regain.OFFERS,
        "contact": regain.CHANNELS,
        "stage": STAGES,
        "reason": tuple(intention.REASONS),
        "cause": causes,
        "stated_reason": causes,
    }
