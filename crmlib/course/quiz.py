"""Self-check questions that answer at once, on the site and in JupyterLab, without a script.

The questions of a page lie beside it in a TOML file. They are shown with plain radio buttons; a
style sheet of four rules shows the answer to the option chosen. So they work offline, by keyboard
and with a screen reader, and the page asks nothing of anyone.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from html import escape
from pathlib import Path

from crmlib._checks import listed


@dataclass(frozen=True)
class Option:
    """One answer: its text, whether it is right, and what to say when it is chosen."""

    text: str
    feedback: str
    right: bool = False


@dataclass(frozen=True)
class Question:
    """A question with at least two options, one of them right."""

    text: str
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Quiz:
    """Questions that show themselves in a notebook.

    Attributes
    ----------
    name : str
        Distinguishes the quiz from others on the same page.
    questions : tuple of Question
    """

    name: str
    questions: tuple[Question, ...]

    def __repr__(self) -> str:
        blocks = []
        for number, question in enumerate(self.questions, 1):
            options = [f"   ( ) {option.text}" for option in question.options]
            blocks.append("\n".join([f"{number}. {question.text}", *options]))
        return "\n\n".join(blocks)

    def _repr_html_(self) -> str:
        body = "".join(
            _question_html(f"{self.name}-{number}", number, question)
            for number, question in enumerate(self.questions, 1)
        )
        return f'<style>{_STYLE}</style><div class="crm-quiz">{body}</div>'


def quiz(path: Path | str) -> Quiz:
    """Read the questions in a TOML file.

    Each ``[[question]]`` has a ``text`` and two or more ``[[question.option]]``; an option has a
    ``text``, a ``feedback`` and, for the one right option, ``right = true``.

    Parameters
    ----------
    path : path
        The file, from the folder of the page.

    Returns
    -------
    Quiz

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is not such a list of questions; the message names the question.

    Examples
    --------
    >>> import tempfile
    >>> text = '''
    ... [[question]]
    ... text = "A leaky bucket loses customers faster when"
    ... [[question.option]]
    ... text = "the hole is larger"
    ... feedback = "Yes: the size of the hole is the churn rate."
    ... right = true
    ... [[question.option]]
    ... text = "more is poured in"
    ... feedback = "That fills it; the share that leaks stays the same."
    ... '''
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "bucket.toml"
    ...     _ = file.write_text(text)
    ...     print(quiz(file))
    1. A leaky bucket loses customers faster when
       ( ) the hole is larger
       ( ) more is poured in
    """
    path = Path(path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path} is not valid TOML: {error}") from None
    questions = tuple(
        _question(entry, f"{path}, question {number}")
        for number, entry in enumerate(content.get("question", []), 1)
    )
    if not questions:
        raise ValueError(f"{path} holds no [[question]].")
    return Quiz(path.stem.replace(".", "-"), questions)


def _question(entry: dict[str, object], where: str) -> Question:
    """Check one entry and return it as a Question."""
    _only(entry, {"text", "option"}, where)
    options = entry["option"]
    if not isinstance(options, list) or len(options) < 2:
        raise ValueError(f"{where} needs at least two [[question.option]].")
    for option in options:
        _only(option, {"text", "feedback"}, where, optional=frozenset({"right"}))
    right = sum(bool(option.get("right")) for option in options)
    if right != 1:
        raise ValueError(f"{where} needs exactly one option with right = true, found {right}.")
    return Question(str(entry["text"]), tuple(Option(**option) for option in options))


def _only(
    entry: dict[str, object],
    needed: set[str],
    where: str,
    optional: frozenset[str] = frozenset(),
) -> None:
    """Raise a ValueError unless `entry` has just the keys it may have."""
    if missing := needed - entry.keys():
        raise ValueError(f"{where} lacks {listed(sorted(missing))}.")
    if unknown := entry.keys() - needed - optional:
        raise ValueError(f"{where} has the unknown key {listed(sorted(unknown))}.")


def _question_html(name: str, number: int, question: Question) -> str:
    options = "".join(
        _option_html(f"{name}-{place}", name, option)
        for place, option in enumerate(question.options)
    )
    return f"<fieldset><legend>{number}. {_inline(question.text)}</legend>{options}</fieldset>"


def _option_html(ident: str, group: str, option: Option) -> str:
    verdict, mark = ("right", "✓ Right.") if option.right else ("wrong", "✗ Not quite.")
    return (
        f'<div><input type="radio" id="{ident}" name="{group}">'
        f'<label for="{ident}">{_inline(option.text)}</label>'
        f'<p class="{verdict}" role="status">'
        f"<strong>{mark}</strong> {_inline(option.feedback)}</p></div>"
    )


def _inline(text: str) -> str:
    """Escape `text`, and set what stands between backticks as code."""
    parts = escape(text, quote=False).split("`")
    return "".join(f"<code>{part}</code>" if at % 2 else part for at, part in enumerate(parts))


_STYLE = """
.crm-quiz fieldset{border:1px solid;border-radius:.4rem;margin:0 0 1rem;padding:.8rem 1rem .6rem}
.crm-quiz legend{float:left;width:100%;font-size:1em;font-weight:600;padding:0;margin:0 0 .4rem}
.crm-quiz legend~div{clear:both;display:grid;grid-template-columns:1.8rem 1fr;margin:.35rem 0}
.crm-quiz input{width:1.1rem;height:1.1rem;margin:.25rem 0 0}
.crm-quiz p{grid-column:2;margin:.3rem 0;padding-left:.8rem;border-left:.3rem solid}
.crm-quiz p.right{border-color:#009E73}
.crm-quiz p.wrong{border-color:#D55E00}
.crm-quiz input:not(:checked)~p{display:none}
"""
