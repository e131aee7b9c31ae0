"""Satisfaction, loyalty, churn: a path model of what customers answer, by partial least squares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlib import plots
from crmlib._checks import as_frame, listed, number, one_of, require_columns, whole
from crmlib._result import Result
from crmlib.churn import pls

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class PathModel(Result):
    """A path model of composites: what acts on what, how strongly, and how well it is measured.

    Attributes
    ----------
    effects : DataFrame
        Indexed by `cause` and `effect`, a row for every pair that is joined by paths: the
        standardized coefficient of the `direct` path (missing if there is none), the sum of all
        `indirect` ways, and their `total`. With a bootstrap also `low` and `high` of the total,
        and `direct_low` and `direct_high`.
    blocks : DataFrame
        Indexed by composite: `items`, `mode`, `r2` (missing without causes) and, in mode A, the
        reliabilities `alpha` (Cronbach), `rho_a` and `rho_c`, and `ave`, the average variance
        extracted.
    items : DataFrame
        Indexed by composite and item: `weight` and `loading`.
    correlations : DataFrame
        Of the composites.
    resamples : int
        Bootstrap samples that converged; 0 without a bootstrap.
    center, scale : Series
        Mean and standard deviation of each item, for `scores`.
    """

    effects: pd.DataFrame
    blocks: pd.DataFrame
    items: pd.DataFrame
    correlations: pd.DataFrame
    resamples: int
    center: pd.Series[float]
    scale: pd.Series[float]
    _title = "Path model: standardized effects"

    @property
    def paths(self) -> pd.Series[float]:
        """The direct paths alone, by cause and effect."""
        direct: pd.Series[float] = self.effects["direct"].dropna()
        return direct

    def to_frame(self) -> pd.DataFrame:
        """Return the effects, direct, indirect and total."""
        return self.effects

    def scores(self, items: pd.DataFrame) -> pd.DataFrame:
        """Return the composites of respondents, in standard deviations of the sample.

        Parameters
        ----------
        items : DataFrame
            The items the model was estimated on; other respondents will do.

        Returns
        -------
        DataFrame
            A column for each composite; missing where an item is.
        """
        require_columns(as_frame(items, "items"), self.center.index, "items")
        z = (items[self.center.index].astype(float) - self.center) / self.scale
        scored = {
            name: z[block.index.get_level_values("item")].to_numpy() @ block["weight"].to_numpy()
            for name, block in self.items.groupby("composite", sort=False)
        }
        return pd.DataFrame(scored, index=items.index)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the path diagram: a box for each composite, an arrow for each path.

        The boxes stand on an oval, causes first, clockwise from the left: no arrow then runs
        through a box.
        """
        import matplotlib.pyplot as plt

        ax = plt.subplots(figsize=(8, 5))[1] if ax is None else ax
        names = self.blocks.index
        arrows = np.array([[(a, b) in self.paths.index for b in names] for a in names])
        steps = pls.order(arrows, [str(name) for name in names])
        around = np.argsort(np.argsort(steps, kind="stable"))
        angles = np.pi - 2 * np.pi * around / len(names)
        place = dict(zip(names, np.column_stack([np.cos(angles), np.sin(angles)]), strict=True))
        box = {"boxstyle": "round", "facecolor": "white", "edgecolor": plots.PALETTE["gray"]}
        texts = {}
        for name, r2 in self.blocks["r2"].items():
            text = str(name) if pd.isna(r2) else f"{name}\n$R^2$ = {r2:.2f}"
            x, y = place[name]
            texts[name] = ax.text(x, y, text, ha="center", va="center", bbox=box, zorder=3)
        for cause, effect in self.paths.index:
            value = self.paths[cause, effect]
            color = plots.PALETTE["blue" if value >= 0 else "vermilion"]
            style = {"arrowstyle": "-|>", "color": color, "linewidth": 0.8 + 3 * min(abs(value), 1)}
            style |= {"patchA": texts[cause].get_bbox_patch(), "shrinkA": 0, "mutation_scale": 14}
            style |= {"patchB": texts[effect].get_bbox_patch(), "shrinkB": 2}
            ax.annotate("", xy=place[effect], xytext=place[cause], arrowprops=style, zorder=4)
            x, y = 0.62 * place[cause] + 0.38 * place[effect]
            white = {"facecolor": "white", "edgecolor": "none", "pad": 1}
            ax.text(x, y, f"{value:.2f}", ha="center", va="center", zorder=5, bbox=white)
        ax.set(xlim=(-1.3, 1.3), ylim=(-1.25, 1.25))
        ax.set_axis_off()
        return ax


def path_model(
    items: pd.DataFrame,
    blocks: Mapping[str, Sequence[str]],
    paths: Sequence[tuple[str, str]],
    *,
    mode: str | Mapping[str, str] = "A",
    scheme: str = "path",
    resamples: int = 0,
    confidence: float = 0.95,
    random_state: int | None = None,
) -> PathModel:
    """Estimate a path model by partial least squares (PLS-PM, Wold).

    Parameters
    ----------
    items : DataFrame
        A column of numbers for each item, a row for each respondent, none missing. Whether
        somebody left may be an item too: its paths are then those of a linear probability.
    blocks : mapping of str to sequence of str
        The items of each composite; every item stands in one block.
    paths : sequence of (cause, effect)
        Pairs of composites; no circle.
    mode : {'A', 'B'} or mapping
        A: the composite shows itself in its items, which are weighted by correlation. B: the
        items make it up and are weighted by regression. For all, or by composite.
    scheme : {'path', 'factor', 'centroid'}
        Inner weights; the differences are small.
    resamples : int
        Bootstrap samples of respondents for the intervals; 0 for none.
    confidence : float
        Level of the percentile intervals.
    random_state : int, optional
        Seed of the bootstrap.

    Returns
    -------
    PathModel

    Raises
    ------
    ValueError
        Missing or constant items, an item in two blocks, an unknown composite, one without a
        path, a circle of paths, or more than a tenth of the bootstrap samples without a solution.

    Notes
    -----
    Composites are weighted sums of standardized items. They hold the errors of their items, so a
    path is drawn toward 0 when blocks are measured badly; see the reliabilities. Tenenhaus,
    Esposito Vinzi, Chatelin and Lauro (2005); reliabilities: Cronbach (1951), Dijkstra and
    Henseler (2015), Fornell and Larcker (1981).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> satisfaction = rng.normal(size=400)
    >>> loyalty = 0.6 * satisfaction + 0.8 * rng.normal(size=400)
    >>> items = pd.DataFrame({"s1": satisfaction, "s2": satisfaction + rng.normal(size=400),
    ...                       "l1": loyalty})
    >>> model = path_model(items, {"satisfaction": ["s1", "s2"], "loyalty": ["l1"]},
    ...                    [("satisfaction", "loyalty")])
    >>> model.paths.round(2).to_dict()
    {('satisfaction', 'loyalty'): 0.61}
    """
    one_of(scheme, pls.SCHEMES, "scheme")
    number(confidence, "confidence", 0, 1, open_low=True, open_high=True)
    whole(resamples, "resamples", 0)
    names, columns = list(blocks), [item for block in blocks.values() for item in block]
    modes = {name: mode if isinstance(mode, str) else mode.get(name, "A") for name in names}
    for name, letter in modes.items():
        one_of(letter, "AB", f"mode of {name!r}")
    data = _complete(items, columns)
    member = np.array([[item in blocks[name] for name in names] for item in columns])
    arrows = _arrows(names, paths)
    steps = pls.order(arrows, names)
    formative = np.array([modes[name] == "B" for name in names])
    values = data.to_numpy()
    fit = pls.estimate(pls.correlate(values), member, arrows, formative, scheme)

    total = pls.total_effects(fit.paths)
    reach = pls.total_effects(arrows.astype(float)) > 0
    first = sorted(range(len(names)), key=lambda j: (steps[j], j))
    pairs = [(i, j) for i in first for j in first if reach[i, j]]
    rows, to = np.array(pairs).T
    direct = np.where(arrows, fit.paths, np.nan)[rows, to]
    table = pd.DataFrame(
        {
            "direct": direct,
            "indirect": total[rows, to] - np.nan_to_num(direct),
            "total": total[rows, to],
        },
        index=pd.MultiIndex.from_tuples(
            [(names[i], names[j]) for i, j in pairs], names=["cause", "effect"]
        ),
    )
    if resamples:
        drawn = _bootstrap(values, member, arrows, formative, scheme, resamples, random_state)
        tails = [(1 - confidence) / 2, (1 + confidence) / 2]
        resamples = len(drawn)
        sums = np.array([pls.total_effects(b) for b in drawn])
        table["low"], table["high"] = np.quantile(sums[:, rows, to], tails, axis=0)
        ends = np.quantile(drawn[:, rows, to], tails, axis=0)
        table["direct_low"], table["direct_high"] = np.where(arrows[rows, to], ends, np.nan)
    return PathModel(
        table,
        _describe(fit, values, member, names, modes),
        _weights(fit, member, names, columns),
        pd.DataFrame(fit.composites, pd.Index(names), pd.Index(names)),
        resamples,
        data.mean(),
        data.std(),
    )


def _complete(items: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    require_columns(as_frame(items, "items"), columns, "items")
    twice = {item for item in columns if list(columns).count(item) > 1}
    if twice:
        raise ValueError(f"blocks names items more than once: {listed(sorted(twice))}.")
    data = items[list(columns)].astype(float)
    gaps = data.isna().sum()
    if gaps.any():
        raise ValueError(
            f"items has missing answers in {listed(gaps.index[gaps > 0])}: drop those rows, or "
            "fill the gaps with the mean of the item (items.fillna(items.mean()))."
        )
    if len(data) < 3:
        raise ValueError(f"items needs at least 3 respondents, got {len(data)}.")
    constant = data.columns[data.std() == 0]
    if len(constant):
        raise ValueError(f"items has constant columns: {listed(constant)}.")
    return data


def _arrows(names: Sequence[str], paths: Sequence[tuple[str, str]]) -> pls.Bools:
    arrows = np.zeros((len(names), len(names)), bool)
    for cause, effect in paths:
        one_of(cause, names, "the cause of a path")
        one_of(effect, names, "the effect of a path")
        arrows[names.index(cause), names.index(effect)] = True
    used = [bool(arrows[:, j].any() or arrows[j].any()) for j in range(len(names))]
    idle = [name for name, joined in zip(names, used, strict=True) if not joined]
    if idle:
        raise ValueError(f"paths joins nothing to {listed(idle)}.")
    return arrows


def _bootstrap(
    values: pls.Floats,
    member: pls.Bools,
    arrows: pls.Bools,
    formative: pls.Bools,
    scheme: str,
    resamples: int,
    random_state: int | None,
) -> pls.Floats:
    rng = np.random.default_rng(random_state)
    drawn = []
    for _ in range(resamples):
        rows = rng.integers(len(values), size=len(values))
        sample = values[rows]
        if (sample.std(axis=0) == 0).any():  # a constant item correlates with nothing
            continue
        try:
            r = pls.correlate(sample)
            drawn.append(pls.estimate(r, member, arrows, formative, scheme).paths)
        except (ArithmeticError, np.linalg.LinAlgError):
            continue
    if len(drawn) < 0.9 * resamples:
        raise ValueError(
            f"Only {len(drawn)} of {resamples} bootstrap samples have a solution: there are too "
            "few respondents for this model."
        )
    return np.array(drawn)


def _describe(
    fit: pls.Fit,
    values: pls.Floats,
    member: pls.Bools,
    names: Sequence[str],
    modes: Mapping[str, str],
) -> pd.DataFrame:
    r = pls.correlate(values)
    rows = {}
    for j, name in enumerate(names):
        block = member[:, j]
        loadings = fit.loadings[block, j]
        own = r[np.ix_(block, block)]
        # Reliability asks how well items agree; items of mode B need not agree at all.
        agree = modes[name] == "A"
        rows[name] = {
            "items": int(block.sum()),
            "mode": modes[name],
            "r2": fit.r2[j],
            "alpha": pls.cronbach_alpha(own) if agree else np.nan,
            "rho_a": pls.rho_a(own, fit.weights[block, j]) if agree else np.nan,
            "rho_c": pls.composite_reliability(loadings) if agree else np.nan,
            "ave": float((loadings**2).mean()) if agree else np.nan,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("composite")


def _weights(
    fit: pls.Fit, member: pls.Bools, names: Sequence[str], columns: Sequence[str]
) -> pd.DataFrame:
    item, composite = np.nonzero(member)
    keys = [(names[int(j)], columns[int(i)]) for i, j in zip(item, composite, strict=True)]
    return pd.DataFrame(
        {"weight": fit.weights[item, composite], "loading": fit.loadings[item, composite]},
        index=pd.MultiIndex.from_tuples(keys, names=["composite", "item"]),
    )
