"""One operator for all tests of the room, with its truth; figures are closed after each test."""

import pytest

from crmlib.data import simulate


@pytest.fixture(scope="session")
def op():
    return simulate(customers=20_000, months=24, random_state=7)


@pytest.fixture(scope="session")
def sorted_complaints(op):
    """The first 1,500 complaints with what they are really about and how grave they are."""
    truth = op.truth.complaints[["complaint_id", "incident", "severity"]]
    frame = op.complaints.merge(truth, on="complaint_id").head(1_500)
    grades = frame["severity"].map({1: "minor", 2: "serious", 3: "critical"})
    return frame.assign(severity=grades).astype({"category": str, "incident": str})


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


@pytest.fixture(scope="session")
def comcast():
    """The tickets as published and as the data room repairs them, where the file is at hand."""
    return _real("comcast-tickets"), _real("comcast-tickets", repair=True)


@pytest.fixture(scope="session")
def bank_calls():
    """Calls to a bank in five-minute intervals, where the file is at hand."""
    return _real("bank-calls")


def _real(name, **options):
    from crmlib.data import load, registry
    from crmlib.data.sources import nearest

    if nearest(registry.entry(name)) in {"download", "bring your own"}:
        pytest.skip(f"{name}: neither CRMLIB_DATA nor an installed package has its file")
    return load(name, **options).frame


@pytest.fixture(scope="session")
def all_registered():
    """An operator that files every complaint, so that the file holds all that was said."""
    everything = {"complaints": {"registered": 1.0}}
    return simulate(customers=30_000, months=24, random_state=11, scenario=everything)
