"""How far judges agree beyond chance: Cohen's and Fleiss' kappa, Krippendorff's alpha, for answers without order.

Agreement is not truth: two judges can agree on the same error. All of them fall where one answer is rare, however good
the judges are (the paradox of Feinstein and Cicchetti 1990), so the observed agreement stands beside each. Where chance
alone already makes agreement certain, none is defined: None.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from am_studio.effects.intervals import LEVEL, clopper_pearson, normal_quantile
from am_studio.records import Interval


@dataclass(frozen=True, slots=True)
class AgreementBeyondChance:
    """A coefficient: 1 complete agreement, 0 as by chance."""

    value: float | None
    observed: float
    """Share of (pairs of) answers that agree."""
    by_chance: float
    """That share, were the answers independent."""
    n: int
    """Things judged that count."""
    interval: Interval | None = None


def cohen_kappa(table: Sequence[Sequence[int]], level: float = LEVEL) -> AgreementBeyondChance:
    """Two judges; `table[i][j]`: how many things the first called i and the second j.

    Cohen 1960, Educ. Psychol. Meas. 20:37; the interval has the standard error of Fleiss, Cohen and Everitt 1969, Psychol.
    Bull. 72:323, eq. 13, which is for large n. Where all agree that error is 0: the interval then is Clopper-Pearson's for
    the share that agrees, with chance as it is. ValueError for a table that is not square, empty, or negative.
    """
    size = len(table)
    n = sum(map(sum, table))
    if size < 2 or any(len(row) != size or min(row) < 0 for row in table) or not n:
        raise ValueError("a table of agreement is square, of 2 categories or more, and of counts that are not all 0")
    rows = [sum(row) / n for row in table]
    columns = [sum(row[j] for row in table) / n for j in range(size)]
    observed = sum(table[i][i] for i in range(size)) / n
    by_chance = sum(r * c for r, c in zip(rows, columns, strict=True))
    if by_chance >= 1:
        return AgreementBeyondChance(None, observed, by_chance, n)
    value = (observed - by_chance) / (1 - by_chance)
    if observed == 1:
        low = (clopper_pearson(n, n, level).low - by_chance) / (1 - by_chance)
        return AgreementBeyondChance(
            value, observed, by_chance, n, Interval(low, 1.0, "clopper-pearson of the agreement", level)
        )
    on = sum(table[i][i] / n * (1 - (rows[i] + columns[i]) * (1 - value)) ** 2 for i in range(size))
    off = sum(
        table[i][j] / n * (columns[i] + rows[j]) ** 2 for i in range(size) for j in range(size) if i != j
    )  # fmt: skip
    variance = on + (1 - value) ** 2 * off - (value - by_chance * (1 - value)) ** 2
    half = normal_quantile(level) * math.sqrt(max(variance, 0.0) / n) / (1 - by_chance)
    interval = Interval(max(value - half, -1.0), min(value + half, 1.0), "fleiss-cohen-everitt", level)
    return AgreementBeyondChance(value, observed, by_chance, n, interval)


def stratified_kappa(
    trials: Sequence[int], found: Sequence[Sequence[int]], level: float = LEVEL, seed: int = 0, draws: int = 10_000
) -> AgreementBeyondChance | None:
    """Cohen's kappa over all trials of a judge, from some of them that were drawn by its answer.

    `trials[i]`: how many trials the judge gave answer i; `found[i][j]`: how many of those drawn from them another rater
    called j. Each answer's findings stand for all of its trials (inverse sampling weights): the kappa of the drawn trials
    themselves is that of another prevalence. The interval is of Dirichlet draws (prior 1/2 for the first two answers and every other that occurs)
    and is widened to the value where that lies outside. None where an answer with trials has none drawn, or there are none.
    """
    used = [i for i, number in enumerate(trials) if number]
    size, total = len(trials), sum(trials)
    if not used or any(not sum(found[i]) for i in used):
        return None
    rows = [[trials[i] * share / sum(found[i]) if trials[i] else 0.0 for share in found[i]] for i in range(size)]
    value, observed, by_chance = _kappa_of(rows, total)
    n = sum(sum(found[i]) for i in used)
    if value is None:
        return AgreementBeyondChance(None, observed, by_chance, n)
    import numpy as np

    chance = np.random.default_rng(seed)
    columns = [j for j in range(size) if j < 2 or any(found[i][j] for i in used)]
    drawn = np.zeros((draws, size, size))
    for i in used:
        drawn[:, i, columns] = trials[i] / total * chance.dirichlet([found[i][j] + 0.5 for j in columns], draws)
    agreeing = np.trace(drawn, axis1=1, axis2=2)
    expected = (drawn.sum(axis=2) * drawn.sum(axis=1)).sum(axis=1)
    low, high = np.quantile((agreeing - expected) / (1 - expected), ((1 - level) / 2, (1 + level) / 2))
    interval = Interval(min(float(low), value), max(float(high), value), "dirichlet draws by stratum", level)
    return AgreementBeyondChance(value, observed, by_chance, n, interval)


def _kappa_of(table: Sequence[Sequence[float]], n: float) -> tuple[float | None, float, float]:
    """(kappa, observed agreement, agreement by chance) of a square table that sums to n."""
    size = len(table)
    observed = sum(table[i][i] for i in range(size)) / n
    by_chance = sum(sum(table[i]) * sum(row[i] for row in table) for i in range(size)) / n**2
    return ((observed - by_chance) / (1 - by_chance) if by_chance < 1 else None), observed, by_chance


def fleiss_kappa(counts: Sequence[Sequence[int]], level: float = LEVEL) -> AgreementBeyondChance:
    """The same number of judges for everything; `counts[i][j]`: how many of them called thing i by category j.

    Fleiss 1971, Psychol. Bull. 76:378; interval by the jackknife over things (Schouten 1986, Psychometrika 51:453).
    ValueError when the numbers of judges differ or are below 2.
    """
    judges = {sum(row) for row in counts}
    if len(judges) != 1 or min(judges) < 2:
        raise ValueError("Fleiss' kappa needs the same number of judges, 2 or more, for everything that is judged")
    whole = _fleiss(counts)
    if whole.value is None or len(counts) < 3:
        return whole
    left_out = [_fleiss([*counts[:i], *counts[i + 1 :]]).value for i in range(len(counts))]
    n = len(counts)
    pseudo = [n * whole.value - (n - 1) * value for value in left_out if value is not None]
    if len(pseudo) < n:
        return whole
    mean = sum(pseudo) / n
    half = normal_quantile(level) * math.sqrt(sum((value - mean) ** 2 for value in pseudo) / (n - 1) / n)
    if not half:
        return whole
    interval = Interval(max(whole.value - half, -1.0), min(whole.value + half, 1.0), "jackknife", level)
    return AgreementBeyondChance(whole.value, whole.observed, whole.by_chance, n, interval)


def _fleiss(counts: Sequence[Sequence[int]]) -> AgreementBeyondChance:
    n, judges = len(counts), sum(counts[0])
    observed = sum(sum(c * (c - 1) for c in row) for row in counts) / (n * judges * (judges - 1))
    shares = [sum(row[j] for row in counts) / (n * judges) for j in range(len(counts[0]))]
    by_chance = sum(share * share for share in shares)
    value = (observed - by_chance) / (1 - by_chance) if by_chance < 1 else None
    return AgreementBeyondChance(value, observed, by_chance, n)


def krippendorff_alpha(units: Sequence[Sequence[Hashable | None]]) -> AgreementBeyondChance:
    """Any number of judges for each thing; None where a judge gave no answer. Nominal categories.

    Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", section C, from the coincidences of pairs. Things
    with fewer than two answers say nothing and do not count. ValueError when nothing does.
    """
    paired = [Counter(answer for answer in unit if answer is not None) for unit in units]
    paired = [answers for answers in paired if answers.total() >= 2]
    values: Counter[Hashable] = Counter()
    agreeing = 0.0
    for answers in paired:
        values.update(answers)
        agreeing += sum(c * (c - 1) for c in answers.values()) / (answers.total() - 1)
    total = values.total()
    if not total:
        raise ValueError("nothing was judged twice")
    observed = agreeing / total
    by_chance = sum(c * (c - 1) for c in values.values()) / (total * (total - 1))
    value = (observed - by_chance) / (1 - by_chance) if by_chance < 1 else None
    return AgreementBeyondChance(value, observed, by_chance, len(paired))
