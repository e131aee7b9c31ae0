"""How good is a split: entropies, gains and scores, as pure functions of class counts.

Notation: n_vk is the count of class k in branch v of an attribute, n_v, n_k and n its sums,
p_k = n_k / n, w_k the weight of class k. Logarithms are to base 2, so everything is in bits.

Two ways to weigh classes are well-posed, and both are ID3 at unit weights. *Reweighted counts*
put w_k n_vk for n_vk everywhere; an integer weight is then the same as repeated rows. *Weighted
entropy* (Belis & Guiasu 1968; Guiasu 1971) keeps the counts and weighs the terms of the entropy,
H_w = - sum_k w_k p_k log p_k; its gain, with unweighted branch shares, is
sum_k w_k p_k KL(P(v | k) || P(v)) and so never negative. Mixing the two, weighted entropy with
reweighted shares or the reverse, can give negative gains and is not offered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

#: Below this a gain is rounding, not information.
TINY = 1e-12


def xlogx(x: Floats) -> Floats:
    """Return x log2(x), 0 where x is 0.

    Examples
    --------
    >>> xlogx(np.array([0.0, 0.5, 2.0]))
    array([ 0. , -0.5,  2. ])
    """
    logs = np.log2(x, out=np.zeros_like(x), where=x > 0)
    return np.asarray(x * logs)


def entropy(counts: npt.ArrayLike, class_weight: npt.ArrayLike | None = None) -> float:
    """Return the (weighted) entropy of class counts, in bits.

    Parameters
    ----------
    counts : array of shape (n_classes,)
        Weight of each class, not negative.
    class_weight : array of shape (n_classes,), optional
        w_k of Guiasu's H_w = - sum_k w_k p_k log2 p_k; one by default (Shannon's entropy).

    Returns
    -------
    float
        Bits; 0 if there is nothing to count.

    Examples
    --------
    >>> round(entropy([9, 5]), 3)
    0.94
    >>> round(entropy([0.427, 0.573], class_weight=[3, 1]), 3)  # not largest at one half
    2.033
    """
    n = np.asarray(counts, dtype=np.float64)
    if (total := n.sum()) == 0:
        return 0.0
    w = np.ones_like(n) if class_weight is None else np.asarray(class_weight, dtype=np.float64)
    return float((w * -xlogx(n / total)).sum()) + 0.0  # 0, not the -0 of a pure group


def information_gain(table: npt.ArrayLike, class_weight: npt.ArrayLike | None = None) -> float:
    """Return what an attribute tells about the class: H_w(S) - sum_v (n_v/n) H_w(S_v), in bits.

    Parameters
    ----------
    table : array of shape (n_branches, n_classes)
        Class counts of each branch.
    class_weight : array of shape (n_classes,), optional
        Guiasu's weights. For reweighted counts, multiply the table instead.

    Returns
    -------
    float
        Bits; 0 if there is nothing to count.

    Examples
    --------
    Outlook in Quinlan's weather data (Quinlan 1986): sunny, overcast, rain by yes, no.

    >>> round(information_gain([[2, 3], [4, 0], [3, 2]]), 3)
    0.247
    """
    n = np.asarray(table, dtype=np.float64)
    total = n.sum()
    if total == 0:
        return 0.0
    after = sum(row.sum() / total * entropy(row, class_weight) for row in n)
    return entropy(n.sum(axis=0), class_weight) - float(after)


def split_information(branches: npt.ArrayLike) -> float:
    """Return the entropy of the branch shares, by which gain ratio divides (Quinlan 1986).

    Parameters
    ----------
    branches : array of shape (n_branches,)
        Weight that goes down each branch, not negative.

    Returns
    -------
    float
        Bits; 0 if everything goes down one branch.

    Examples
    --------
    >>> round(split_information([5, 4, 5]), 3)
    1.577
    """
    return entropy(branches)


@dataclass(frozen=True)
class SplitSums:
    """What all scores are made of, for many nodes and attributes at once.

    Parameters
    ----------
    gain : array of shape (n_nodes, n_attributes)
        Information gain in bits.
    split_info : array of the same shape
        Entropy of the branch shares in bits.
    impurity : array of the same shape
        Entropy before the split, of the rows whose value is known.
    branch_entropy : array of the same shape
        Sum of the branches' entropies, large or small; only where it was asked for.
    """

    gain: Floats
    split_info: Floats
    impurity: Floats
    branch_entropy: Floats


def split_sums(
    counts: Floats,
    offsets: Ints,
    class_weight: Floats,
    missing: Ints | None = None,
    *,
    branch_entropy: bool = False,
) -> SplitSums:
    """Return gain and split information of every attribute at every node.

    Parameters
    ----------
    counts : array of shape (n_nodes, n_slots, n_classes)
        Attribute a owns the slots ``offsets[a]`` to ``offsets[a + 1]``.
    offsets : array of shape (n_attributes + 1,)
    class_weight : array of shape (n_classes,)
        Guiasu's weights; ones for Shannon's entropy.
    missing : array of slots, optional
        Slots of missing values that are no branch of their own: the gain is that of the known
        rows times their share, and the split information counts the missing as one more branch
        (Quinlan 1993).
    branch_entropy : bool
        Whether to sum the branches' entropies too.

    Examples
    --------
    >>> outlook = np.array([[[2.0, 3.0], [4.0, 0.0], [3.0, 2.0]]])
    >>> split_sums(outlook, np.array([0, 3]), np.ones(2)).gain.round(3)
    array([[0.247]])
    """
    first = offsets[:-1]
    known = counts
    if missing is not None and len(missing):
        known = counts.copy()
        known[:, missing] = 0.0
        by_class = np.add.reduceat(known, first, axis=1)
    else:
        by_class = known[:, : offsets[1]].sum(axis=1, keepdims=True)
    total = by_class.sum(axis=2)
    before = (by_class @ class_weight) * np.log2(np.maximum(total, 1e-300))
    before -= xlogx(by_class) @ class_weight
    shape = (len(counts), len(first))
    branch = known.sum(axis=2)
    logs = np.log2(branch, out=np.zeros_like(branch), where=branch > 0)
    left = (known @ class_weight) * logs - xlogx(known) @ class_weight
    after = np.add.reduceat(left, first, axis=1)
    shares = np.add.reduceat(branch * logs, first, axis=1)
    safe = np.maximum(total, 1e-300)
    gain = (before - after) / safe
    if known is counts:
        split_info = np.log2(safe) - shares / safe
    else:
        whole = counts[:, : offsets[1]].sum(axis=(1, 2))[:, None]
        gain *= total / whole
        split_info = np.log2(whole) - (shares + xlogx(whole - total)) / whole
    apart = np.zeros(shape)
    if branch_entropy:
        np.add.reduceat(left / np.maximum(branch, 1e-300), first, axis=1, out=apart)
    return SplitSums(gain, split_info, np.broadcast_to(before / safe, shape), apart)


def chi_square(counts: Floats, offsets: Ints) -> tuple[Floats, Floats]:
    """Return Pearson's chi-square of every attribute against the class, and its p-value.

    Degrees of freedom count only branches and classes that occur (Quinlan 1986).

    Parameters
    ----------
    counts : array of shape (n_nodes, n_slots, n_classes)
        Unweighted class counts.
    offsets : array of shape (n_attributes + 1,)
        Attribute a owns the slots ``offsets[a]`` to ``offsets[a + 1]``, one for each branch.

    Returns
    -------
    statistic : array of shape (n_nodes, n_attributes)
        Pearson's chi-square.
    p : array of shape (n_nodes, n_attributes)
        Its p-value; 1 where only one branch or one class occurs.

    Examples
    --------
    >>> outlook = np.array([[[2.0, 3.0], [4.0, 0.0], [3.0, 2.0]]])
    >>> statistic, p = chi_square(outlook, np.array([0, 3]))
    >>> round(float(statistic[0, 0]), 3), round(float(p[0, 0]), 3)
    (3.547, 0.17)
    """
    from scipy.stats import chi2

    by_class = counts[:, : offsets[1]].sum(axis=1)
    total = by_class.sum(axis=1)
    branch = counts.sum(axis=2, keepdims=True)
    expected = branch * (by_class / np.maximum(total, 1e-300)[:, None])[:, None, :]
    gaps = np.divide(
        (counts - expected) ** 2, expected, out=np.zeros_like(counts), where=expected > 0
    )
    statistic = np.add.reduceat(gaps.sum(axis=2), offsets[:-1], axis=1)
    branches = np.add.reduceat(branch[:, :, 0] > 0, offsets[:-1], axis=1, dtype=np.intp)
    freedom = (branches - 1) * ((by_class > 0).sum(axis=1) - 1)[:, None]
    p = np.where(freedom > 0, chi2.sf(statistic, np.maximum(freedom, 1)), 1.0)
    return statistic, p


@dataclass(frozen=True)
class Weights:
    """What a score may weigh attributes by; arrays of shape (n_attributes,)."""

    attribute: Floats
    cost: Floats
    cost_exponent: float = 1.0


def gain_score(sums: SplitSums, weights: Weights) -> Floats:
    """Score of ID3: information gain, times the attribute's weight (Quinlan 1986)."""
    return sums.gain * weights.attribute


def gain_ratio_score(sums: SplitSums, weights: Weights) -> Floats:
    """Gain over split information, among attributes of at least average gain (Quinlan 1993).

    The average is over the attributes that gain anything. Splitting on many values costs split
    information, which takes away plain gain's liking for them.
    """
    gains = np.where(sums.gain > TINY, sums.gain, 0.0)
    average = gains.sum(axis=1) / np.maximum((gains > 0).sum(axis=1), 1)
    ratio = np.divide(
        gains, sums.split_info, out=np.zeros_like(gains), where=sums.split_info > TINY
    )
    enough = sums.gain >= average[:, None] * (1 - 1e-9)
    return np.where(enough, ratio * weights.attribute, 0.0)


def eg2_score(sums: SplitSums, weights: Weights) -> Floats:
    """EG2, (2^gain - 1) / (cost + 1)^omega (Nunez 1991; Turney 1995, section 3.2).

    At omega = 0 the cost is ignored and the choice is that of plain gain.
    """
    return np.asarray(
        (np.exp2(sums.gain) - 1) / (weights.cost + 1) ** weights.cost_exponent * weights.attribute
    )


def cs_id3_score(sums: SplitSums, weights: Weights) -> Floats:
    """CS-ID3, gain^2 / cost (Tan & Schlimmer 1990; named by Turney 1995, section 3.3).

    The formula is as course notes quote it from the paper; the paper itself was not seen.
    """
    return np.asarray(sums.gain**2 / weights.cost * weights.attribute)


def idx_score(sums: SplitSums, weights: Weights) -> Floats:
    """IDX, gain / cost (Norton 1989; named by Turney 1995, section 3.4).

    Unverified: no text that gives Norton's formula was found.
    """
    return np.asarray(sums.gain / weights.cost * weights.attribute)


def historical_lambda_score(sums: SplitSums, weights: Weights) -> Floats:
    """I - lambda E, the attribute's weight on what is left after the split. For study only.

    An irrelevant attribute gets I (1 - lambda): negative for lambda > 1, and a gain out of
    nothing for lambda < 1. Stopping still looks at the plain gain.
    """
    return np.asarray(sums.impurity - weights.attribute * (sums.impurity - sums.gain))


def historical_interest_score(sums: SplitSums, weights: Weights) -> Floats:
    """I - sum_v (n_v/n + alpha) H(S_v), the attribute's weight as alpha. For study only.

    The part with alpha ignores how large a branch is, and an irrelevant attribute scores below
    zero. Stopping still looks at the plain gain.
    """
    return np.asarray(sums.gain - weights.attribute * sums.branch_entropy)


@dataclass(frozen=True)
class Criterion:
    """A way to choose the split: how nodes are measured, and how attributes are scored.

    Parameters
    ----------
    score : callable
        Turns `SplitSums` and `Weights` into scores, the larger the better.
    guiasu : bool
        Whether class weights weigh the entropy's terms; otherwise they reweight the counts.
    needs_cost : bool
        Whether attributes must have positive costs.
    default_weight : float
        Weight of an attribute that was given none.
    """

    score: Callable[[SplitSums, Weights], Floats]
    guiasu: bool = False
    needs_cost: bool = False
    default_weight: float = 1.0


CRITERIA = {
    "gain": Criterion(gain_score),
    "gain_ratio": Criterion(gain_ratio_score),
    "weighted_entropy": Criterion(gain_score, guiasu=True),
    "weighted_entropy_ratio": Criterion(gain_ratio_score, guiasu=True),
    "eg2": Criterion(eg2_score),
    "cs_id3": Criterion(cs_id3_score, needs_cost=True),
    "idx": Criterion(idx_score, needs_cost=True),
    "historical_lambda": Criterion(historical_lambda_score),
    "historical_interest": Criterion(historical_interest_score, default_weight=0.0),
}
