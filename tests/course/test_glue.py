"""A glued number reaches the prose as it was given, and is not shown where it was computed."""

import ast

import pytest

from crmlib.course import glue

display = pytest.importorskip("IPython.display")


@pytest.fixture
def shown(monkeypatch):
    calls = []
    monkeypatch.setattr(display, "display", lambda data, **kwargs: calls.append((data, kwargs)))
    return calls


@pytest.mark.parametrize(
    ("value", "quoted"), [("26.5%", "26.5%"), (3, "3"), ("don't", "don't"), ("", "")]
)
def test_each_value_is_kept_under_its_name(shown, value, quoted):
    glue(rate=value)
    ((data, kwargs),) = shown
    assert kwargs["metadata"]["scrapbook"]["name"] == "rate"
    ((kind, text),) = data.items()
    assert kind.startswith(kwargs["metadata"]["scrapbook"]["mime_prefix"])
    assert ast.literal_eval(text) == quoted


def test_no_front_end_shows_it(shown):
    glue(a=1, b=2)
    assert len(shown) == 2
    assert not any(kind.startswith("text/") for data, _ in shown for kind in data)
