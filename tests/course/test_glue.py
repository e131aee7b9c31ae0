"""A glued number reaches the prose as it was given."""

import ast

import pytest

from crmlib.course import glue

display = pytest.importorskip("IPython.display")


@pytest.fixture
def shown(monkeypatch):
    calls = []
    monkeypatch.setattr(display, "display", lambda data, **kwargs: calls.append((data, kwargs)))
    monkeypatch.setattr("IPython.core.getipython.get_ipython", object)
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


def test_it_is_printed_too_for_a_front_end_that_fills_in_nothing(shown, capsys):
    glue(a=1, b="2%")
    assert capsys.readouterr().out == "a = 1\nb = 2%\n"
    assert len(shown) == 2


def test_outside_a_notebook_it_only_prints(capsys):
    glue(a=1)
    assert capsys.readouterr().out == "a = 1\n"
