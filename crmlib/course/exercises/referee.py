"""Judging a submission from outside: the tests run here, the student's code runs elsewhere.

A test is ordinary code that uses the student's names. Each such name is fetched from the sandbox
as plain data when the test asks for it; a function or a fitted model is called there and its
result fetched. So nothing a submission does to Python, NumPy or the notebook reaches a test.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import importlib
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from crmlib.course.exercises.sandbox import Sandbox, SandboxError
from crmlib.course.exercises.source import HIDDEN
from crmlib.course.exercises.wire import WireError, pack, unpack

#: Seconds one cell of tests may take.
TEST_SECONDS = 90


@dataclass(frozen=True)
class Verdict:
    """How one cell of tests ended.

    Attributes
    ----------
    cell : str
    points : float
        The most it gives.
    score : float
        What it gave.
    message : str
        Why not all; empty when all. Says nothing that a hidden test computed.
    hidden : bool
        Whether a hidden test decided.
    """

    cell: str
    points: float
    score: float
    message: str = ""
    hidden: bool = False


class Missing(Exception):
    """The submission has no such name."""


class Far:
    """Something of the submission's that is no plain value: fetch its parts, or call it.

    Comparing or computing with it fails, whatever methods it has over there.
    """

    def __init__(self, ask: Callable[[dict[str, Any]], Any], number: int, kind: str) -> None:
        object.__setattr__(self, "_far", (ask, number, kind))

    @property  # type: ignore[misc]
    def __class__(self) -> type:  # so that isinstance works with classes of libraries
        return _library_class(object.__getattribute__(self, "_far")[2]) or Far

    def __getattr__(self, name: str) -> Any:
        ask, number, _ = object.__getattribute__(self, "_far")
        if name.startswith("__"):
            raise AttributeError(name)
        return ask({"op": "attribute", "handle": number, "name": name})

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Have the student's object called where it lives."""
        ask, number, _ = object.__getattribute__(self, "_far")
        packed = {"args": pack(args, _number), "kwargs": pack(kwargs, _number)}
        return ask({"op": "call", "handle": number, **packed})

    def __repr__(self) -> str:
        return f"<{object.__getattribute__(self, '_far')[2]}>"

    def _refuse(self, *_others: Any) -> NoReturn:
        kind = object.__getattribute__(self, "_far")[2]
        raise AssertionError(f"a plain value was expected, this is a {kind}")

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __len__ = __iter__ = __contains__ = __getitem__ = __bool__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _refuse
    __truediv__ = __rtruediv__ = __float__ = __int__ = __abs__ = __round__ = _refuse
    __hash__ = None  # type: ignore[assignment]


def _number(value: Any) -> int:
    if type(value) is Far:
        return int(object.__getattribute__(value, "_far")[1])
    raise WireError(f"a test cannot send a {type(value).__name__} to the submission")


def _library_class(kind: str) -> type | None:
    """Return the class of that name if a library of ours has it; never one of the submission's."""
    module, _, name = kind.rpartition(".")
    if module.split(".")[0] not in ("crmlib", "sklearn", "matplotlib", "lifelines", "statsmodels"):
        return None
    with contextlib.suppress(ImportError, AttributeError, ValueError):
        found = getattr(importlib.import_module(module), name)
        return found if isinstance(found, type) else None
    return None


class Names(dict[str, Any]):
    """The names a test sees: the set-up's from the reference, all others from the submission."""

    def __init__(self, known: dict[str, Any], ask: Callable[[dict[str, Any]], Any]) -> None:
        super().__init__(known)
        self._ask = ask

    def __missing__(self, name: str) -> Any:
        if hasattr(builtins, name):
            raise KeyError(name)
        return self._ask({"op": "name", "name": name})


def judge(
    sandbox: Sandbox, copy: int, cell: Any, known: dict[str, Any], reference: dict[str, Any]
) -> Verdict:
    """Run one cell of tests against one kept moment of a submission.

    Parameters
    ----------
    sandbox : Sandbox
    copy : int
        The moment, from `Sandbox.freeze`.
    cell : NotebookNode
        The tests, from the assignment's source, never from the submission.
    known : dict
        Names the set-up defines.
    reference : dict
        The solution's names, for ``expected``.

    Returns
    -------
    Verdict
    """
    name, points = cell.metadata["nbgrader"]["grade_id"], float(cell.metadata["nbgrader"]["points"])

    def ask(question: dict[str, Any]) -> Any:
        reply = sandbox.ask(copy, question)
        if "error" in reply:
            _raise_as_there(question, reply["error"])
        return unpack(reply.get("value"), lambda number, kind: Far(ask, number, kind))

    names = Names(known, ask)
    hidden = _hidden_lines(cell.source)
    statement: ast.stmt | None = None
    try:
        with _alarm(TEST_SECONDS), expecting(reference):
            value = None
            for statement in ast.parse(cell.source).body:
                value = _execute(statement, names)
    except SandboxError as error:
        return Verdict(name, points, 0.0, f"The notebook {error.reason}.")
    except BaseException as error:  # a failed test, whatever made it fail
        if isinstance(error, KeyboardInterrupt):
            raise
        secret = statement is not None and statement.lineno in hidden
        return Verdict(name, points, 0.0, _reason(error, cell.source, secret=secret), secret)
    share = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    score = points if share is None else min(max(share, 0.0), points)
    return Verdict(name, points, score, "" if score == points else "Partly right.")


def _execute(statement: ast.stmt, names: Names) -> Any:
    if isinstance(statement, ast.Expr):
        return eval(compile(ast.Expression(statement.value), "<tests>", "eval"), names)
    exec(compile(ast.Module([statement], []), "<tests>", "exec"), names)
    return None


def _hidden_lines(source: str) -> set[int]:
    lines, inside = set(), False
    for number, line in enumerate(source.splitlines(), 1):
        inside = (inside or HIDDEN[0] in line) and HIDDEN[1] not in line
        if inside:
            lines.add(number)
    return lines


def _reason(error: BaseException, tests: str, *, secret: bool) -> str:
    if secret:  # only what the author wrote, nothing that was computed
        return _written_message(error, tests) or "A test that you cannot see fails."
    if isinstance(error, Missing):
        return str(error)
    if isinstance(error, AssertionError):
        return str(error)[:500] or "A test fails."
    return f"{type(error).__name__}: {str(error)[:500]}"


def _written_message(error: BaseException, tests: str) -> str:
    """Return the fixed text of the assertion that failed, if it has one."""
    frames = traceback.extract_tb(error.__traceback__)
    line = next((one.lineno for one in reversed(frames) if one.filename == "<tests>"), None)
    for node in ast.walk(ast.parse(tests)):
        if isinstance(node, ast.Assert) and line is not None:
            within = node.lineno <= line <= (node.end_lineno or node.lineno)
            if within and isinstance(node.msg, ast.Constant):
                return str(node.msg.value)
    return ""


def _raise_as_there(question: dict[str, Any], error: Any) -> NoReturn:
    """Raise here what was raised there, if it is one of Python's own exceptions."""
    error = error if isinstance(error, dict) else {}
    kind, message = str(error.get("name", ""))[:100], str(error.get("message", ""))[:500]
    if question["op"] == "name" and kind == "KeyError":
        raise Missing(f"There is no `{question['name']}`: has its cell run without an error?")
    cls = getattr(builtins, kind, None)
    if isinstance(cls, type) and issubclass(cls, Exception) and cls is not AssertionError:
        with contextlib.suppress(TypeError):
            raise cls(message)
    raise RuntimeError(f"{kind}: {message}")


@contextlib.contextmanager
def expecting(reference: dict[str, Any]) -> Iterator[None]:
    """Let ``expected(name)`` return the reference solution's value inside the block."""
    global _REFERENCE  # noqa: PLW0603 - one grading at a time in a process
    _REFERENCE = reference
    try:
        yield
    finally:
        _REFERENCE = None


_REFERENCE: dict[str, Any] | None = None


def expected(name: str) -> Any:
    """Return what the solution has under `name`, for the data the student was given.

    For hidden tests. In the author's notebook the solution's own value is returned.

    Parameters
    ----------
    name : str
        A name the solution binds.

    Returns
    -------
    object

    Raises
    ------
    NameError
        If the solution has no such name.

    Examples
    --------
    >>> with expecting({"rate": 0.27}):
    ...     expected("rate")
    0.27
    """
    names = _REFERENCE if _REFERENCE is not None else vars(sys.modules["__main__"])
    if name not in names:
        raise NameError(f"the solution has no {name!r}")
    return names[name]


@contextlib.contextmanager
def _alarm(seconds: int) -> Iterator[None]:
    def stop(_signum: int, _frame: Any) -> None:
        raise TimeoutError(f"the tests took more than {seconds} seconds")

    try:
        before = signal.signal(signal.SIGALRM, stop)
    except ValueError:  # not in the main thread: the sandbox's own limits hold
        yield
        return
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
