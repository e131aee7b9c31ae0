"""Small expressions over the columns of a table, as an indicator file may write them.

Only names of columns, numbers, texts, arithmetic, comparisons, and/or/not, ``in`` and the two
functions ``missing`` and ``known`` are understood. Nothing is handed to Python's own `eval`, so
that a configuration file from a stranger can describe an indicator and do nothing else.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmlib._checks import listed, require_columns

_BINARY: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_FUNCTIONS: dict[str, Callable[[Any], Any]] = {"missing": pd.isna, "known": pd.notna}


def parse(text: str, name: str) -> ast.expr:
    """Return the syntax tree of an expression after checking that every part is allowed.

    Raises
    ------
    ValueError
        The text is no expression, or uses what is not understood; the message quotes it.

    Examples
    --------
    >>> parse("bill - cost", "value")  # doctest: +ELLIPSIS
    <ast.BinOp object at ...>
    >>> parse("open('x')", "value")
    Traceback (most recent call last):
    ...
    ValueError: value: "open('x')" calls 'open'; only 'missing', 'known' can be called.
    """
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise ValueError(f'{name}: "{text}" is no expression ({error.msg}).') from None
    allowed = (
        *(ast.BinOp, ast.Compare, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.USub, ast.Not),
        *(ast.Name, ast.Load, ast.Constant, ast.Call, ast.List, ast.Tuple, ast.In),
        *_BINARY,
    )
    for node in ast.walk(tree):
        if not isinstance(node, allowed):
            raise ValueError(f'{name}: "{text}" uses {type(node).__name__}, not understood here.')
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called not in _FUNCTIONS or len(node.args) != 1 or node.keywords:
                raise ValueError(
                    f'{name}: "{text}" calls {called!r}; only {listed(_FUNCTIONS)} can be called.'
                )
        if isinstance(node, ast.Compare) and len(node.ops) > 1:
            raise ValueError(f'{name}: "{text}" chains comparisons; join them with `and`.')
    return tree


def columns_of(text: str, name: str) -> list[str]:
    """Return the columns an expression reads, in the order of appearance.

    Examples
    --------
    >>> columns_of("month + (day + days_to_answer) // 30", "month")
    ['month', 'day', 'days_to_answer']
    """
    nodes = [n for n in ast.walk(parse(text, name)) if isinstance(n, ast.Name)]
    nodes.sort(key=lambda node: (node.lineno, node.col_offset))
    return list(dict.fromkeys(n.id for n in nodes if n.id not in _FUNCTIONS))


def evaluate(text: str, frame: pd.DataFrame, name: str) -> NDArray[np.float64]:
    """Return the value of an expression for every row; truth counts 1, the missing is NaN.

    Parameters
    ----------
    text : str
        The expression.
    frame : DataFrame
        The table whose columns it names.
    name : str
        What the expression is for, for messages.

    Returns
    -------
    array of float, one entry a row

    Raises
    ------
    ValueError
        A column is missing, or the result is no number.

    Examples
    --------
    >>> table = pd.DataFrame({"topic": ["bill", "bill", None], "wait": [1.0, 4.0, 9.0]})
    >>> evaluate("topic == 'bill' and wait > 2", table, "slow").tolist()
    [0.0, 1.0, 0.0]
    """
    require_columns(frame, columns_of(text, name), name)
    result = _value(parse(text, name), frame)
    if not isinstance(result, pd.Series):
        result = pd.Series(result, index=frame.index)
    try:
        return result.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        raise ValueError(f'{name}: "{text}" gives {result.dtype}, not a number.') from None


def _value(node: ast.expr, frame: pd.DataFrame) -> Any:
    match node:
        case ast.Constant():
            return node.value
        case ast.Name():
            return frame[node.id]
        case ast.List() | ast.Tuple():
            return [_value(item, frame) for item in node.elts]
        case ast.Call():
            return _FUNCTIONS[ast.unparse(node.func)](_value(node.args[0], frame))
        case ast.UnaryOp():
            inner = _value(node.operand, frame)
            return _true(inner, frame).eq(False) if isinstance(node.op, ast.Not) else -inner
        case ast.BinOp():
            return _BINARY[type(node.op)](_value(node.left, frame), _value(node.right, frame))
        case ast.BoolOp():
            parts = [_true(_value(part, frame), frame) for part in node.values]  # noqa: PD011
            join = operator.and_ if isinstance(node.op, ast.And) else operator.or_
            result = parts[0]
            for part in parts[1:]:
                result = join(result, part)
            return result
        case ast.Compare():
            left, right = _value(node.left, frame), _value(node.comparators[0], frame)
            if isinstance(node.ops[0], ast.In):
                return pd.Series(left, index=frame.index).isin(right)
            return _BINARY[type(node.ops[0])](left, right)
    raise AssertionError(f"parse let {type(node).__name__} through")


def _true(values: Any, frame: pd.DataFrame) -> pd.Series:
    """Return truth values; what is missing is not true."""
    column = pd.Series(values, index=frame.index)
    return column.astype("boolean").fillna(False).astype(bool)
